-- A row of minutes holds four hours since: an hour of them cost a third more on disk. Rows of any window are read alike.
COMMENT ON TABLE rollup_minute IS 'Additive roll-ups of minutes, one row per series and four hours; arrays of equal length';
COMMENT ON TABLE rollup_hour IS 'Additive roll-ups of hours, one row per series and UTC day; arrays of equal length';
