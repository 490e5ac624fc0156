"""The table `incident`."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pulse_postgres import Connection, Row
from pulse_telemetry_gateway.model.incidents import Incident, Report

_LOCK: Final = 0x70756C736508
"""PostgreSQL advisory lock: its holder counts the incidents and adds one."""
_COLUMNS: Final = (
    "id, title, text, services, started_at, ended_at, version, created_at, created_by, created_by_name, updated_at, "
    "updated_by, updated_by_name"
)

IncidentKey = tuple[datetime, UUID]
"""(started_at, id): the order of lists, newest first."""


class IncidentStore:
    """Each function works within the caller's transaction."""

    async def count(self, connection: Connection) -> int:
        """How many incidents there are. Nobody adds one until the transaction ends."""
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        return int(await connection.fetchval("SELECT count(*) FROM incident"))

    async def add(self, connection: Connection, added: Incident) -> None:
        """Adds an incident."""
        report = added.report
        await connection.execute(
            f"INSERT INTO incident ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",  # noqa: S608  # constant columns
            added.id,
            report.title,
            report.text,
            list(report.services),
            report.started_at,
            report.ended_at,
            added.version,
            added.created_at,
            added.created_by,
            added.created_by_name,
            added.updated_at,
            added.updated_by,
            added.updated_by_name,
        )

    async def put(self, connection: Connection, changed: Incident) -> None:
        """Replaces the report. The caller holds the row."""
        report = changed.report
        await connection.execute(
            "UPDATE incident SET title = $2, text = $3, services = $4, started_at = $5, ended_at = $6, version = $7, "
            "updated_at = $8, updated_by = $9, updated_by_name = $10 WHERE id = $1",
            changed.id,
            report.title,
            report.text,
            list(report.services),
            report.started_at,
            report.ended_at,
            changed.version,
            changed.updated_at,
            changed.updated_by,
            changed.updated_by_name,
        )

    async def delete(self, connection: Connection, id_: UUID) -> None:
        """Deletes an incident."""
        await connection.execute("DELETE FROM incident WHERE id = $1", id_)

    async def find(self, connection: Connection, id_: UUID) -> Incident | None:
        """One incident."""
        row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM incident WHERE id = $1", id_)  # noqa: S608  # constant columns
        return _incident(row) if row else None

    async def lock(self, connection: Connection, id_: UUID) -> Incident | None:
        """One incident. Nobody changes it until the transaction ends."""
        row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM incident WHERE id = $1 FOR UPDATE", id_)  # noqa: S608  # constant columns
        return _incident(row) if row else None

    async def page(self, connection: Connection, before: IncidentKey | None, limit: int) -> list[Incident]:
        """Up to `limit` incidents that began before a key, newest first."""
        started, id_ = before or (None, None)
        rows = await connection.fetch(
            f"SELECT {_COLUMNS} FROM incident WHERE $1::timestamptz IS NULL "  # noqa: S608  # constant columns
            "OR (started_at, id) < ($1::timestamptz, $2::uuid) ORDER BY started_at DESC, id DESC LIMIT $3",
            started,
            id_,
            limit,
        )
        return [_incident(row) for row in rows]


def _incident(row: Row) -> Incident:
    report = Report(row["title"], row["text"], tuple(row["services"]), row["started_at"], row["ended_at"])
    return Incident(
        UUID(str(row["id"])),
        report,
        row["version"],
        row["created_at"],
        row["created_by"],
        row["created_by_name"],
        row["updated_at"],
        row["updated_by"],
        row["updated_by_name"],
    )
