"""How the messages of plain devices are read: read and change. `actions.plain` applies it."""

from collections.abc import Callable

from pulse_chassis.http.preconditions import Precondition
from pulse_chassis.http.problems import CurrentVersion
from pulse_contracts.times import from_micros
from pulse_postgres import AuditEntry, Database
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.actions.displays import Editor
from pulse_telemetry_gateway.store.plain import PlainSettings, PlainStore, SavedPlainSettings, Skipped


class PlainDeviceSettings:
    """Each change is one transaction with its audit entry. `clock` in microseconds."""

    def __init__(self, database: Database, store: PlainStore, audit: AuditTrail, clock: Callable[[], int]) -> None:
        self._database, self._store, self._audit, self._clock = database, store, audit, clock

    async def find(self, device_id: int) -> tuple[SavedPlainSettings, dict[str, Skipped]]:
        """The settings of a device, and its skipped values by name, newest first. Raises Unavailable."""
        return await self._store.saved(device_id), await self._store.skipped(device_id)

    async def replace(
        self, device: tuple[int, str], settings: PlainSettings, precondition: Precondition, editor: Editor
    ) -> SavedPlainSettings:
        """Sets everything. device: number and name. Raises PreconditionFailed, Unavailable."""
        device_id, name = device
        caller = editor.caller
        async with self._database.transaction() as connection:
            before = await self._store.lock(connection, device_id)
            precondition.require(_current(before))
            after = SavedPlainSettings(
                settings, before.version + 1, from_micros(self._clock()), caller.account, editor.name
            )
            await self._store.put(connection, device_id, after)
            entry = AuditEntry(
                "plain_settings_changed",
                caller.account,
                f"device:{name}",
                _detail(before.settings),
                _detail(settings),
                caller.address,
                caller.request_id,
            )
            await self._audit.append(connection, entry)
        return after


def _current(found: SavedPlainSettings) -> CurrentVersion:
    return CurrentVersion(
        version=found.version,
        updated_at=found.updated_at,
        updated_by=found.updated_by,
        updated_by_name=found.updated_by_name,
    )


def _detail(settings: PlainSettings) -> Detail:
    return {
        "takes_text": settings.takes_text,
        "time_keys": list(settings.time_keys),
        "time_zone": settings.time_zone,
        "left_out": list(settings.left_out),
    }
