"""Groups readings of about 50 ms, makes each group durable in the buffer, and then passes it to the delivery."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from pulse_contracts.message import ValueType
from pulse_desktop.core.buffer.thread import BufferThread
from pulse_desktop.core.delivery.link import Link
from pulse_desktop.core.delivery.signals import Committed, ReadingsLost, Summarised
from pulse_desktop.core.model import Reading, SeriesSpec, StoreFailure, check_value

GROUP_SECONDS = 0.05
_GROUP_LIMIT = 50_000
"""Sources wait when this many readings wait for a commit."""
_RETRY = 1.0


class Collector:
    """The outlet of every source. `record` gets readings when they are durable; it must return quickly, and raise
    nothing."""

    def __init__(
        self,
        buffer: BufferThread,
        link: Link,
        record: Callable[[Sequence[Reading]], None] = lambda _: None,
        group_seconds: float = GROUP_SECONDS,
    ) -> None:
        self._buffer, self._link, self._record, self._group_seconds = buffer, link, record, group_seconds
        self._not_durable: deque[Reading] = deque(maxlen=_GROUP_LIMIT)
        self._types: dict[int, ValueType] = {}
        self._group: list[Reading] = []
        self._has_some, self._has_room = asyncio.Event(), asyncio.Event()
        self._has_room.set()
        self._is_finishing = False

    async def declare(self, specs: Sequence[SeriesSpec]) -> list[int]:
        """The ids of these series, in this order. Waits while the disk fails."""
        while True:
            try:
                table = await self._buffer.declare(specs)
                break
            except StoreFailure:  # logged by the buffer
                await asyncio.sleep(_RETRY)
        await self._link.use_series(table)
        ids = {(s.name, s.type): s.id for s in table}
        mine = [ids[spec.name, spec.type] for spec in specs]
        self._types.update(zip(mine, (spec.type for spec in specs), strict=True))
        return mine

    async def put(self, readings: Sequence[Reading]) -> None:
        """Takes readings of declared series; waits while the group is full. Raises UnfitValueError and takes none."""
        for reading in readings:
            check_value(self._types[reading.series], reading.value)
        await self._has_room.wait()
        self._group.extend(readings)
        self._has_some.set()
        if len(self._group) >= _GROUP_LIMIT:
            self._has_room.clear()

    async def run(self) -> None:
        """Runs until `finish`, and then makes the last group durable."""
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
        """Makes `run` return after one last group, because the sources have ended."""
        self._is_finishing = True
        self._has_some.set()

    async def _flush(self) -> None:
        group, self._group = self._group, []
        self._has_some.clear()
        self._has_room.set()
        self._not_durable.extend(group)
        appended = await self._buffer.append(group)
        if appended.committed:
            await self._link.post(Committed(appended.committed))
        if appended.summarised:
            await self._link.post(Summarised(appended.summarised))
        if appended.lost:
            await self._link.post(ReadingsLost(appended.lost))
        # After the delivery, which must not wait for it. Without a fault, everything that waited is durable as well.
        if appended.committed and not self._buffer.fault:
            self._record(tuple(self._not_durable))
            self._not_durable.clear()
