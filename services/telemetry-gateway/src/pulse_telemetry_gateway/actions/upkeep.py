"""What is derived from the log or swept in the background, each in its own transaction."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_contracts.telemetry import PLAIN_EPOCH
from pulse_telemetry_gateway.model.columns import decode, series_of
from pulse_telemetry_gateway.store.log import LatestReading, LogStore, StoredBatch
from pulse_telemetry_gateway.store.quarantine import QuarantineStore

log = logging.getLogger("pulse.upkeep")
_ROWS = 1_000
_BACK_OFF = timedelta(seconds=30)
_1970 = datetime(1970, 1, 1, tzinfo=UTC)


class Latest:
    """Keeps the newest reading of each series: forward only in (ord, rank, seq), so that a replay never overwrites a
    live value and a wrong clock never freezes one."""

    def __init__(self, store: LogStore, every: timedelta, metrics: Metrics | None = None) -> None:
        self._store, self._every = store, every.total_seconds()
        metrics = metrics or Metrics()
        self._unreadable = metrics.counter("latest_unreadable_rows", "Rows of the log that could not be read: skipped")
        self._failures = metrics.counter("latest_failures", "Rounds that ended in an error of ours: tried again")

    async def run(self) -> None:
        """Follows the log until cancelled; an error of ours must not end ingest, which goes on without."""
        while True:
            delay = self._every
            try:
                is_behind = await self.catch_up()
            except Unavailable as error:
                log.debug("latest waits: %s", error)
                is_behind = False
            except Exception:
                log.exception("the newest values are not derived: tried again")
                self._failures.inc()
                is_behind, delay = False, _BACK_OFF.total_seconds()
            if not is_behind:
                await asyncio.sleep(delay)

    async def catch_up(self) -> bool:
        """One step for every device that is behind; whether there is more."""
        is_behind = False
        for device_id in await self._store.behind_latest():
            rows = await self._store.unapplied(device_id, _ROWS)
            if rows:
                found, unreadable = newest(rows)
                await self._store.apply_latest(device_id, found, rows[-1].pos)
                for row in unreadable:
                    log.error("a stored batch cannot be read: device=%d position=%d", device_id, row.pos)
                    self._unreadable.inc()
                is_behind = is_behind or len(rows) == _ROWS
        return is_behind


def newest(rows: list[StoredBatch]) -> tuple[list[LatestReading], list[StoredBatch]]:
    """The newest reading of each series in these rows, and the rows that cannot be read. A row that cannot hold a newer
    one is not unpacked."""
    found: dict[int, LatestReading] = {}
    unreadable: list[StoredBatch] = []
    for row in sorted(rows, key=lambda r: (r.ord, r.hi), reverse=True):
        is_plain = row.epoch == PLAIN_EPOCH
        try:
            ids = series_of(row.payload).tolist()
            if not is_plain and all(s in found and (found[s].ord, found[s].rank) >= (row.ord, row.hi - 1) for s in ids):
                continue
            columns = decode(row.payload, row.lo)
        except ValueError:
            unreadable.append(row)
            continue
        arrived = _micros(row.received)
        for i, x in enumerate(columns.x.tolist()):
            series, seq, t = ids[x], int(columns.seq[i]), int(columns.t[i])
            rank = min(t, arrived) if is_plain else seq
            have = found.get(series)
            if have is None or (row.ord, rank, seq) > (have.ord, have.rank, have.seq):
                found[series] = LatestReading(series, row.ord, rank, row.epoch, seq, t, int(columns.word[i]))
    return list(found.values()), unreadable


def _micros(at: datetime) -> int:
    since = at - _1970
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


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
