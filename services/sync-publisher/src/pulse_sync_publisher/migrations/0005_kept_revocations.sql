-- expand
-- users has this version as active, because its database was restored and has forgotten the revocation. The account stays revoked
-- until an administrator enables it again.
ALTER TABLE account ADD COLUMN is_kept boolean NOT NULL DEFAULT false;
