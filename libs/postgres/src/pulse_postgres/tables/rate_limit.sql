CREATE TABLE rate_limit (
    key     bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    arrival timestamptz NOT NULL                      -- the theoretical arrival time (ITU-T I.371)
);
CREATE INDEX rate_limit_arrival ON rate_limit (arrival);
