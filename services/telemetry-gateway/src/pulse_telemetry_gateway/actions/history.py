"""Reads the history of series from chunks, roll-ups, and log rows that are not in chunks yet."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import structlog
from numpy.typing import NDArray

from pulse_contracts.errors import Unavailable
from pulse_telemetry_gateway.model.errors import InvalidRange, TooMuch, UnknownSeries
from pulse_telemetry_gateway.model.history.levels import Plan, Source, by_edges, gaps, inside, plan, whole_buckets
from pulse_telemetry_gateway.model.history.sampling import Window, m4
from pulse_telemetry_gateway.model.storage import rollups as roll
from pulse_telemetry_gateway.model.storage.chunks import Chunk, Readings, gather, join, unpack
from pulse_telemetry_gateway.model.storage.columns import BOOL, FLOAT, Columns, Ints, decode, series_of
from pulse_telemetry_gateway.model.storage.rollups import WIDTH, Rollups
from pulse_telemetry_gateway.store.compaction import LogRow
from pulse_telemetry_gateway.store.history import HistoryStore, Snapshot
from pulse_telemetry_gateway.store.registry import RegistryStore

log = structlog.get_logger("pulse.history")
_SAMPLE_ABOVE = 100_000
_LONGEST = 100 * 366 * 86_400_000_000
_SOME_SECONDS, _SOME_MILLIS, _SOME_MICROS = 10**8, 10**11, 10**14
"""1973 in seconds, milliseconds and microseconds: a range between these numbers is in the wrong unit."""
AHEAD_AFTER = 300_000_000
"""Microseconds ahead of the gateway's clock from which a reading counts as in the future."""
_AT_ONCE = 50
_RAW_AT_ONCE = 2_000_000
"""Single readings of several series in memory: some hundred megabytes."""
_CELLS = 100_000
"""Series times buckets in one answer."""


@dataclass(frozen=True)
class Quality:
    """source: the level that answered. gaps: the widest gaps between readings. late: readings that arrived more than a
    minute after their time. clock_suspect: the device's clock was off. unreadable: stored batches of the devices that
    cannot be decoded and may hold readings of these series. ahead_from: time (microseconds) from which readings are in
    the future; None when there are none."""

    source: Source
    gaps: list[tuple[int, int]]
    late: int
    clock_suspect: bool
    unreadable: int
    ahead_from: int | None


@dataclass(frozen=True)
class Sampled:
    """`n` readings are in the range. `t` (microseconds) and `v` hold all of them or an M4 sample."""

    n: int
    t: list[int]
    v: list[bool | int | float]
    quality: Quality

    @property
    def is_sampled(self) -> bool:
        """Whether readings were left out."""
        return self.n > len(self.t)


@dataclass(frozen=True)
class Aligned:
    """Buckets of several series on one axis: bucket k is [plan.edges[k], plan.edges[k + 1])."""

    plan: Plan
    kinds: dict[int, int]
    found: Rollups
    quality: Quality


def check_range(start: int, end: int) -> None:
    """Raises InvalidRange."""
    if not start < end:
        raise InvalidRange(f"from must be before to, but from={start} and to={end}")
    if end - start > _LONGEST:
        raise InvalidRange("the range is longer than 100 years: choose a shorter one")
    if start >= _SOME_SECONDS and end < _SOME_MICROS:
        unit = "seconds" if end < _SOME_MILLIS else "milliseconds"
        raise InvalidRange(f"from and to are microseconds since 1970 UTC, and {start} looks like {unit}")


@dataclass(frozen=True)
class HistoryLimits:
    """Each of `at_once` requests holds a connection, so that ingest never waits for one. `clock_suspect` is in
    microseconds."""

    deadline: timedelta
    at_once: int
    clock_suspect: int


class History:
    """Answers each query from one snapshot."""

    def __init__(
        self,
        store: HistoryStore,
        registry: RegistryStore,
        limits: HistoryLimits,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._store, self._registry, self._limits, self._clock = store, registry, limits, clock
        self._slots = asyncio.Semaphore(limits.at_once)

    async def known(self, series: Sequence[int]) -> dict[int, tuple[int, int]]:
        """(device id, type) of each series. Raises UnknownSeries."""
        found = await self._registry.devices_of(series)
        for one in series:
            if one not in found:
                raise UnknownSeries(f"unknown series {one}")
        return {one: (found[one][0], found[one][2]) for one in series}

    @asynccontextmanager
    async def moment(self) -> AsyncIterator[Snapshot]:
        """A snapshot within the deadline. Raises Unavailable when the deadline has passed."""
        try:
            async with asyncio.timeout(self._limits.deadline.total_seconds()):
                async with self._slots, self._store.snapshot() as snapshot:
                    yield snapshot
        except TimeoutError as error:
            raise Unavailable(f"the query took longer than {self._limits.deadline}: ask for a shorter range") from error

    async def readings(self, series: int, start: int, end: int, points: int) -> Sampled:
        """Readings of [start, end) ordered by time: all of them, or an M4 sample with the first, last, least and
        greatest of each bucket. Raises UnknownSeries, InvalidRange, Unavailable."""
        check_range(start, end)
        device_id, kind = (await self.known([series]))[series]
        async with self.moment() as snapshot:
            retained = await snapshot.retained()
            extent = await snapshot.extent([series], start, end)
            chosen = plan(start, end, max(1, points // 4), extent.n, retained)
            fresh, unread = await _unchunked(snapshot, {series: (device_id, kind)}, start, end)
            found = _Sampler(chosen, kind, points)
            found.add(len(fresh), fresh.t, fresh.word)
            late = int(fresh.late.sum())
            if chosen.level is None:
                await _add_chunks(found, snapshot, series, kind, (start, end))
                late += extent.late
            else:
                inner = inside(start, end, WIDTH[chosen.level], retained.raw)
                rollups = await snapshot.rollups(chosen.level, {series: kind}, *inner)
                t, word = await asyncio.to_thread(rollups.points) if len(rollups) else (fresh.t[:0], fresh.t[:0])
                keep = (t >= start) & (t < end)
                found.add(int(rollups.n.sum()), t[keep], word[keep])
                late += int(rollups.late.sum())
                for edge in ((start, inner[0]), (inner[1], end)):
                    if edge[0] < edge[1]:
                        await _add_chunks(found, snapshot, series, kind, edge)
            suspect = await self._is_suspect(snapshot, [device_id], extent.epochs, fresh, (start, end))
            unread += await snapshot.put_aside([device_id], start, end)
        t, word = await asyncio.to_thread(found.result)
        times = t.tolist()
        ahead = self._ahead(times[-1] if times else 0)
        quality = Quality(chosen.source, _gaps(times, found, chosen), late, suspect, unread, ahead)
        return Sampled(found.n, times, values(word, kind), quality)

    async def aligned(self, series: Sequence[int], start: int, end: int, buckets: int | Sequence[int]) -> Aligned:
        """Roll-ups of several series in the same buckets over exactly [start, end): at most so many buckets, or those
        between these edges. Raises UnknownSeries, InvalidRange, TooMuch, Unavailable."""
        check_range(start, end)
        series = list(dict.fromkeys(series))
        most = buckets if isinstance(buckets, int) else len(buckets) - 1
        if len(series) > _AT_ONCE:
            raise TooMuch(f"{len(series)} series exceed the limit of {_AT_ONCE}: ask for fewer")
        if len(series) * most > _CELLS:
            raise TooMuch(f"{len(series)} series of {most} points exceed the limit of {_CELLS} points in all")
        known = await self.known(series)
        kinds = {one: kind for one, (_, kind) in known.items()}
        async with self.moment() as snapshot:
            extent = await snapshot.extent(series, start, end)
            retained = await snapshot.retained()
            if isinstance(buckets, int):
                chosen = plan(start, end, buckets, extent.n, retained)
                if chosen.level is None and extent.n > _RAW_AT_ONCE:
                    chosen = whole_buckets(start, end, buckets, "1m")  # wider buckets bound the memory
            else:
                found_plan = by_edges(buckets, extent.n, retained)
                if found_plan is None:
                    raise InvalidRange(
                        "only hourly values are kept of that time, and these buckets do not start on an hour of UTC: "
                        "choose tz=UTC, longer buckets, or a later from"
                    )
                chosen = found_plan
                if chosen.level is None and extent.n > _RAW_AT_ONCE:
                    raise TooMuch(
                        f"{extent.n} readings are too many for such buckets: ask for a shorter range or longer buckets"
                    )
            fresh, unread = await _unchunked(snapshot, known, start, end)
            devices = sorted({device for device, _ in known.values()})
            unread += await snapshot.put_aside(devices, start, end)
            parts, stored, edges = [fresh], [], [(start, end)]
            if chosen.level is not None:
                inner = inside(start, end, WIDTH[chosen.level], retained.raw)
                stored.append(await snapshot.rollups(chosen.level, kinds, *inner))
                edges = [edge for edge in ((start, inner[0]), (inner[1], end)) if edge[0] < edge[1]]
            for edge in edges:
                async with aclosing(snapshot.chunks(series, *edge)) as pieces:
                    async for chunks in pieces:
                        parts += [await asyncio.to_thread(_unpacked, chunks, kinds, *edge)]
            found = await asyncio.to_thread(_together, stored, join(parts), chosen)
            suspect = await self._is_suspect(snapshot, devices, extent.epochs, fresh, (start, end))
        ahead = self._ahead(int(found.t_last.max()) if len(found) else 0)
        return Aligned(chosen, kinds, found, Quality(chosen.source, [], int(found.late.sum()), suspect, unread, ahead))

    async def quality(
        self, snapshot: Snapshot, device_id: int, found: Readings, span: tuple[int, int], unread: int
    ) -> Quality:
        """The quality of all single readings in a span. More than five times the median distance is a gap."""
        times = found.t.tolist()
        widest = gaps(times, 5 * int(np.median(np.diff(times)))) if len(times) > 1 else []
        suspect = await self._is_suspect(snapshot, [device_id], frozenset(), found, span)
        unread += await snapshot.put_aside([device_id], *span)
        ahead = self._ahead(times[-1] if times else 0)
        return Quality("raw", widest, int(found.late.sum()), suspect, unread, ahead)

    def _ahead(self, last: int) -> int | None:
        limit = self._clock() + AHEAD_AFTER
        return limit if last > limit else None

    async def _is_suspect(
        self,
        snapshot: Snapshot,
        devices: list[int],
        of_chunks: frozenset[int],
        fresh: Readings,
        span: tuple[int, int],
    ) -> bool:
        epochs = of_chunks | set(np.unique(fresh.epoch).tolist())
        return await snapshot.is_clock_suspect(devices, sorted(epochs), self._limits.clock_suspect, span)


class _Sampler:
    """Collects readings and samples them once there are many: a sample of a sample is the sample of all."""

    def __init__(self, chosen: Plan, kind: int, points: int) -> None:
        self._window = Window(chosen.start, chosen.end, chosen.buckets)
        self._kind, self._points = kind, points
        self.n, self.is_sampled = 0, chosen.level is not None
        self._t, self._word = np.empty(0, np.int64), np.empty(0, np.int64)

    def add(self, n: int, t: Ints, word: Ints) -> None:
        """Adds n readings, of which these are all or a sample."""
        self.n += n
        self._t, self._word = np.concatenate((self._t, t)), np.concatenate((self._word, word))
        if len(self._t) > _SAMPLE_ABOVE + 4 * self._points:
            self._sample()

    def result(self) -> tuple[Ints, Ints]:
        """Times and words, ascending in time."""
        if self.is_sampled or len(self._t) > self._points:
            self._sample()
        order = np.argsort(self._t, kind="stable")
        return self._t[order], self._word[order]

    def _sample(self) -> None:
        value: NDArray[np.float64] | Ints = self._word.view(np.float64) if self._kind == FLOAT else self._word
        kept = m4(self._t, value, self._window)
        self._t, self._word, self.is_sampled = self._t[kept], self._word[kept], True


async def _add_chunks(found: _Sampler, snapshot: Snapshot, series: int, kind: int, span: tuple[int, int]) -> None:
    async with aclosing(snapshot.chunks([series], *span)) as pieces:
        async for chunks in pieces:
            readings = await asyncio.to_thread(_unpacked, chunks, {series: kind}, *span)
            found.add(len(readings), readings.t, readings.word)


async def _unchunked(
    snapshot: Snapshot, known: dict[int, tuple[int, int]], start: int, end: int
) -> tuple[Readings, int]:
    parts: list[Readings] = []
    unread = 0
    devices = sorted({device for device, _ in known.values()})
    async with aclosing(snapshot.unchunked(devices, start, end)) as pieces:
        async for rows in pieces:
            part, n = await asyncio.to_thread(picked, rows, frozenset(known), start, end)
            parts.append(part)
            unread += n
    return join(parts), unread


def picked(rows: list[LogRow], series: frozenset[int], start: int, end: int) -> tuple[Readings, int]:
    """The readings of these series in [start, end) from log rows, and the number of rows that cannot be decoded. Rows
    without these series are not decompressed."""
    wanted = np.asarray(sorted(series), np.int64)
    holding: list[tuple[int, int, Columns]] = []
    unread = 0
    for row in rows:
        try:
            if np.isin(series_of(row.payload), wanted).any():
                holding.append((row.epoch, row.received, decode(row.payload, row.lo)))
        except ValueError as error:
            unread += 1
            log.debug("stored_batch_unreadable", position=row.pos, reason=str(error))
    found = gather(holding)
    return found.take(np.isin(found.series, wanted) & (found.t >= start) & (found.t < end)), unread


def _unpacked(chunks: list[Chunk], kinds: dict[int, int], start: int, end: int) -> Readings:
    found = join([unpack(chunk, kinds[chunk.series]) for chunk in chunks])
    return found.take((found.t >= start) & (found.t < end))


def _together(stored: list[Rollups], single: Readings, chosen: Plan) -> Rollups:
    mine = roll.readings_in_buckets(single, chosen.edges)
    return roll.in_buckets(roll.join([*stored, mine]), chosen.edges) if stored else mine


def _gaps(times: list[int], found: _Sampler, chosen: Plan) -> list[tuple[int, int]]:
    """Five times the usual distance is a gap; in a sample at least two buckets."""
    if len(times) < 2:
        return []
    usual = (times[-1] - times[0]) // max(1, found.n - 1)
    if not found.is_sampled:
        usual = int(np.median(np.diff(times)))
    return gaps(times, max(5 * usual, 2 * chosen.width if found.is_sampled else 0))


def values(word: Ints, kind: int) -> list[bool | int | float]:
    """The values of 64-bit words."""
    if kind == FLOAT:
        floats: list[bool | int | float] = word.view(np.float64).tolist()
        return floats
    if kind == BOOL:
        return [bool(w) for w in word.tolist()]
    ints: list[bool | int | float] = word.tolist()
    return ints
