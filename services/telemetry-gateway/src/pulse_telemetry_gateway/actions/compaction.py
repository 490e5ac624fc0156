"""Compaction: turns the log into chunks and roll-ups, in bounded steps of one transaction each, idempotent by feed
position. Merges small or overlapping chunks when there is nothing else to do."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import for_each
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
    """lag: latest time from arrival to chunk while compaction keeps up. rows: log rows in one step. readings:
    approximate limit of readings in one step. pause: time between two steps, which leaves the database to ingest.
    quiet: a day of a series is merged when nothing was added to it for this long."""

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
            "compaction_unreadable", "Log rows and days of chunks that could not be decoded"
        )
        self._waiting = metrics.gauge("compaction_waiting_rows", "Log rows that are not in chunks yet")

    async def round(self) -> bool:
        """One step for each device that is behind, or a few merges when none is. Returns whether there was work.
        Raises Unavailable."""
        behind = await self._store.behind(self._pace.lag, self._pace.rows)

        async def compact(device_id: int) -> None:
            await self.step(device_id)
            await asyncio.sleep(self._pace.pause.total_seconds())

        await for_each(behind, compact)
        is_busy = bool(behind) or await self.merge_some() > 0
        self._waiting.set(await self._store.waiting())
        return is_busy

    async def step(self, device_id: int) -> int:
        """Compacts the oldest rows of a device. Returns how many; 0 means that there are none or that another replica
        has the claim. Rows that cannot be decoded are moved to `unreadable` with their bytes."""
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
        """Compacts every row that is in the log now, without pauses. Returns how many."""
        total = 0
        for device_id in await self._store.behind(timedelta(0), 1):
            while done := await self.step(device_id):
                total += done
        return total

    async def merge_some(self, pieces: int = _PIECES, quiet: timedelta | None = None) -> int:
        """Merges the chunks of some days of series. Returns how many days were merged. A day whose chunks cannot be
        decoded is skipped from then on."""
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
    """The rows that can be decoded, and the others with the error."""
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
    """The chunks and roll-ups of log rows. Raises ValueError for a row that cannot be decoded."""
    readings = gather([(row.epoch, row.received, decode(row.payload, row.lo)) for row in rows]).in_order()
    minutes = of_readings(readings, WIDTH["1m"])
    return Derived(chunks_of(readings), {"1m": minutes, "1h": coarser(minutes, WIDTH["1h"])})


def merged(source: MergeInput) -> Derived:
    """The same readings and roll-ups in as few rows as possible. Raises ValueError for a chunk that cannot be
    decoded."""
    readings = join([unpack(chunk, source.kind) for chunk in source.chunks.values()]).in_order()
    rollups: dict[Level, Rollups] = {level: merge(found) for level, found in source.rollups.items()}
    return Derived(chunks_of(readings), rollups)
