"""The audit trail of telemetry: who took readings and quarantined messages away. What cannot be noted is not given."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pulse_postgres import Audit, AuditEntry, Database
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.export import Wanted
from pulse_telemetry_gateway.model.tables import Format

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMED = 20


class Notes:
    """Writes entries. `clock` in microseconds."""

    def __init__(self, database: Database, audit: Audit, clock: Callable[[], int]) -> None:
        self._database, self._audit, self._clock = database, audit, clock

    async def exported(
        self,
        wanted: Wanted,
        form: Format,
        *,
        actor: str | None,
        address: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """An export begins. Raises Unavailable, and then it must not."""
        named = ",".join(map(str, wanted.series[:_NAMED]))
        after: Detail = {
            "series": named if len(wanted.series) <= _NAMED else f"{named} and {len(wanted.series) - _NAMED} more",
            "from": wanted.start,
            "to": wanted.end,
            "format": form,
            "after": wanted.after.text() if wanted.after else None,
        }
        await self._append(AuditEntry("readings_exported", actor, None, None, after, address, request_id))

    async def downloaded(self, message: int, *, actor: str | None, address: str | None, request_id: str | None) -> None:
        """A quarantined message's bytes are given out. Raises Unavailable, and then they must not."""
        entry = AuditEntry("quarantine_downloaded", actor, f"message:{message}", None, None, address, request_id)
        await self._append(entry)

    async def _append(self, entry: AuditEntry) -> None:
        now = _EPOCH + timedelta(microseconds=self._clock())
        async with self._database.transaction() as connection:
            await self._audit.append(connection, entry, now)
