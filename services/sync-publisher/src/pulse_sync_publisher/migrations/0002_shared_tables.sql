-- The audit trail, and the answers of requests with an Idempotency-Key.

-- include audit

-- include idempotency
-- include idempotency_done
