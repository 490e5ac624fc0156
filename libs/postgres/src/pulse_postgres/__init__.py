"""Access to PostgreSQL: connection pool, transactions, migrations, and the tables that several services have (audit
trail, outbox, back-off, rate limits). No other package imports asyncpg."""

from pulse_postgres.audit import (
    Audit,
    AuditAnchor,
    AuditEntry,
    AuditFilter,
    AuditProgress,
    AuditRecord,
    AuditVerdict,
    audit_hook,
    call_audit_hook,
)
from pulse_postgres.backoff import FREE_FAILURES, BackoffStore, wait_after
from pulse_postgres.database import Connection, Database, DatabaseUnavailable, Row
from pulse_postgres.migrations import MigrationError, Migrations
from pulse_postgres.outbox import Outbox, Relay
from pulse_postgres.rate_limits import LimitStore, Rate, limit_key

__all__ = [
    "FREE_FAILURES",
    "Audit",
    "AuditAnchor",
    "AuditEntry",
    "AuditFilter",
    "AuditProgress",
    "AuditRecord",
    "AuditVerdict",
    "BackoffStore",
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "LimitStore",
    "MigrationError",
    "Migrations",
    "Outbox",
    "Rate",
    "Relay",
    "Row",
    "audit_hook",
    "call_audit_hook",
    "limit_key",
    "wait_after",
]
