-- Devices, series, the ledger and the batch log. The acknowledged write is one row per batch; the rest is derived.

CREATE TABLE device (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    display_name text NOT NULL DEFAULT '',
    pos          bigint NOT NULL DEFAULT 0,           -- feed position: counts the device's rows in the log
    latest_pos   bigint NOT NULL DEFAULT 0,           -- the table latest is derived up to here
    online       boolean,
    waiting      bigint,
    last_seen    timestamptz
);

CREATE TABLE series (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id    integer NOT NULL REFERENCES device,
    name         text NOT NULL,
    type         text NOT NULL CHECK (type IN ('int', 'float', 'bool')),
    display_name text NOT NULL,
    unit         text NOT NULL,
    interval_us  bigint,
    created      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (device_id, name, type)                    -- another type is another series, never a cast
);

-- What the ids in a life's batches mean.
CREATE TABLE catalog (
    device_id  integer NOT NULL REFERENCES device,
    epoch      bigint NOT NULL,
    digest     text NOT NULL,
    parts      integer NOT NULL,
    parts_seen integer[] NOT NULL,
    local_ids  integer[] NOT NULL,
    series_ids integer[] NOT NULL,
    declared   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, epoch)
);

-- The ledger: what is settled (stored, refused and dropped alike) of each life of a device's counter.
CREATE TABLE stream (
    device_id    integer NOT NULL REFERENCES device,
    epoch        bigint NOT NULL,
    ord          bigint NOT NULL,
    next         bigint NOT NULL DEFAULT 0,           -- one past the highest sequence number heard of
    settled      int8multirange NOT NULL DEFAULT '{}',
    stored_n     bigint NOT NULL DEFAULT 0,
    refused_n    bigint NOT NULL DEFAULT 0,
    dropped_n    bigint NOT NULL DEFAULT 0,
    clock_offset bigint,                              -- least (received - sent) of the live lane, microseconds
    first_seen   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, epoch)
) WITH (fillfactor = 70);
CREATE INDEX stream_newest ON stream (device_id, ord DESC, epoch);

CREATE TABLE batch (
    device_id integer NOT NULL,
    pos       bigint NOT NULL,
    epoch     bigint NOT NULL,
    ord       bigint NOT NULL,
    lo        bigint NOT NULL,                        -- first sequence number in the row
    hi        bigint NOT NULL,                        -- one past the last one
    n         integer NOT NULL,                       -- readings in the row: hi - lo unless some were not new
    lane      smallint NOT NULL,                      -- 0 live, 1 backlog
    t_min     bigint NOT NULL,                        -- microseconds: earliest and latest reading
    t_max     bigint NOT NULL,
    sent      bigint NOT NULL,
    received  timestamptz NOT NULL,
    payload   bytea STORAGE EXTERNAL NOT NULL,        -- compressed already: see README, "The payload"
    PRIMARY KEY (device_id, pos, received)
) PARTITION BY RANGE (received);
CREATE INDEX batch_time ON batch (device_id, t_max);
CREATE TABLE batch_default PARTITION OF batch DEFAULT;

-- One row per batch that had refused readings, or per declared loss. Append-only.
CREATE TABLE refusal (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id integer NOT NULL,
    epoch     bigint NOT NULL,
    seqs      bigint[] NOT NULL,
    codes     text[] NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE declared_drop (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id integer NOT NULL,
    epoch     bigint NOT NULL,
    ranges    int8multirange NOT NULL,
    n         bigint NOT NULL,
    reason    text NOT NULL,
    t_first   bigint,
    t_last    bigint,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refusal_stream ON refusal (device_id, epoch);
CREATE INDEX declared_drop_stream ON declared_drop (device_id, epoch);

-- Derived from the log: the newest reading of each series by (ord, seq), never by time.
CREATE TABLE latest (
    series_id integer PRIMARY KEY REFERENCES series,
    ord       bigint NOT NULL,
    epoch     bigint NOT NULL,
    seq       bigint NOT NULL,
    t         bigint NOT NULL,
    word      bigint NOT NULL                         -- the value's 64 bits
) WITH (fillfactor = 70);

CREATE TABLE quarantine (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address  text NOT NULL,
    code     text NOT NULL,
    detail   text NOT NULL,
    payload  bytea NOT NULL,
    received timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    template   text NOT NULL,
    levels     text NOT NULL,
    message    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
