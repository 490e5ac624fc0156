-- Two collectors with one identity (a cloned disk) take the connection from each other: the lives that say hello alternate.
ALTER TABLE device
    ADD COLUMN hello_epoch  bigint,                   -- the life that said hello last,
    ADD COLUMN hello_before bigint,                   -- and another one before it
    ADD COLUMN alternations integer NOT NULL DEFAULT 0, -- how often the one before came back, since it last was quiet
    ADD COLUMN alternated   timestamptz;
