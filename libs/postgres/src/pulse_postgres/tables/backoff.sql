CREATE TABLE backoff (
    key      bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    failures integer NOT NULL,
    until    timestamptz NOT NULL,
    touched  timestamptz NOT NULL
);
CREATE INDEX backoff_touched ON backoff (touched);
