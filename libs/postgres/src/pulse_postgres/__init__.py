"""Pool, COPY, outbox and migrations on PostgreSQL."""
