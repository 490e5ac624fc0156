-- The audit trail: a chain of hashes (pulse_postgres.audit).

-- include audit

-- Answers of requests that came with an Idempotency-Key, sealed with that key, of which only the hash is here.
-- include idempotency
