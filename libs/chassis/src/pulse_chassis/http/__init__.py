"""The HTTP server of a service: app, connections, problem documents, rate limits and idempotency."""
