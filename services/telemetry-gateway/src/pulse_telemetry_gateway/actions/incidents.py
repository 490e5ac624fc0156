"""Incidents: administrators report, change and close them, everybody sees them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pulse_chassis.http.preconditions import Precondition
from pulse_chassis.http.problems import CurrentVersion
from pulse_contracts.times import from_micros
from pulse_postgres import AuditEntry, Connection
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.displays import Editor
from pulse_telemetry_gateway.actions.saved_objects import SavingDependencies
from pulse_telemetry_gateway.model.incidents import (
    INCIDENTS_MAX,
    Incident,
    Report,
    TooManyIncidents,
    UnknownIncident,
    require_order,
)
from pulse_telemetry_gateway.store.incidents import IncidentKey, IncidentStore


class Incidents:
    """Each change is one transaction with its audit entry."""

    def __init__(self, dependencies: SavingDependencies) -> None:
        self._database, self._audit = dependencies.database, dependencies.audit
        self._clock: Callable[[], int] = dependencies.clock
        self._new_id = dependencies.new_id
        self._store = IncidentStore()

    async def page(self, before: IncidentKey | None, limit: int) -> list[Incident]:
        """Up to `limit` incidents that began before a key, newest first. Raises Unavailable."""
        async with self._database.connection() as connection:
            return await self._store.page(connection, before, limit)

    async def find(self, id_: UUID) -> Incident:
        """Raises UnknownIncident, Unavailable."""
        async with self._database.connection() as connection:
            return _existing(await self._store.find(connection, id_), id_)

    async def report(self, report: Report, editor: Editor) -> Incident:
        """Adds an incident. Raises IncidentEndsBeforeStart, TooManyIncidents, Unavailable."""
        require_order(report)
        now, account, name = self._now(), editor.caller.account or "", editor.name
        async with self._database.transaction() as connection:
            if await self._store.count(connection) >= INCIDENTS_MAX:
                raise TooManyIncidents(f"There are {INCIDENTS_MAX} incidents already. Delete some.")
            added = Incident(self._new_id(), report, 1, now, account, name, now, account, name)
            await self._store.add(connection, added)
            await self._record(connection, "incident_reported", (None, added), editor)
        return added

    async def replace(self, id_: UUID, report: Report, precondition: Precondition, editor: Editor) -> Incident:
        """Replaces the report, also to close the incident. Raises IncidentEndsBeforeStart, UnknownIncident,
        PreconditionFailed, Unavailable."""
        require_order(report)
        async with self._database.transaction() as connection:
            before = await self._locked(connection, id_, precondition)
            after = replace(
                before,
                report=report,
                version=before.version + 1,
                updated_at=self._now(),
                updated_by=editor.caller.account or "",
                updated_by_name=editor.name,
            )
            await self._store.put(connection, after)
            await self._record(connection, "incident_changed", (before, after), editor)
        return after

    async def delete(self, id_: UUID, precondition: Precondition, editor: Editor) -> None:
        """Raises UnknownIncident, PreconditionFailed, Unavailable."""
        async with self._database.transaction() as connection:
            before = await self._locked(connection, id_, precondition)
            await self._store.delete(connection, id_)
            await self._record(connection, "incident_deleted", (before, None), editor)

    async def _locked(self, connection: Connection, id_: UUID, precondition: Precondition) -> Incident:
        found = _existing(await self._store.lock(connection, id_), id_)
        precondition.require(
            CurrentVersion(
                version=found.version,
                updated_at=found.updated_at,
                updated_by=found.updated_by,
                updated_by_name=found.updated_by_name,
            )
        )
        return found

    async def _record(
        self, connection: Connection, event: str, change: tuple[Incident | None, Incident | None], editor: Editor
    ) -> None:
        id_ = next(one.id for one in change if one is not None)
        before, after = map(_detail, change)
        caller = editor.caller
        entry = AuditEntry(event, caller.account, f"incident:{id_}", before, after, caller.address, caller.request_id)
        await self._audit.append(connection, entry)

    def _now(self) -> datetime:
        return from_micros(self._clock())


def _existing(found: Incident | None, id_: UUID) -> Incident:
    if found is None:
        raise UnknownIncident(f"unknown incident {id_}")
    return found


def _detail(one: Incident | None) -> Detail | None:
    if one is None:
        return None
    report = one.report
    return {
        "version": one.version,
        "title": report.title,
        "text": report.text,
        "services": list(report.services),
        "started_at": report.started_at.isoformat(),
        "ended_at": None if report.ended_at is None else report.ended_at.isoformat(),
    }
