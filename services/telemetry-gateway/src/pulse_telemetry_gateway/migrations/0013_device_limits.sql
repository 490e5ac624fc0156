-- How many epochs a device has, so that a limit costs no counting.
ALTER TABLE device ADD COLUMN epochs integer NOT NULL DEFAULT 0;
UPDATE device d SET epochs = s.n FROM (SELECT device_id, count(*) AS n FROM stream GROUP BY device_id) s WHERE s.device_id = d.id;
-- The newest lives are those that hold a reading: one of which only losses were declared does not count.
DROP INDEX stream_newest;
CREATE INDEX stream_newest ON stream (device_id, ord DESC, epoch) WHERE stored_n + refused_n > 0;
CREATE INDEX stream_device ON stream (device_id, ord DESC, epoch);
