CREATE TABLE idempotency (
    key     bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    request bytea NOT NULL CHECK (octet_length(request) = 32),
    run     uuid NOT NULL,                            -- which request may answer: one that took over leaves none to the first
    answer  text,                                     -- NULL while the first request runs
    started timestamptz NOT NULL
);
CREATE INDEX idempotency_started ON idempotency (started);
