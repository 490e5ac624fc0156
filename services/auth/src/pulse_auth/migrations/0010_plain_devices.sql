-- Plain devices: any MQTT device, with an account at the broker and without keys. `username` is its name at the broker and
-- in its topic, where it may have a form of its own (ESP_01, a MAC address, an EUI).
ALTER TABLE collector
    ADD COLUMN kind text NOT NULL DEFAULT 'collector' CHECK (kind IN ('collector', 'plain')),
    ADD COLUMN username text UNIQUE,
    ADD COLUMN has_free_client_id boolean NOT NULL DEFAULT false;
ALTER TABLE broker_credential ADD COLUMN has_free_client_id boolean NOT NULL DEFAULT false;
