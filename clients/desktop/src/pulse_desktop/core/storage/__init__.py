"""The buffer's SQLite file: the only place with SQL. `buffer` decides when; this package does it."""
