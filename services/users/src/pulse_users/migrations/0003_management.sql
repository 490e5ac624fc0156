-- Accounts that administrators manage: tombstones, one-time links, mail, and limits that a restart keeps.

-- Deleting keeps the row with its version and nothing of the person: the e-mail may be used again.
ALTER TABLE account ALTER COLUMN email DROP NOT NULL;
ALTER TABLE account ALTER COLUMN email_key DROP NOT NULL;
ALTER TABLE account ADD COLUMN deleted_at timestamptz;
ALTER TABLE account ADD CONSTRAINT account_tombstone CHECK (
    CASE WHEN deleted_at IS NULL THEN email IS NOT NULL AND email_key IS NOT NULL
         ELSE email IS NULL AND email_key IS NULL AND digest IS NULL AND name = '' AND NOT active END
);

-- The name as it is searched and sorted: folded by the program, so that no server's locale decides.
ALTER TABLE account ADD COLUMN name_key text NOT NULL DEFAULT '';
UPDATE account SET name_key = lower(name);
ALTER TABLE account ALTER COLUMN name_key DROP DEFAULT;

DROP INDEX account_page;
CREATE INDEX account_all ON account (created_at, id);                     -- replays, tombstones included
CREATE INDEX account_by_created ON account (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX account_by_updated ON account (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX account_by_name ON account ((name_key COLLATE "C"), id) WHERE deleted_at IS NULL;
CREATE INDEX account_by_email ON account ((email_key COLLATE "C"), id) WHERE deleted_at IS NULL;

-- One-time links to set a password. Only hashes: the table opens no account. A link that was used is gone.
CREATE TABLE password_link (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    account_id uuid NOT NULL REFERENCES account,
    kind       text NOT NULL CHECK (kind IN ('invitation', 'reset')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_link_account ON password_link (account_id);
CREATE INDEX password_link_expires ON password_link (expires_at);

-- Mail that waits for the mail server, sealed, for it holds links. Taking one moves `due_at` on; sending deletes it.
CREATE TABLE mail (
    id         uuid PRIMARY KEY,
    sealed     text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    attempts   integer NOT NULL DEFAULT 0
);
CREATE INDEX mail_due ON mail (due_at);

-- "I forgot my password", for whatever e-mail: worked through later, so that asking takes as long for every e-mail.
CREATE TABLE reset_request (
    id         bigserial PRIMARY KEY,
    email      text NOT NULL CHECK (char_length(email) <= 254),
    address    text,
    request_id text,
    at         timestamptz NOT NULL
);

-- Wrong passwords in a row, by hash of the account.
-- include backoff

-- Limits that outlive the process: the generic cell rate algorithm needs one instant for each key.
-- include rate_limit
