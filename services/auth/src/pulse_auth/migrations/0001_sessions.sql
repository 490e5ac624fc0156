-- auth's own copy of the accounts, and the sessions, refresh tokens and failures that are auth's alone.

CREATE TABLE account (
    id        uuid PRIMARY KEY,
    version   bigint NOT NULL,
    email     text NOT NULL,
    email_key text NOT NULL,                          -- not unique: two accounts may swap e-mails, and events come apart
    name      text NOT NULL,
    role      text NOT NULL CHECK (role IN ('admin', 'user')),
    active    boolean NOT NULL,
    digest    text                                    -- argon2id within our bounds, or no password
);
CREATE INDEX account_email ON account (email_key, version DESC);

CREATE TABLE session (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account,
    remember   boolean NOT NULL,
    created    timestamptz NOT NULL,
    ends       timestamptz NOT NULL,
    revoked    timestamptz
);
CREATE INDEX session_live ON session (account_id) WHERE revoked IS NULL;
CREATE INDEX session_ends ON session (ends);

-- Only hashes: the table opens no session. One row per token ever given, so that reuse is recognised.
CREATE TABLE refresh_token (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
    parent     bytea UNIQUE,
    idle_ends  timestamptz NOT NULL,
    used       timestamptz
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);

-- By hash of the e-mail, known or not: the wait must not tell which accounts exist.
-- include backoff

-- What an administrator wants to see afterwards. Append-only but for the sweep.
CREATE TABLE audit (
    id         bigserial PRIMARY KEY,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    account_id uuid,
    session_id uuid
);

-- include outbox
