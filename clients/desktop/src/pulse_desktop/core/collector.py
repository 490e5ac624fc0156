"""Groups what the sources give within about 50 ms, makes each group durable, and only then tells the delivery."""

import asyncio
from collections.abc import Sequence

from pulse_contracts.message import ValueType
from pulse_desktop.core.buffer_thread import BufferThread
from pulse_desktop.core.link import Link
from pulse_desktop.core.model import Reading, SeriesSpec, StoreFailure, check_value
from pulse_desktop.core.signals import Committed, Lost, Summarised

GROUP_SECONDS = 0.05
_GROUP_LIMIT = 50_000
"""Readings that wait for the commit before sources have to wait too."""
_RETRY = 1.0


class Collector:
    """The outlet that sources put their readings into."""

    def __init__(self, buffer: BufferThread, link: Link, group_seconds: float = GROUP_SECONDS) -> None:
        self._buffer, self._link, self._group_seconds = buffer, link, group_seconds
        self._types: dict[int, ValueType] = {}
        self._group: list[Reading] = []
        self._has_some, self._has_room = asyncio.Event(), asyncio.Event()
        self._has_room.set()
        self._is_finishing = False

    async def declare(self, specs: Sequence[SeriesSpec]) -> list[int]:
        """The ids of these series, in this order; waits while the disk refuses."""
        while True:
            try:
                table = await self._buffer.declare(specs)
                break
            except StoreFailure:  # logged by the buffer
                await asyncio.sleep(_RETRY)
        await self._link.use(table)
        ids = {(s.name, s.type): s.id for s in table}
        mine = [ids[spec.name, spec.type] for spec in specs]
        self._types.update(zip(mine, (spec.type for spec in specs), strict=True))
        return mine

    async def put(self, readings: Sequence[Reading]) -> None:
        """Takes readings of declared series. Raises UnfitValueError, and then took none of them."""
        for reading in readings:
            check_value(self._types[reading.series], reading.value)
        await self._has_room.wait()
        self._group.extend(readings)
        self._has_some.set()
        if len(self._group) >= _GROUP_LIMIT:
            self._has_room.clear()

    async def run(self) -> None:
        """Until `finish`; what is grouped then is made durable first."""
        while not self._is_finishing:
            try:
                async with asyncio.timeout(_RETRY):
                    await self._has_some.wait()
            except TimeoutError:
                if self._buffer.fault:
                    await self._flush()
                continue
            await asyncio.sleep(self._group_seconds)
            await self._flush()

    def finish(self) -> None:
        """The sources have ended: one last group, and that is it."""
        self._is_finishing = True
        self._has_some.set()

    async def _flush(self) -> None:
        group, self._group = self._group, []
        self._has_some.clear()
        self._has_room.set()
        appended = await self._buffer.append(group)
        if appended.committed:
            await self._link.tell(Committed(appended.committed))
        if appended.summarised:
            await self._link.tell(Summarised(appended.summarised))
        if appended.lost:
            await self._link.tell(Lost(appended.lost))
