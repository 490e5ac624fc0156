-- expand
-- How people want a series to be shown, besides its name and unit (`series.given_name`, `series.given_unit`).
-- A series without a row has version 1 and no settings. limits: JSON text.
CREATE TABLE series_display (
    series_id       integer PRIMARY KEY REFERENCES series,
    version         bigint NOT NULL,
    decimals        smallint CHECK (decimals BETWEEN 0 AND 6),
    limits          text NOT NULL DEFAULT '[]' CHECK (octet_length(limits) <= 4096),
    expected_min    double precision,
    expected_max    double precision,
    updated_at      timestamptz NOT NULL,
    updated_by      text,
    updated_by_name text NOT NULL
);
