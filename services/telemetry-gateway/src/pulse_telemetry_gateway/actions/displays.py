"""How series are shown. What people set takes precedence over what a device declares."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from pulse_chassis.http.preconditions import Precondition
from pulse_chassis.http.problems import CurrentVersion
from pulse_chassis.identity.caller import Caller
from pulse_contracts.times import from_micros
from pulse_postgres import AuditEntry, Connection, Database
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.model.displays import Display, SeriesDisplay
from pulse_telemetry_gateway.model.errors import UnknownSeries
from pulse_telemetry_gateway.store.displays import DisplayStore


@dataclass(frozen=True)
class Editor:
    """Who changes settings. name: from the access token."""

    caller: Caller
    name: str


class Displays:
    """Each change is one transaction with its audit entry. `clock` in microseconds."""

    def __init__(self, database: Database, audit: AuditTrail, clock: Callable[[], int]) -> None:
        self._database, self._audit, self._clock = database, audit, clock
        self._store = DisplayStore()

    async def find(self, series: int) -> SeriesDisplay:
        """Raises UnknownSeries, Unavailable."""
        async with self._database.connection() as connection:
            return _existing(await self._store.find(connection, series), series)

    async def replace(self, series: int, display: Display, precondition: Precondition, editor: Editor) -> SeriesDisplay:
        """Sets everything. Raises UnknownSeries, PreconditionFailed, Unavailable."""
        async with self._database.transaction() as connection:
            before = _existing(await self._store.lock(connection, series), series)
            precondition.require(_current(before))
            return await self._save(connection, "series_display_changed", before, display, editor)

    async def rename(self, series: int, name: str | None, unit: str | None, editor: Editor) -> None:
        """Sets name and unit, whatever the version is; None restores the declared ones. Raises UnknownSeries,
        Unavailable."""
        async with self._database.transaction() as connection:
            before = _existing(await self._store.lock(connection, series), series)
            display = replace(before.display, name=name, unit=unit)
            await self._save(connection, "series_renamed", before, display, editor)

    async def _save(
        self, connection: Connection, event: str, before: SeriesDisplay, display: Display, editor: Editor
    ) -> SeriesDisplay:
        after = replace(
            before,
            display=display,
            version=before.version + 1,
            updated_at=from_micros(self._clock()),
            updated_by=editor.caller.account,
            updated_by_name=editor.name,
        )
        await self._store.put(connection, after)
        entry = AuditEntry(
            event,
            editor.caller.account,
            f"device:{before.device}",
            _detail(before),
            _detail(after),
            editor.caller.address,
            editor.caller.request_id,
        )
        await self._audit.append(connection, entry)
        return after


def _existing(found: SeriesDisplay | None, series: int) -> SeriesDisplay:
    if found is None:
        raise UnknownSeries(f"unknown series {series}")
    return found


def _current(found: SeriesDisplay) -> CurrentVersion:
    return CurrentVersion(
        version=found.version,
        updated_at=found.updated_at,
        updated_by=found.updated_by,
        updated_by_name=found.updated_by_name,
    )


def _detail(found: SeriesDisplay) -> Detail:
    display = found.display
    return {
        "series": found.series,
        "name": display.name,
        "unit": display.unit,
        "decimals": display.decimals,
        "limits": [limit.text() for limit in display.limits],
        "expected_min": display.expected_min,
        "expected_max": display.expected_max,
    }
