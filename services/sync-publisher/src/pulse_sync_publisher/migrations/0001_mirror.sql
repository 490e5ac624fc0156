-- The credential mirror: copies of accounts and collectors, rules, one log for each collector, and its progress.

-- A row and not a sequence: its lock puts all changes of mirrored accounts in one order, so that the snapshot of a
-- collector holds every change up to its number.
CREATE TABLE counter (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    n       bigint NOT NULL,
    rules   bigint NOT NULL,                          -- version of the rule list
    policy  bigint NOT NULL,                          -- version of the leases
    user_s  integer NOT NULL,
    admin_s integer NOT NULL,
    copied  bytea NOT NULL CHECK (octet_length(copied) = 32)  -- `set_sum` of the copy of the accounts
);
INSERT INTO counter (n, rules, policy, user_s, admin_s, copied)
VALUES (0, 1, 1, 259200, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE account (
    id         uuid PRIMARY KEY,
    src        bigint NOT NULL,                       -- version at users
    email      text NOT NULL CHECK (char_length(email) <= 254),
    name       text NOT NULL CHECK (char_length(name) <= 200),
    role       text NOT NULL CHECK (role IN ('admin', 'user')),
    active     boolean NOT NULL,
    deleted    boolean NOT NULL,
    verifier   text,
    changed    timestamptz NOT NULL
);
CREATE INDEX account_email ON account (lower(email));

CREATE TABLE rule (
    subject    text NOT NULL CHECK (char_length(subject) <= 64),
    place      text NOT NULL CHECK (char_length(place) <= 80),
    is_allowed boolean NOT NULL,
    origin     text NOT NULL CHECK (origin IN ('administrator', 'adopted', 'restored')),
    PRIMARY KEY (subject, place)
);

CREATE TABLE collector (
    device         text PRIMARY KEY,
    version        bigint NOT NULL,                   -- auth's version
    name           text NOT NULL,
    site           text NOT NULL,
    tags           text[] NOT NULL,
    state          text NOT NULL CHECK (state IN ('enabled', 'disabled', 'lost', 'deleted')),
    gen            bigint NOT NULL,
    public_key     bytea,
    seal_key       text,                              -- sealed with the key-encryption key; NULL: destroyed
    key            integer NOT NULL DEFAULT 0,
    keyed_at       timestamptz NOT NULL,
    next_key       integer,
    next_seal_key  text,
    next_public    bytea,                             -- the public half that the rekey message repeats
    seq            bigint NOT NULL DEFAULT 0,
    acked          bigint NOT NULL DEFAULT 0,
    sent           bigint NOT NULL DEFAULT 0,
    needs_snapshot boolean NOT NULL DEFAULT true,
    reported       text,
    seen           timestamptz,
    beat           bigint NOT NULL DEFAULT 0,
    beat_at        timestamptz,
    reported_n     bigint NOT NULL DEFAULT 0,
    nonces         text[] NOT NULL DEFAULT '{}',
    flight         text CHECK (flight IN ('rekey', 'snapshot', 'delta')),
    flight_seq     bigint NOT NULL DEFAULT 0,
    flight_asof    bigint NOT NULL DEFAULT 0,
    flight_tries   integer NOT NULL DEFAULT 0,
    flight_at      timestamptz,
    wiped_gen      bigint NOT NULL DEFAULT 0,
    wipe_due       boolean NOT NULL DEFAULT false,    -- the retained wipe must be published (again)
    next_send      timestamptz,                       -- NULL: when something happens
    set_seq        bigint,                            -- position of the cached digest
    set            text,
    check_due      boolean NOT NULL DEFAULT false,    -- the next hello at an equal position is a check
    checked_at     timestamptz,
    audit_n        bigint NOT NULL DEFAULT 0,
    audit_hash     text NOT NULL DEFAULT repeat('0', 64),
    is_shown       boolean NOT NULL DEFAULT false,    -- pages know the newest state
    shown          text NOT NULL DEFAULT 'unmanaged',
    shown_behind   bigint NOT NULL DEFAULT 0,
    shown_since    timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX collector_due ON collector (next_send) WHERE next_send IS NOT NULL;

-- One log for each collector. The newest entry of an account replaces its older one.
CREATE TABLE entry (
    account      uuid NOT NULL,
    device       text NOT NULL,
    seq          bigint NOT NULL,
    ver          bigint NOT NULL,
    src          bigint NOT NULL,
    state        text NOT NULL CHECK (state IN ('live', 'revoked')),
    hash         bytea NOT NULL CHECK (octet_length(hash) = 32),
    at           timestamptz NOT NULL,
    has_verifier boolean NOT NULL,
    revoked_ver  bigint NOT NULL,
    revoked_src  bigint NOT NULL,
    had_src      bigint,
    held_from    bigint,
    PRIMARY KEY (account, device)
);
CREATE UNIQUE INDEX entry_log ON entry (device, seq);

-- When a collector acknowledged which position.
CREATE TABLE receipt (
    device text NOT NULL,
    seq    bigint NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (device, seq)
);

-- The accounts whose verifiers a collector held when it was lost or deleted.
CREATE TABLE loss (
    device  text NOT NULL,
    gen     bigint NOT NULL,
    account uuid NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (device, gen, account)
);

CREATE TABLE incident (
    id     bigserial PRIMARY KEY,
    at     timestamptz NOT NULL,
    device text NOT NULL,
    kind   text NOT NULL,
    detail text NOT NULL CHECK (char_length(detail) <= 500)
);
CREATE INDEX incident_device ON incident (device, id);

-- Entries of the collectors' local audit trails. The text is in the audit trail.
CREATE TABLE local_audit (
    device text NOT NULL,
    hash   text NOT NULL CHECK (char_length(hash) = 64),
    n      bigint NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (device, hash)
);

-- The key that signs messages to collectors, sealed with the key-encryption key.
CREATE TABLE signing_key (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    kid     text NOT NULL,
    private text NOT NULL,
    made    timestamptz NOT NULL,
    trusted timestamptz                               -- since when auth's list of trusted keys has it
);
