"""The one door to asyncpg: `Database` (pool and transactions), `Outbox` and `Relay`, migrations, provisioning."""

from pulse_postgres.database import Connection, Database, DatabaseUnavailable, Row
from pulse_postgres.migrations import MigrationError, Migrations
from pulse_postgres.outbox import Outbox, Relay

__all__ = [
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "MigrationError",
    "Migrations",
    "Outbox",
    "Relay",
    "Row",
]
