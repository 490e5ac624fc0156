"""What a window can see of a running engine, and the one thing that it can change."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pulse_contracts.message import ValueType
from pulse_desktop.core.buffer.thread import BufferThread
from pulse_desktop.core.delivery import replay_control
from pulse_desktop.core.delivery.link import Link
from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.delivery.sends import Batch
from pulse_desktop.core.mirror.configuration import Configuration
from pulse_desktop.core.model import Value
from pulse_desktop.core.recent.buckets import Points
from pulse_desktop.core.recent.recent import Recent
from pulse_desktop.core.sources.base import SourceInfo, SourceWatch
from pulse_desktop.core.status.reporter import Reporter
from pulse_desktop.core.status.snapshot import Snapshot

AT_ONCE = 200
"""Series that are read without a pause: well below a millisecond."""


@dataclass(frozen=True)
class SeriesInfo:
    """A series of this collector with its newest reading. `t`: microseconds since 1970 UTC. `t` and `value` are None
    before the first reading since the start. `per_second`: readings per second over the last ten seconds."""

    id: int
    name: str
    type: ValueType
    unit: str
    t: int | None
    value: float | int | bool | None
    per_second: float


@dataclass(frozen=True)
class ViewedParts:
    """The parts of the engine that a view shows."""

    reporter: Reporter
    buffer: BufferThread
    link: Link
    recent: Recent
    sources: Sequence[SourceWatch]
    configuration: Configuration


class EngineView:
    """The view of one run. Every call must come from the loop of the engine."""

    def __init__(self, parts: ViewedParts) -> None:
        self._parts = parts

    @property
    def snapshot(self) -> Snapshot | None:
        """The last status snapshot; None before the first."""
        return self._parts.reporter.last

    async def series(self) -> list[SeriesInfo]:
        """Every series, by id. There may be thousands, so the engine works in between."""
        found: list[SeriesInfo] = []
        for number, one in enumerate(self._parts.buffer.table, 1):
            found.append(self._info(one.id, one.name, one.type, one.unit))
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    def _info(self, id_: int, name: str, type_: ValueType, unit: str) -> SeriesInfo:
        newest = self._parts.recent.newest(id_)
        t: int | None = None
        value: Value | None = None
        if newest is not None:
            _, t, value = newest
        return SeriesInfo(id_, name, type_, unit, t, value, self._parts.recent.per_second(id_))

    async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
        """See `Recent.points`."""
        return await self._parts.recent.points(series, start, end, most)

    @property
    def sources(self) -> list[SourceInfo]:
        """The state of each source."""
        return [watch.info for watch in self._parts.sources]

    @property
    def batches(self) -> list[Batch]:
        """The newest 20 batches, newest first."""
        return self._parts.link.sends.newest

    async def limit_replay(self, limit: ReplayLimit) -> None:
        """Stores the limit of the backlog; the engine applies it within a second. Raises StoreFailure."""
        await replay_control.write(self._parts.configuration, limit)
