-- expand
-- The devices are divided into shards. One gateway at a time owns a shard and receives the readings of its devices.
-- Ownership is for speed only: the lock of the ledger decides what is stored.
-- A gateway extends `until` twice a second. When it has passed, other gateways may take its shards.
CREATE TABLE gateway_lease (
    name  text PRIMARY KEY,
    until timestamptz NOT NULL
);

-- is_ready: the owner receives the readings. Until then the previous owner receives them too.
CREATE TABLE shard (
    id       smallint PRIMARY KEY,
    owner    text,
    is_ready boolean NOT NULL DEFAULT false
);
INSERT INTO shard (id) SELECT generate_series(0, 255);
