-- The argon2id string for offline sign-in at collectors, with its own salt. NULL for a password that was set before this
-- column existed, until auth makes a verifier at the next sign-in. It goes with its account.
ALTER TABLE account ADD COLUMN verifier text;
ALTER TABLE account DROP CONSTRAINT account_tombstone;
ALTER TABLE account ADD CONSTRAINT account_tombstone CHECK (
    CASE WHEN deleted_at IS NULL THEN email IS NOT NULL AND email_key IS NOT NULL
         ELSE email IS NULL AND email_key IS NULL AND digest IS NULL AND verifier IS NULL AND name = '' AND NOT active END
);
