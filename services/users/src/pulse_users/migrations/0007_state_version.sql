-- expand
-- The version of the change that last decided whether the account may sign in: creation, disabling, enabling, deletion. Only a
-- newer decision lifts a revocation that auth and sync-publisher hold. 0: unknown, which lifts nothing.
ALTER TABLE account ADD COLUMN state_version bigint NOT NULL DEFAULT 0;
UPDATE account SET state_version = version;
