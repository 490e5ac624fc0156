-- Collectors: who they are, how they were enrolled, who may sign in there, and what the broker should know of them.

CREATE TABLE collector (
    id         text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,32}$'),
    version    bigint NOT NULL DEFAULT 1,             -- of the whole row: the ETag
    name       text NOT NULL,
    site       text NOT NULL DEFAULT '',
    tags       text[] NOT NULL DEFAULT '{}',
    state      text NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled', 'lost', 'deleted')),
    gen        bigint NOT NULL DEFAULT 0,             -- generation of its keys; 0: never enrolled
    public_key bytea CHECK (octet_length(public_key) = 32),
    seal_key   text,                                  -- sealed with the key-encryption key; gone when lost or deleted
    created    timestamptz NOT NULL,
    enrolled   timestamptz
);
CREATE INDEX collector_site ON collector (site) WHERE state <> 'deleted';

-- id: a hash of the code; key: what its MAC is checked with, sealed. Used, replaced or expired codes are deleted.
CREATE TABLE enrolment_code (
    id           bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    collector_id text NOT NULL UNIQUE REFERENCES collector,
    key          text NOT NULL,
    ends         timestamptz NOT NULL
);

-- subject: 'account:<uuid>' or 'role:<role>'. A denial wins over a permission.
CREATE TABLE collector_access (
    collector_id text NOT NULL REFERENCES collector,
    subject      text NOT NULL,
    is_allowed   boolean NOT NULL,
    PRIMARY KEY (collector_id, subject)
);
CREATE INDEX collector_access_subject ON collector_access (subject);

-- What the broker should have. The secret is sealed with the key-encryption key; NULL: no account with this name.
-- applied < version: the broker may not know of the change yet.
CREATE TABLE broker_credential (
    name       text PRIMARY KEY,
    party      text NOT NULL,
    secret     text,
    is_enabled boolean NOT NULL DEFAULT true,
    is_adopted boolean NOT NULL DEFAULT false,        -- its secret was made elsewhere, and may be told again
    version    bigint NOT NULL DEFAULT 1,
    applied    bigint NOT NULL DEFAULT 0
);
CREATE INDEX broker_credential_waiting ON broker_credential (name) WHERE applied < version;

-- One row: the key pair that collectors pin at enrolment. The private half is sealed.
CREATE TABLE signing_root (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    kid     text NOT NULL,
    public  text NOT NULL,
    private text NOT NULL
);
