"""Names and units that people give: they stand above what a device says of itself."""

from pulse_chassis.identity.caller import Caller
from pulse_postgres import AuditEntry, Database
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.model.errors import UnknownDevice, UnknownSeries
from pulse_telemetry_gateway.store.registry import RegistryStore


class Renaming:
    """Each call is one transaction with its entry in the audit trail."""

    def __init__(self, database: Database, registry: RegistryStore, audit: AuditTrail) -> None:
        self._database, self._registry, self._audit = database, registry, audit

    async def device(self, name: str, given: str | None, caller: Caller) -> None:
        """None: as the device calls itself. Raises UnknownDevice, Unavailable."""
        device_id = await self._registry.find(name)
        if device_id is None:
            raise UnknownDevice(f"there is no device {name}")
        async with self._database.transaction() as connection:
            await self._registry.rename_device(connection, device_id, given)
            entry = _entry("device_renamed", name, {"name": given}, caller)
            await self._audit.append(connection, entry)

    async def series(self, series_id: int, name: str | None, unit: str | None, caller: Caller) -> None:
        """None: as the device says. Raises UnknownSeries, Unavailable."""
        found = (await self._registry.devices_of([series_id])).get(series_id)
        if found is None:
            raise UnknownSeries(f"there is no series {series_id}")
        async with self._database.transaction() as connection:
            await self._registry.rename_series(connection, series_id, name, unit)
            detail: Detail = {"series": series_id, "name": name, "unit": unit}
            await self._audit.append(connection, _entry("series_renamed", found[1], detail, caller))


def _entry(kind: str, device: str, after: Detail, caller: Caller) -> AuditEntry:
    return AuditEntry(kind, caller.account, f"device:{device}", None, after, caller.address, caller.request_id)
