"""The log becomes chunks and roll-ups: in bounded steps, each one transaction, idempotent by feed position; and small
or overlapping pieces become large ones in quiet time."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from pulse_chassis.observability.metrics import Metrics
from pulse_telemetry_gateway.model.storage.chunks import READINGS_MAX, chunks_of, gather, join, unpack
from pulse_telemetry_gateway.model.storage.columns import decode
from pulse_telemetry_gateway.model.storage.rollups import WIDTH, Level, Rollups, coarser, merge, of_readings
from pulse_telemetry_gateway.store.compaction import CompactionStore, Derived, LogRow, MergedMeanwhile, MergeInput
from pulse_telemetry_gateway.store.partitions import Partitions, month_of

log = structlog.get_logger("pulse.compaction")
_PIECES = 32
_MERGES = 200


@dataclass(frozen=True)
class CompactionPace:
    """`lag`: readings are in chunks so long after they came, at the latest, while compaction keeps up. `rows`: of the
    log in one step; `readings`: about as many at most. `pause`: between two steps, which leaves ingest its turn.
    `quiet`: a day of a series that nothing was added to for so long is folded."""

    lag: timedelta
    rows: int
    readings: int
    pause: timedelta
    quiet: timedelta


class Compaction:
    """Works through the log, oldest rows first."""

    def __init__(
        self, store: CompactionStore, partitions: Partitions, pace: CompactionPace, metrics: Metrics | None = None
    ) -> None:
        self._store, self._partitions, self._pace = store, partitions, pace
        self._broken: set[tuple[int, int]] = set()
        metrics = metrics or Metrics()
        self._readings = metrics.counter("compaction_readings", "Readings written to chunks", ["kind"])
        self._unreadable = metrics.counter(
            "compaction_unreadable", "Rows of the log put aside, and days of chunks left alone, that cannot be read"
        )
        self._waiting = metrics.gauge("compaction_waiting_rows", "Rows of the log that are not in chunks yet")

    async def round(self) -> bool:
        """One step for each device that is behind, or a few merges when none is. Returns whether there was work.
        Raises Unavailable."""
        behind = await self._store.behind(self._pace.lag, self._pace.rows)
        for device_id in behind:
            await self.step(device_id)
            await asyncio.sleep(self._pace.pause.total_seconds())
        is_busy = bool(behind) or await self.merge_some() > 0
        self._waiting.set(await self._store.waiting())
        return is_busy

    async def step(self, device_id: int) -> int:
        """Compacts the oldest rows of a device; returns how many (0: nothing to do, or somebody else is at it). Rows
        that cannot be read are put aside with their bytes."""
        before = await self._store.claim(device_id)
        if before is None:
            return 0
        rows = await self._store.batches(device_id, before, self._pace.rows, self._pace.readings)
        if not rows:
            await self._store.release(device_id)
            return 0
        unreadable: list[tuple[LogRow, str]] = []
        try:
            derived = await asyncio.to_thread(derive, rows)
        except ValueError:
            good, unreadable = await asyncio.to_thread(readable, rows)
            derived = await asyncio.to_thread(derive, good)
        await self._partitions.ensure({month_of(chunk.t.start) for chunk in derived.chunks})
        aside = [row.pos for row, _ in unreadable]
        if not await self._store.advance(device_id, (before, rows[-1].pos), derived, aside):
            await self._store.release(device_id)
            return 0
        for row, error in unreadable:
            log.error("stored_batch_unreadable", device_id=device_id, position=row.pos, reason=error)
            self._unreadable.inc()
        self._readings.labels("compacted").inc(sum(chunk.n for chunk in derived.chunks))
        return len(rows)

    async def catch_up(self) -> int:
        """Every row there is now, without pauses; returns how many."""
        total = 0
        for device_id in await self._store.behind(timedelta(0), 1):
            while done := await self.step(device_id):
                total += done
        return total

    async def merge_some(self, pieces: int = _PIECES, quiet: timedelta | None = None) -> int:
        """Folds candidates that are worth it; returns how many. What cannot be made fewer is not looked at again."""
        done = 0
        candidates = await self._store.mergeable(pieces, self._pace.quiet if quiet is None else quiet, _MERGES)
        for series_id, day in candidates:
            if (series_id, day) in self._broken:
                continue
            source = await self._store.merge_input(series_id, day, READINGS_MAX)
            if source is None:
                continue
            try:
                derived = await asyncio.to_thread(merged, source)
            except ValueError as error:
                self._broken.add((series_id, day))
                self._unreadable.inc()
                log.error("chunks_unreadable", series_id=series_id, day=day, reason=str(error))  # noqa: TRY400
                continue
            try:
                has_small = any(chunk.n < READINGS_MAX for chunk in derived.chunks)
                await self._store.write_merge(source, derived, has_small=has_small)
            except MergedMeanwhile:
                log.debug("chunks_merged_elsewhere", series_id=series_id, day=day)
                continue
            self._readings.labels("merged").inc(sum(chunk.n for chunk in derived.chunks))
            done += 1
        return done


def readable(rows: list[LogRow]) -> tuple[list[LogRow], list[tuple[LogRow, str]]]:
    """Those that this program can read, and the others with the reason."""
    good: list[LogRow] = []
    bad: list[tuple[LogRow, str]] = []
    for row in rows:
        try:
            decode(row.payload, row.lo)
        except ValueError as error:
            bad.append((row, str(error)))
        else:
            good.append(row)
    return good, bad


def derive(rows: list[LogRow]) -> Derived:
    """What rows of the log become. Raises ValueError for a row that this program cannot read."""
    readings = gather([(row.epoch, row.received, decode(row.payload, row.lo)) for row in rows]).in_order()
    minutes = of_readings(readings, WIDTH["1m"])
    return Derived(chunks_of(readings), {"1m": minutes, "1h": coarser(minutes, WIDTH["1h"])})


def merged(source: MergeInput) -> Derived:
    """The same readings and roll-ups in as few pieces as can be."""
    readings = join([unpack(chunk, source.kind) for chunk in source.chunks.values()]).in_order()
    rollups: dict[Level, Rollups] = {level: merge(found) for level, found in source.rollups.items()}
    return Derived(chunks_of(readings), rollups)
