-- When compaction last added to a partition of chunks or roll-ups, to the hour: what came lately is not old, whatever time
-- it bears.
CREATE TABLE partition_written (
    name text PRIMARY KEY,
    at   timestamptz NOT NULL DEFAULT now()
);
INSERT INTO partition_written (name)
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
WHERE p.relnamespace = current_schema()::regnamespace AND p.relname IN ('chunk', 'rollup_minute', 'rollup_hour');
