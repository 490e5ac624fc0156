"""What is derived from the log or swept in the background, each in its own transaction."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from pulse_contracts.errors import Unavailable
from pulse_telemetry_gateway.model.columns import decode, series_of
from pulse_telemetry_gateway.store.log import LatestReading, LogStore, QuarantineStore, StoredBatch

log = logging.getLogger("pulse.upkeep")
_ROWS = 1_000


class Latest:
    """Keeps the newest reading of each series: forward only in (ord, seq), so that a replay never overwrites a live
    value and a wrong clock never freezes one."""

    def __init__(self, store: LogStore, every: timedelta) -> None:
        self._store, self._every = store, every.total_seconds()

    async def run(self) -> None:
        """Follows the log until cancelled."""
        while True:
            try:
                is_behind = await self.catch_up()
            except Unavailable as error:
                log.debug("latest waits: %s", error)
                is_behind = False
            if not is_behind:
                await asyncio.sleep(self._every)

    async def catch_up(self) -> bool:
        """One step for every device that is behind; whether there is more."""
        is_behind = False
        for device_id in await self._store.behind_latest():
            rows = await self._store.unapplied(device_id, _ROWS)
            if rows:
                await self._store.apply_latest(device_id, newest(rows), rows[-1].pos)
                is_behind = is_behind or len(rows) == _ROWS
        return is_behind


def newest(rows: list[StoredBatch]) -> list[LatestReading]:
    """The newest reading of each series in these rows. A row that cannot hold a newer one is not unpacked."""
    found: dict[int, LatestReading] = {}
    for row in sorted(rows, key=lambda r: (r.ord, r.hi), reverse=True):
        ids = series_of(row.payload).tolist()
        if all(s in found and (found[s].ord, found[s].seq) >= (row.ord, row.hi - 1) for s in ids):
            continue
        columns = decode(row.payload, row.lo)
        for i, x in enumerate(columns.x.tolist()):
            series, seq = ids[x], int(columns.seq[i])
            have = found.get(series)
            if have is None or (row.ord, seq) > (have.ord, have.seq):
                t, word = int(columns.t[i]), int(columns.word[i])
                found[series] = LatestReading(series, row.ord, row.epoch, seq, t, word)
    return list(found.values())


class Upkeep:
    """Partitions ahead of time, and a bounded quarantine."""

    def __init__(self, store: LogStore, quarantine: QuarantineStore) -> None:
        self._store, self._quarantine = store, quarantine

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            delay = await self.round()
            await asyncio.sleep(delay.total_seconds())

    async def round(self) -> timedelta:
        """Once; how long until the next time. A minute when the log was in use or away: days are made ahead, what finds
        none falls into the default partition, and each attempt holds ingest up for a moment."""
        try:
            await self._quarantine.trim()
            await self._store.make_partitions(datetime.now(UTC), 3)
        except Unavailable as error:
            log.debug("upkeep waits: %s", error)
            return timedelta(minutes=1)
        return timedelta(minutes=10)
