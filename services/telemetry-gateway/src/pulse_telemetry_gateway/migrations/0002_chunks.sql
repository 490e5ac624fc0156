-- What compaction makes of the log: chunks of one series and one life, and roll-ups. Readable by plain SQL.

-- Up to which feed position a device's log is in chunks. A row of its own: ingest locks `device`.
CREATE TABLE compaction (
    device_id     integer PRIMARY KEY REFERENCES device,
    pos           bigint NOT NULL DEFAULT 0,
    at            timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 70);

-- Readings of one series and one epoch within one UTC day, at most 3,980, ascending by (time, sequence number).
-- Reading i (from 0):  t     = t0 + round(t_step * i) + t2 | t4 | t8 [i]
--                      seq   = q0 + round(q_step * i) + q2 | q4 | q8 [i]
--                      value = vf [i],  or  (v0 + round(v_step * i) + v2 | v4 | v8 [i]) / divisor
-- At most one array of each three is there, the narrowest that holds the offsets; none means that they are all 0.
CREATE SEQUENCE chunk_id;
CREATE TABLE chunk (
    id        bigint NOT NULL DEFAULT nextval('chunk_id'),
    t0        bigint NOT NULL,                        -- microseconds: the first reading
    t1        bigint NOT NULL,                        -- and the last one
    epoch     bigint NOT NULL,
    t_step    float8 NOT NULL,
    q0        bigint NOT NULL,
    q_step    float8 NOT NULL,
    v0        bigint NOT NULL,
    v_step    float8 NOT NULL,
    divisor   float8 NOT NULL,                        -- 1, or a power of ten when the values are decimals exactly
    series_id integer NOT NULL,
    device_id integer NOT NULL,
    n         integer NOT NULL,
    late      integer NOT NULL,                       -- readings that came more than a minute after their time
    t2 smallint[], t4 integer[], t8 bigint[],
    q2 smallint[], q4 integer[], q8 bigint[],
    v2 smallint[], v4 integer[], v8 bigint[],
    vf float8[],
    PRIMARY KEY (series_id, t0, id)
) PARTITION BY RANGE (t0);                            -- a partition a month
CREATE INDEX chunk_stream ON chunk (device_id, epoch);

-- Roll-ups of one series over one window (an hour of minutes, a day of hours): arrays of equal length, one element per
-- bucket that holds readings. Rows are additive: several of one window are summed by whoever reads, and folded later.
CREATE SEQUENCE rollup_id;
CREATE TABLE rollup_minute (
    id        bigint NOT NULL DEFAULT nextval('rollup_id'),
    t0        bigint NOT NULL,                        -- the window's start, microseconds
    series_id integer NOT NULL,
    slot      smallint[] NOT NULL,                    -- the bucket starts at t0 + slot minutes
    n         integer[] NOT NULL,
    late      integer[] NOT NULL,
    t_first   integer[] NOT NULL,                     -- microseconds after the bucket's start, and so on
    t_last    integer[] NOT NULL,
    t_min     integer[] NOT NULL,
    t_max     integer[] NOT NULL,
    sum       float8[] NOT NULL,                      -- in binary64, whatever the type; beyond its range Infinity
    f_first   float8[], f_last float8[], f_min float8[], f_max float8[],
    i_first   bigint[], i_last bigint[], i_min bigint[], i_max bigint[],
    PRIMARY KEY (series_id, t0, id)
) PARTITION BY RANGE (t0);
CREATE TABLE rollup_hour (
    id        bigint NOT NULL DEFAULT nextval('rollup_id'),
    t0        bigint NOT NULL,
    series_id integer NOT NULL,
    slot      smallint[] NOT NULL,                    -- the bucket starts at t0 + slot hours
    n         integer[] NOT NULL,
    late      integer[] NOT NULL,
    t_first   bigint[] NOT NULL,
    t_last    bigint[] NOT NULL,
    t_min     bigint[] NOT NULL,
    t_max     bigint[] NOT NULL,
    sum       float8[] NOT NULL,
    f_first   float8[], f_last float8[], f_min float8[], f_max float8[],
    i_first   bigint[], i_last bigint[], i_min bigint[], i_max bigint[],
    PRIMARY KEY (series_id, t0, id)
) PARTITION BY RANGE (t0);

-- Windows whose chunks or roll-ups may be folded: marked by compaction, unmarked by the quiet-time pass.
CREATE TABLE unfolded (
    series_id integer NOT NULL,
    day       integer NOT NULL,                       -- days since 1970
    pieces    integer NOT NULL,                       -- steps of compaction since it was folded last
    touched   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (series_id, day)
) WITH (fillfactor = 70);

-- What retention removed from the chunks, per life: removed is not lost. Append-only.
CREATE TABLE removal (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id integer NOT NULL,
    epoch     bigint NOT NULL,
    n         bigint NOT NULL,
    source    text NOT NULL,                          -- the partition
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX removal_stream ON removal (device_id, epoch);
-- Up to which time (microseconds) retention has emptied a level.
CREATE TABLE retained (
    level text PRIMARY KEY CHECK (level IN ('raw', '1m', '1h')),
    since bigint NOT NULL
);
