"""The process: settings, logs, metrics, start and stop."""
