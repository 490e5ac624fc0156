-- The audit trail: a chain of hashes (pulse_postgres.audit). Exports and what is taken from quarantine are in it.

-- include audit
