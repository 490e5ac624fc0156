-- expand
-- What a collector reports about itself: its version, how full its buffer is (0 to 1), and when it will be full.
ALTER TABLE device
    ADD COLUMN version     text NOT NULL DEFAULT '',
    ADD COLUMN buffer_fill float8,
    ADD COLUMN full_at     timestamptz;

-- The device that sent a rejected message. The topics of shards and of statuses name it one level later.
ALTER TABLE quarantine_reason ADD COLUMN device text GENERATED ALWAYS AS (
    trim(BOTH '-' FROM regexp_replace(
        lower(split_part(address, '/', CASE WHEN split_part(address, '/', 2) IN ('shard', 'status') THEN 4 ELSE 3 END)),
        '[^a-z0-9]+', '-', 'g'
    ))
) STORED;
CREATE INDEX quarantine_reason_of_device ON quarantine_reason (device, last DESC, id DESC);
