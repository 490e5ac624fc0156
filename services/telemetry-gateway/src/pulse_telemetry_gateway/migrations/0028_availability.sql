-- expand
-- How long each service was up and down on each day (UTC). Seconds that no gateway watched are in neither.

CREATE TABLE service_day (
    service      text NOT NULL,
    day          date NOT NULL,
    up_seconds   float8 NOT NULL DEFAULT 0,
    down_seconds float8 NOT NULL DEFAULT 0,
    PRIMARY KEY (service, day)
);

-- One row a service: when a gateway last counted, since when the service is down (null: it is up), and when a gateway
-- last saw it up (null: never).
CREATE TABLE service_watch (
    service    text PRIMARY KEY,
    at         timestamptz NOT NULL,
    down_since timestamptz,
    last_up    timestamptz
);

-- Outages that have ended. The newest are kept.
CREATE TABLE service_outage (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service text NOT NULL,
    since   timestamptz NOT NULL,
    until   timestamptz NOT NULL
);
CREATE INDEX service_outage_since ON service_outage (since);
