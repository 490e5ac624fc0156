-- expand
-- How long each level is kept, if administrators have changed it: at most one row. null: the setting of the process.

CREATE TABLE retention_setting (
    single          boolean PRIMARY KEY DEFAULT true CHECK (single),
    version         bigint NOT NULL CHECK (version > 1),
    log_days        integer CHECK (log_days > 0),
    raw_days        integer CHECK (raw_days > 0),
    minutes_days    integer CHECK (minutes_days > 0),
    hours_days      integer CHECK (hours_days > 0),
    updated_at      timestamptz NOT NULL,
    updated_by      text,
    updated_by_name text NOT NULL
);
