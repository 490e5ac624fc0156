-- Accounts, and the one counter that numbers their changes.

CREATE TABLE account (
    id         uuid PRIMARY KEY,
    email      text NOT NULL CHECK (char_length(email) <= 254),
    email_key  text NOT NULL UNIQUE,                  -- the e-mail in lower case: unique whatever the case
    name       text NOT NULL CHECK (char_length(name) <= 200),
    role       text NOT NULL CHECK (role IN ('admin', 'user')),
    active     boolean NOT NULL DEFAULT true,
    digest     text,                                  -- argon2id, or no password
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version    bigint NOT NULL UNIQUE
);
CREATE INDEX account_page ON account (created_at, id);

-- A row and not a sequence: its lock puts changes in one order, so that a version is never seen before a lower one.
CREATE TABLE account_counter (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);
INSERT INTO account_counter (version) VALUES (0);

-- include outbox
