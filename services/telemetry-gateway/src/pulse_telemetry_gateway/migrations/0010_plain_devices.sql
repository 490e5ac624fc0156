-- One gateway at a time does a piece of work that must not be divided. The holder renews `until`; when it has passed,
-- another gateway may take over. Nothing of the delivery promise rests on a lease: the ledger's lock stays the truth.
CREATE TABLE lease (
    name  text PRIMARY KEY,
    owner text NOT NULL,
    until timestamptz NOT NULL
);

-- The newest value of a plain device's series is the newest by time, for such a device may send old readings late.
-- `rank` orders the readings of one series: the sequence number of a collector's, the time (at most that of arrival, so
-- that a wrong clock freezes nothing) of a plain device's.
ALTER TABLE latest ADD COLUMN rank bigint;
UPDATE latest SET rank = CASE WHEN epoch = 0 THEN least(t, (extract(epoch FROM now()) * 1000000)::bigint) ELSE seq END;
ALTER TABLE latest ALTER COLUMN rank SET NOT NULL;

-- Equal reasons are counted together, so that a device that sends the same mistake all day hides no other.
CREATE TABLE quarantine_reason (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key     bytea NOT NULL UNIQUE,                    -- SHA-256 of the three below
    address text NOT NULL,
    code    text NOT NULL,
    detail  text NOT NULL,
    n       bigint NOT NULL DEFAULT 0,
    first   timestamptz NOT NULL DEFAULT now(),
    last    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX quarantine_reason_last ON quarantine_reason (last DESC, id DESC);
ALTER TABLE quarantine ADD COLUMN reason_id bigint;
INSERT INTO quarantine_reason (key, address, code, detail, n, first, last)
SELECT sha256(convert_to(address || E'\n' || code || E'\n' || detail, 'UTF8')), address, code, detail, count(*), min(received), max(received) FROM quarantine GROUP BY address, code, detail;
UPDATE quarantine q SET reason_id = r.id FROM quarantine_reason r
WHERE (r.address, r.code, r.detail) = (q.address, q.code, q.detail);
CREATE INDEX quarantine_of_reason ON quarantine (reason_id, id DESC);

-- How the messages of a plain device are read, where it differs from the defaults.
CREATE TABLE plain_setting (
    device_id    integer PRIMARY KEY REFERENCES device,
    takes_text   boolean NOT NULL DEFAULT true,       -- "47" is a number, "ON" a switch
    time_keys    text[] NOT NULL,                     -- lower case
    time_zone    text NOT NULL DEFAULT 'UTC',         -- of times that name none
    left_out     text[] NOT NULL DEFAULT '{}'         -- names that are skipped on purpose
);

-- Text and other values that cannot be a reading: skipped, and counted by name.
CREATE TABLE plain_skipped (
    device_id integer NOT NULL REFERENCES device,
    name      text NOT NULL,
    n         bigint NOT NULL,
    example   text NOT NULL,
    last      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, name)
);
