-- expand
-- When each device connected and disconnected. online_since: when `online` last changed. noted_online: the state of the
-- newest row of the history; it lags behind `online` for a moment, so that several gateways write one row.
ALTER TABLE device ADD COLUMN online_since timestamptz;
ALTER TABLE device ADD COLUMN noted_online boolean;
CREATE TABLE connection_event (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id integer NOT NULL REFERENCES device ON DELETE CASCADE,
    at        timestamptz NOT NULL,
    online    boolean NOT NULL
);
CREATE INDEX connection_event_device ON connection_event (device_id, id);
CREATE INDEX connection_event_at ON connection_event (at);
