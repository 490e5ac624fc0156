"""The common parts of every service process: task group, signals, HTTP app, bus, database pool, logs and metrics."""
