-- When the readings of a row that nobody can read were taken, as far as the log knew: history says that they are missing.
ALTER TABLE unreadable ADD COLUMN t_min bigint, ADD COLUMN t_max bigint;
