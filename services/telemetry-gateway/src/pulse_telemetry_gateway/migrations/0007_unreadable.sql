-- Rows of the log that this program could not read when it made chunks: kept with their bytes, beyond the log's own age,
-- for whoever can. `verify` lists them.
CREATE TABLE unreadable (
    device_id integer NOT NULL,
    pos       bigint NOT NULL,
    epoch     bigint NOT NULL,
    ord       bigint NOT NULL,
    lo        bigint NOT NULL,
    hi        bigint NOT NULL,
    n         integer NOT NULL,
    received  timestamptz NOT NULL,
    payload   bytea NOT NULL,
    noted     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, pos)
);
