-- expand
-- What people note at a time, or from `t` to `until` (microseconds): about a series, a device, or everything (no device).
-- author, updated_by: ids of accounts.
CREATE TABLE annotation (
    id              uuid PRIMARY KEY,
    device_id       integer REFERENCES device,
    series_id       integer REFERENCES series,
    t               bigint NOT NULL,
    until           bigint CHECK (until > t),
    text            text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
    author          text NOT NULL,
    author_name     text NOT NULL,
    version         bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    updated_by      text NOT NULL,
    updated_by_name text NOT NULL,
    CHECK (series_id IS NULL OR device_id IS NOT NULL)
);
CREATE INDEX annotation_time ON annotation (t, id);
CREATE INDEX annotation_device ON annotation (device_id, t);
CREATE INDEX annotation_series ON annotation (series_id) WHERE series_id IS NOT NULL;
