-- When a device's clock was off while its readings were sent live: the least of a life's offsets forgets it. A row for each day of
-- the device's own time, life and size of the offset (`step`: powers of two of a second, negative ahead).
CREATE TABLE clock_stretch (
    device_id integer NOT NULL,
    day       integer NOT NULL,                       -- days since 1970, of the readings
    epoch     bigint NOT NULL,
    step      smallint NOT NULL,
    t_min     bigint NOT NULL,                        -- microseconds: the first and the last of the readings
    t_max     bigint NOT NULL,
    clock_offset bigint NOT NULL,                     -- received - sent of the latest of them, microseconds
    PRIMARY KEY (device_id, day, epoch, step)
) WITH (fillfactor = 70);
