"""Housekeeping of the tables: daily partitions of the batch log, and the bounds of the quarantine."""

from datetime import UTC, datetime

import structlog

from pulse_telemetry_gateway.store.log import LogInUse, LogStore
from pulse_telemetry_gateway.store.quarantine import QuarantineStore

log = structlog.get_logger("pulse.upkeep")
_DAYS_AHEAD = 3


class Upkeep:
    """Steps of two background jobs."""

    def __init__(self, store: LogStore, quarantine: QuarantineStore) -> None:
        self._store, self._quarantine = store, quarantine

    async def make_partitions(self) -> None:
        """Makes the log's partitions for today and the next two days. A batch whose day has no partition goes to the
        default partition. Does nothing while another transaction holds the log; each attempt blocks ingest for up to
        100 ms, so the next one should follow after a minute. Raises Unavailable."""
        try:
            await self._store.make_partitions(datetime.now(UTC), _DAYS_AHEAD)
        except LogInUse as error:
            log.debug("partitions_postponed", reason=str(error))

    async def trim_quarantine(self) -> None:
        """Deletes the oldest quarantined messages beyond the bounds. Raises Unavailable."""
        await self._quarantine.trim()
