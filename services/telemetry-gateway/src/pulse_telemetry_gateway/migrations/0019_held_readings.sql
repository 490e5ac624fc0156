-- expand
-- What the collector held at its last hello: [[epoch, lo, hi], …]. NULL: it has not said, or it held more than a hello names.
-- Numbers of the epoch `hello_epoch` from `hello_next` on were assigned later.
ALTER TABLE device ADD COLUMN held jsonb, ADD COLUMN hello_next bigint;
