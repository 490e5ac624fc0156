"""Closes the ledger after a restore: readings that can never arrive are recorded as lost, with an audit entry."""

from pulse_contracts.ranges import Ranges, count
from pulse_postgres import AuditEntry
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.model.errors import HeldReadingsUnknown
from pulse_telemetry_gateway.model.ledger.lost_ranges import lost_ranges
from pulse_telemetry_gateway.store.lost_ranges import LostRangeStore


class LostRanges:
    """Readings that a restore of the database has lost."""

    def __init__(self, store: LostRangeStore, audit: AuditTrail) -> None:
        self._store, self._audit = store, audit

    async def close(self, device: tuple[int, str], actor: str, *, is_dry_run: bool) -> dict[int, Ranges]:
        """Returns the lost ranges of a device (number and name) by epoch, and records them unless it is a dry run.
        Raises HeldReadingsUnknown, Unavailable."""
        async with self._store.locked(device[0]) as ledger:
            streams = await ledger.incomplete()
            held = await ledger.held()
            if held is None:
                if not streams:
                    return {}
                raise HeldReadingsUnknown(
                    f"{device[1]} has not said what it still holds: wait until it has connected once, "
                    "and until it has delivered its backlog"
                )
            found = lost_ranges(streams, held)
            if found and not is_dry_run:
                await ledger.close(found)
                n = sum(map(count, found.values()))
                detail = {"epochs": len(found), "readings": n}
                entry = AuditEntry("readings_lost_by_restore", actor, f"device:{device[1]}", None, detail, None, None)
                await self._audit.append(ledger.connection, entry)
        return found
