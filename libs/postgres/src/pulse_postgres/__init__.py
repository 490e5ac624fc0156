"""The one door to asyncpg: `Database` (pool and transactions), `Audit` (the trail of changes), `Outbox` and `Relay`,
migrations, provisioning."""

from pulse_postgres.audit import (
    Audit,
    AuditAnchor,
    AuditEntry,
    AuditFilter,
    AuditRecord,
    AuditVerdict,
    SealedEntry,
    marked,
)
from pulse_postgres.database import Connection, Database, DatabaseUnavailable, Row
from pulse_postgres.migrations import MigrationError, Migrations
from pulse_postgres.outbox import Outbox, Relay

__all__ = [
    "Audit",
    "AuditAnchor",
    "AuditEntry",
    "AuditFilter",
    "AuditRecord",
    "AuditVerdict",
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "MigrationError",
    "Migrations",
    "Outbox",
    "Relay",
    "Row",
    "SealedEntry",
    "marked",
]
