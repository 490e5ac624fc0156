-- A sign-in is one plain transaction of the service: its functions go. The tables that several services have get the form
-- that they have everywhere.

DROP FUNCTION admit(uuid, text, boolean, timestamptz, bigint, bytea, uuid, boolean, timestamptz, text, text, bytea, timestamptz,
    bytea, audit);
DROP FUNCTION standing(uuid, timestamptz);

ALTER TABLE backoff RESET (fillfactor);
CREATE INDEX backoff_touched ON backoff (touched);

-- include outbox_set_aside
