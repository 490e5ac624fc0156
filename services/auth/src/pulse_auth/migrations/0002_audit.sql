-- The audit trail becomes a chain of hashes (pulse_postgres.audit). What the old table noted has no chain and goes.

DROP TABLE audit;

-- include audit

-- Answers of requests that came with an Idempotency-Key, sealed with that key, of which only the hash is here.
-- include idempotency
