"""The HTTP server of a service: the app, problems, limits, idempotency."""
