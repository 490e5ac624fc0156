-- expand
-- Links with which anybody reads one shared dashboard without an account. token_hash: SHA-256 of the token, which is
-- stored nowhere. created_by, revoked_by: ids of accounts.
CREATE TABLE share_link (
    id              uuid PRIMARY KEY,
    object_id       uuid NOT NULL REFERENCES saved_object ON DELETE CASCADE,
    token_hash      bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL,
    created_by_name text NOT NULL,
    expires_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    revoked_by      text
);
CREATE INDEX share_link_object ON share_link (object_id, created_at);
