"""Names of devices that users set. They take precedence over what a device declares."""

from pulse_chassis.identity.caller import Caller
from pulse_postgres import AuditEntry, Database
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.model.errors import UnknownDevice
from pulse_telemetry_gateway.store.registry import RegistryStore


class Renaming:
    """Each call is one transaction with its audit entry."""

    def __init__(self, database: Database, registry: RegistryStore, audit: AuditTrail) -> None:
        self._database, self._registry, self._audit = database, registry, audit

    async def device(self, name: str, new_name: str | None, caller: Caller) -> None:
        """Sets the name of a device; None restores the declared one. Raises UnknownDevice, Unavailable."""
        device_id = await self._registry.find(name)
        async with self._database.transaction() as connection:
            if device_id is None or not await self._registry.rename_device(connection, device_id, new_name):
                raise UnknownDevice(f"unknown device {name}")
            entry = _entry("device_renamed", name, {"name": new_name}, caller)
            await self._audit.append(connection, entry)


def _entry(kind: str, device: str, after: Detail, caller: Caller) -> AuditEntry:
    return AuditEntry(kind, caller.account, f"device:{device}", None, after, caller.address, caller.request_id)
