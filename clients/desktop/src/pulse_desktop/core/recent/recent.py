"""The recent values of every series: keeps them in memory, writes them to `recent.db` in a thread of its own, and
answers charts. It never delays or fails the collection: its own errors are logged once."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Reading, SeriesTable, StoreFailure
from pulse_desktop.core.recent.buckets import Bucket, Points, as_points, copied, reduced, single
from pulse_desktop.core.recent.file import Key, RecentFile
from pulse_desktop.core.recent.memory import COARSE, FINE, Held, Memory

log = structlog.get_logger("pulse.desktop.recent")

_WRITE_EVERY = 5.0
MAX_POINTS = 20_000
MAX_TIME = 2**62


class Recent:
    """The recent values in one state directory. `table` returns every series. `min_free`: see `RecentFile`."""

    def __init__(self, folder: Path, table: Callable[[], SeriesTable], clock: Clock, min_free: int) -> None:
        self._table, self._clock = table, clock
        self._memory, self._file = Memory(clock), RecentFile(folder, min_free)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="recent")
        self._has_bug = self._has_failed = self._is_closed = False

    def record(self, readings: Sequence[Reading]) -> None:
        """Adds readings that are durable. Raises nothing."""
        try:
            self._memory.record(readings)
        except Exception:  # a chart must not stop the collection
            if not self._has_bug:
                log.exception("recent_values_failed")
            self._has_bug = True

    def newest(self, series: int) -> Reading | None:
        """The newest reading of a series since the start; None before the first."""
        return self._memory.newest(series)

    def per_second(self, series: int) -> float:
        """Readings per second over the last ten seconds."""
        return self._memory.per_second(series)

    async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
        """The values of each series in `[start, end)`, in microseconds since 1970: at most `most` points, single
        readings if they are few enough, else buckets. Unknown series have no points. Raises ValueError unless
        0 <= `start` < `end` <= 2^62, and `most` is 1 to 20,000 divided by the number of series."""
        if not 0 <= start < end <= MAX_TIME or not 1 <= most * max(1, len(series)) <= MAX_POINTS:
            raise ValueError(f"cannot answer at most {most} points from {start} to {end}")
        keys: dict[int, Key] = {one.id: (one.name, one.type) for one in self._table()}
        held = {one: self._memory.held(one) for one in series}

        def answer() -> dict[int, Points]:
            return {
                one: selected(mine, self._stored(keys.get(one), start, end), start, end, most)
                for one, mine in held.items()
            }

        if self._is_closed:  # a window may ask until the engine has ended
            return answer()
        return await asyncio.get_running_loop().run_in_executor(self._executor, answer)

    def _stored(self, key: Key | None, start: int, end: int) -> tuple[list[Bucket], int]:
        """What the file has of a series, see `selected`. In the thread of the file."""
        if key is None or self._is_closed:
            return [], -1
        try:
            return self._file.read(key, start, end), self._file.inherited_until(key)
        except StoreFailure as failure:
            self._failed(failure)
            return [], -1

    async def run(self) -> None:
        """Writes the file every five seconds until cancelled."""
        while True:
            await asyncio.sleep(_WRITE_EVERY)
            await self._write()

    async def close(self) -> None:
        """Writes what is left and closes the file. Charts are then answered from memory."""
        try:
            await self._write()
            self._is_closed = True
            await asyncio.get_running_loop().run_in_executor(self._executor, self._file.close)
        finally:
            self._is_closed = True
            self._executor.shutdown(wait=False)

    async def _write(self) -> None:
        self._memory.tidy()
        keys: dict[int, Key] = {one.id: (one.name, one.type) for one in self._table()}
        taken = self._memory.take_pending()
        named = {keys[series]: buckets for series, buckets in taken.items() if series in keys}
        now = self._clock.micros()

        def write() -> None:
            self._file.write(named, now)

        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, write)
        except StoreFailure as failure:
            self._memory.give_back(taken)
            self._failed(failure)
        except Exception:  # a chart must not stop the collection
            if not self._has_bug:
                log.exception("recent_values_failed")
            self._has_bug = True
        else:
            if self._has_failed:
                log.info("recent_values_recovered")
            self._has_failed = False

    def _failed(self, failure: StoreFailure) -> None:
        level = log.debug if self._has_failed else log.warning
        level("recent_values_not_stored", error=str(failure), will_retry=True)
        self._has_failed = True


def selected(held: Held, stored: tuple[list[Bucket], int], start: int, end: int, most: int) -> Points:
    """The points of one series in `[start, end)`: the finest values that still exist at each time, merged if they are
    more than `most`. `stored`: buckets of the file, and the start of the newest one that another process wrote.

    Where the finer values do not reach back, the coarser ones take their place. A bucket that lies on the border is
    taken as well, so that no extreme is lost.
    """
    on_disk, inherited = stored
    step = (end - start) // most
    coarse = [b for b in _joined(on_disk, held.pending) if b.t + COARSE > start and b.t < end]
    if step >= COARSE:
        return as_points(reduced(coarse, start, end, most), is_raw=False)
    coarse = [b for b in coarse if b.first_t < held.fine_from or b.t <= inherited]
    fine = [b for b in held.fine if b.last_t >= held.fine_from and b.t + FINE > start and b.t < end]
    if step >= FINE:
        return as_points(reduced(coarse + fine, start, end, most), is_raw=False)
    fine = [b for b in fine if b.first_t < held.raw_from]
    raw = [single(t, t, value) for t, value in held.raw if t >= held.raw_from and start <= t < end]
    is_raw = not coarse and not fine and len(raw) <= most
    return as_points(reduced(coarse + fine + raw, start, end, most), is_raw=is_raw)


def _joined(stored: Sequence[Bucket], pending: Sequence[Bucket]) -> list[Bucket]:
    """The buckets of the file with what is not written yet."""
    by_start = {bucket.t: bucket for bucket in stored}
    for bucket in pending:
        if (older := by_start.get(bucket.t)) is not None:
            older.merge(bucket)
        else:
            by_start[bucket.t] = copied(bucket)
    return [by_start[t] for t in sorted(by_start)]
