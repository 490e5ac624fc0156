"""The audit trail of telemetry: exports, downloads, deletions and changed settings. What cannot be recorded is not
done."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from pulse_contracts.times import from_micros
from pulse_postgres import Audit, AuditEntry, Connection, Database, call_audit_hook
from pulse_postgres.audit import Detail
from pulse_postgres.database import after_commit
from pulse_telemetry_gateway.actions.export import ExportRequest
from pulse_telemetry_gateway.model.history.export_formats import Format

_NAMED = 20


class AuditTrail:
    """Writes entries. `clock` in microseconds. `on_device`: called with the id of a device after the commit of an entry
    about it."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        clock: Callable[[], int],
        on_device: Callable[[str], None] = lambda _device: None,
    ) -> None:
        self._database, self._audit, self._clock, self._on_device = database, audit, clock, on_device

    async def exported(
        self,
        request: ExportRequest,
        form: Format,
        *,
        actor: str | None,
        address: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """Records that an export starts. Raises Unavailable; the export must not start then."""
        named = ",".join(map(str, request.series[:_NAMED]))
        after: Detail = {
            "series": named if len(request.series) <= _NAMED else f"{named} and {len(request.series) - _NAMED} more",
            "from": request.start,
            "to": request.end,
            "format": form,
            "after": request.after.text() if request.after else None,
        }
        await self._append(AuditEntry("readings_exported", actor, None, None, after, address, request_id))

    async def downloaded(self, message: int, *, actor: str | None, address: str | None, request_id: str | None) -> None:
        """Records that the bytes of a quarantined message are downloaded. Raises Unavailable; the download must fail
        then."""
        entry = AuditEntry("quarantine_downloaded", actor, f"message:{message}", None, None, address, request_id)
        await self._append(entry)

    async def append(self, connection: Connection, entry: AuditEntry) -> None:
        """Writes an entry as the last statement of the caller's transaction."""
        kind, _, device = (entry.target or "").partition(":")
        if kind == "device":
            after_commit(partial(self._on_device, device))
        await self._audit.append(connection, entry, self._now())

    async def unrecorded(self, connection: Connection) -> None:
        """Marks a change in the caller's transaction that needs no entry, so that a repeated request with its
        `Idempotency-Key` does not make it again."""
        await call_audit_hook(connection)

    def _now(self) -> datetime:
        return from_micros(self._clock())

    async def _append(self, entry: AuditEntry) -> None:
        async with self._database.transaction() as connection:
            await self._audit.append(connection, entry, self._now())
