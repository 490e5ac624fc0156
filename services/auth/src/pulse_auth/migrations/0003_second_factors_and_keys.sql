-- Where sessions are used, second factors, API keys, signing keys, durable limits, and what was revoked lately.

ALTER TABLE session
    ADD COLUMN address   text,                        -- where it was last used from, as far as that is known
    ADD COLUMN device    text NOT NULL DEFAULT '',    -- browser and system, such as 'Firefox on Linux'
    ADD COLUMN last_used timestamptz NOT NULL DEFAULT now();

-- A wait is noted in the audit trail once, not for each request that runs into it.
-- include backoff_noted

-- The secret is sealed with the key-encryption key. last_step: no code is good twice (RFC 6238 §5.2).
CREATE TABLE second_factor (
    account_id uuid PRIMARY KEY REFERENCES account,
    secret     text NOT NULL,
    created    timestamptz NOT NULL,
    confirmed  timestamptz,
    last_step  bigint NOT NULL DEFAULT 0
);

-- One use each: a used one is deleted. 80 random bits each, so a plain hash gives nothing away.
CREATE TABLE recovery_code (
    account_id uuid NOT NULL REFERENCES second_factor ON DELETE CASCADE,
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (account_id, hash)
);

-- A right password that still waits for its second factor.
CREATE TABLE challenge (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    account_id uuid NOT NULL REFERENCES account,
    version    bigint NOT NULL,                       -- of the account: what changed since opens nothing
    remember   boolean NOT NULL,
    tries      integer NOT NULL DEFAULT 0,
    ends       timestamptz NOT NULL
);
CREATE INDEX challenge_ends ON challenge (ends);

CREATE TABLE api_key (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account,
    name       text NOT NULL,
    scope      text[] NOT NULL,
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    created    timestamptz NOT NULL,
    expires    timestamptz NOT NULL,
    last_used  timestamptz,
    revoked    timestamptz
);
CREATE INDEX api_key_account ON api_key (account_id);

-- Private keys are sealed with the key-encryption key, and gone (NULL) once they sign no more. A key signs from
-- not_before until the next one does, and verifies until not_after.
CREATE TABLE signing_key (
    kid        text PRIMARY KEY,
    public     text NOT NULL,                         -- the JWK
    private    text,
    created    timestamptz NOT NULL,
    not_before timestamptz NOT NULL,
    not_after  timestamptz
);

-- One row: what administrators decided for everybody.
CREATE TABLE policy (
    single              boolean PRIMARY KEY DEFAULT true CHECK (single),
    second_factor_roles text[] NOT NULL DEFAULT '{}'
);
INSERT INTO policy DEFAULT VALUES;

-- Limits that outlive the process: the generic cell rate algorithm needs one instant for each key.
-- include rate_limit

-- What ended lately, said again with every heartbeat. sid NULL: everything of the account.
CREATE TABLE revocation (
    id         bigserial PRIMARY KEY,
    account_id uuid NOT NULL,
    sid        text,
    at         timestamptz NOT NULL
);
CREATE INDEX revocation_at ON revocation (at);
