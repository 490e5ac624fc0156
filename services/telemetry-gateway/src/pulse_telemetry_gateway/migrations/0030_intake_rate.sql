-- expand
-- How fast each gateway stores readings: its latest measurement. wait_median, wait_p99: seconds from the arrival of a batch
-- to its commit; null: nothing arrived.

CREATE TABLE intake_rate (
    gateway     text PRIMARY KEY,
    at          timestamptz NOT NULL,
    seconds     double precision NOT NULL CHECK (seconds > 0),
    readings    bigint NOT NULL CHECK (readings >= 0),
    wait_median double precision,
    wait_p99    double precision
);

-- When the oldest reading of a collector's backlog was taken, by its clock, in microseconds.
ALTER TABLE device ADD COLUMN oldest_waiting bigint;
