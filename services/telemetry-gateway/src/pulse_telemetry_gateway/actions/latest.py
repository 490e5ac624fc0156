"""The newest reading of each series, derived from the batch log in transactions of its own."""

import structlog

from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import for_each
from pulse_contracts.telemetry import PLAIN_EPOCH
from pulse_contracts.times import to_micros
from pulse_telemetry_gateway.model.storage.columns import decode, series_of
from pulse_telemetry_gateway.store.log import LatestReading, LogStore, StoredBatch

log = structlog.get_logger("pulse.latest")
_ROWS = 1_000


class Latest:
    """Maintains the newest reading of each series. It only moves forward in (ord, rank, seq): a replay never overwrites
    a live value, and a wrong clock never freezes one."""

    def __init__(self, store: LogStore, metrics: Metrics | None = None) -> None:
        self._store = store
        self._unreadable = (metrics or Metrics()).counter(
            "latest_unreadable_rows", "Log rows that could not be decoded and were skipped"
        )

    async def catch_up(self) -> bool:
        """Derives one page of rows for each device that is behind. Returns whether more rows are waiting."""
        full_pages: list[int] = []

        async def derive(device_id: int) -> None:
            rows = await self._store.unapplied(device_id, _ROWS)
            if not rows:
                return
            found, unreadable = newest(rows)
            await self._store.apply_latest(device_id, found, rows[-1].pos)
            for row in unreadable:
                log.error("stored_batch_unreadable", device_id=device_id, position=row.pos)
                self._unreadable.inc()
            if len(rows) == _ROWS:
                full_pages.append(device_id)

        await for_each(await self._store.behind_latest(), derive)
        return bool(full_pages)


def newest(rows: list[StoredBatch]) -> tuple[list[LatestReading], list[StoredBatch]]:
    """The newest reading of each series in these rows, and the rows that cannot be decoded. A row that cannot hold a
    newer reading is not decompressed."""
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
        arrived = to_micros(row.received)
        for i, x in enumerate(columns.x.tolist()):
            series, seq, t = ids[x], int(columns.seq[i]), int(columns.t[i])
            rank = min(t, arrived) if is_plain else seq
            have = found.get(series)
            if have is None or (row.ord, rank, seq) > (have.ord, have.rank, have.seq):
                found[series] = LatestReading(series, row.ord, rank, row.epoch, seq, t, int(columns.word[i]))
    return list(found.values()), unreadable
