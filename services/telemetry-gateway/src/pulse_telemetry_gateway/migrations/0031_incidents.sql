-- expand
-- Incidents that administrators report on the status page. ended_at: null while it lasts. services: those that it affects.
-- created_by, updated_by: ids of accounts.

CREATE TABLE incident (
    id              uuid PRIMARY KEY,
    title           text NOT NULL CHECK (length(title) BETWEEN 1 AND 120),
    text            text NOT NULL CHECK (length(text) <= 2000),
    services        text[] NOT NULL CHECK (cardinality(services) <= 6),
    started_at      timestamptz NOT NULL,
    ended_at        timestamptz CHECK (ended_at >= started_at),
    version         bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL,
    created_by_name text NOT NULL,
    updated_at      timestamptz NOT NULL,
    updated_by      text NOT NULL,
    updated_by_name text NOT NULL
);
CREATE INDEX incident_started ON incident (started_at, id);
