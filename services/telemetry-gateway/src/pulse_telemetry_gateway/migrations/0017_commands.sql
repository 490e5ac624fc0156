-- Commands from administrators to collectors, their outcomes, and the key that signs them.
CREATE TABLE command_key (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    kid     text NOT NULL,
    sealed  text NOT NULL,                            -- the private key, sealed with PULSE_GATEWAY_KEY
    created timestamptz NOT NULL
);
CREATE TABLE command_number (
    device text PRIMARY KEY,
    n      bigint NOT NULL
);
CREATE TABLE command (
    id           uuid PRIMARY KEY,
    device       text NOT NULL CHECK (device ~ '^[a-z0-9-]{1,32}$'),
    n            bigint NOT NULL,
    action       text NOT NULL,
    seconds      double precision,
    lines        integer,
    actor        text,
    requested_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    outcome      text CHECK (outcome IN ('accepted', 'refused', 'done', 'failed')),
    reason       text NOT NULL DEFAULT '',
    output       text NOT NULL DEFAULT '',
    answered_at  timestamptz,
    UNIQUE (device, n)
);
-- include idempotency
-- include idempotency_done
