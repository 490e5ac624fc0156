"""Single readings of a series in pages. Their order never changes, so a page can be requested at any time."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from pulse_telemetry_gateway.actions.history import History, Quality, check_range, picked
from pulse_telemetry_gateway.model.history.cursors import Key, read, write
from pulse_telemetry_gateway.model.storage.chunks import Readings, join, unpack
from pulse_telemetry_gateway.store.history import Snapshot

_AT_ONCE = 4
"""Chunks per fetch. A page rarely needs more, and each extra chunk is unpacked in vain."""


@dataclass(frozen=True)
class Page:
    """Readings by (time, epoch, sequence number). `last` is None when there are no more. `quality` describes the span
    of the page."""

    kind: int
    readings: Readings
    last: Key | None
    quality: Quality


class Pages:
    """Each page is one snapshot: a slow reader holds nothing open."""

    def __init__(self, history: History) -> None:
        self._history = history

    async def page(self, series: int, span: tuple[int, int], after: Key | None, most: int) -> Page:
        """At most `most` readings of [span[0], span[1]) after a key. Raises UnknownSeries, InvalidRange,
        Unavailable."""
        check_range(*span)
        device_id, kind = (await self._history.known([series]))[series]
        start, end = (max(span[0], after.t) if after else span[0]), span[1]
        async with self._history.moment() as snapshot:
            found, unread = _Ordered(after, most), 0
            async with aclosing(snapshot.unchunked([device_id], start, end)) as logged:
                async for rows in logged:
                    part, n = picked(rows, frozenset([series]), start, end)
                    found.add(part)
                    unread += n
            await _add_chunks(found, snapshot, (series, kind), (start, end))
            readings, is_more = found.result()
            page = (start, int(readings.t[-1]) + 1 if is_more else end)
            quality = await self._history.quality(snapshot, device_id, readings, page, unread)
        last = Key(int(readings.t[-1]), int(readings.epoch[-1]), int(readings.seq[-1])) if is_more else None
        return Page(kind, readings, last, quality)

    async def check(self, series: Sequence[int]) -> None:
        """Raises UnknownSeries."""
        await self._history.known(series)

    async def at(self, series: int, span: tuple[int, int], cursor: str | None, most: int) -> tuple[Page, str | None]:
        """A page and the cursor of the next one. Also raises ForeignCursor."""
        question = f"{series} {span[0]} {span[1]}"
        page = await self.page(series, span, None if cursor is None else read(question, cursor), most)
        return page, None if page.last is None else write(question, page.last)


async def _add_chunks(found: "_Ordered", snapshot: Snapshot, series: tuple[int, int], span: tuple[int, int]) -> None:
    """Chunks are ordered by their first reading, so everything before the next chunk's first reading is complete."""
    async with aclosing(snapshot.chunks([series[0]], *span, _AT_ONCE)) as pieces:
        async for chunks in pieces:
            for chunk in chunks:
                if found.is_full_before(chunk.t.start):
                    return
                readings = unpack(chunk, series[1])
                found.add(readings.take((readings.t >= span[0]) & (readings.t < span[1])))


class _Ordered:
    """Collects readings after a key until the first `most` are certain."""

    def __init__(self, after: Key | None, most: int) -> None:
        self._after, self._most = after, most
        self._parts: list[Readings] = []
        self._n = 0

    def add(self, readings: Readings) -> None:
        """In any order."""
        if self._after is not None:
            key = self._after
            tie = (readings.epoch > key.epoch) | ((readings.epoch == key.epoch) & (readings.seq > key.seq))
            readings = readings.take((readings.t > key.t) | ((readings.t == key.t) & tie))
        self._parts.append(readings)
        self._n += len(readings)

    def is_full_before(self, t: int) -> bool:
        """Whether no reading from `t` on can be among the first `most`."""
        if self._n <= self._most:
            return False
        return sum(int((part.t < t).sum()) for part in self._parts) > self._most

    def result(self) -> tuple[Readings, bool]:
        """The first `most` in order, and whether there are more."""
        found = join(self._parts)
        order = np.lexsort((found.seq, found.epoch, found.t))
        return found.take(order[: self._most]), len(order) > self._most
