-- What the credential mirror needs of auth: collectors as events, the keys that collectors trust, and which accounts lack a
-- verifier.

-- A plain device may reuse the id of a deleted collector. It stays in the digest as a deleted collector.
ALTER TABLE collector ADD COLUMN was_collector boolean NOT NULL DEFAULT false;
UPDATE collector SET was_collector = kind = 'collector';

-- false until users says otherwise: events from before this column do not tell.
ALTER TABLE account ADD COLUMN has_verifier boolean NOT NULL DEFAULT false;

-- The verification keys of services, as they announced them. Every key stays here, so that an old announcement that somebody
-- repeats is not taken for a new key. The two with the highest n of each purpose are trusted.
CREATE TABLE trusted_key (
    purpose   text NOT NULL CHECK (purpose IN ('mirror', 'command')),
    kid       text NOT NULL,
    public    text NOT NULL,
    announced timestamptz NOT NULL,
    n         bigint NOT NULL,
    PRIMARY KEY (purpose, kid)
);
CREATE TABLE trusted_key_counter (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    n      bigint NOT NULL
);
INSERT INTO trusted_key_counter (n) VALUES (0);
