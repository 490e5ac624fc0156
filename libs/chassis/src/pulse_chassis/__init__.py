"""What every service process is: one task group that owns the signals, an HTTP app, a bus, a pool, logs, metrics."""
