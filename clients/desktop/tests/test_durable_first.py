"""A window shows a value only when it is durable, also after the disk failed."""

import asyncio
from pathlib import Path
from random import Random

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_contracts.series_digest import series_digest
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.buffer.thread import BufferThread
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.collector import Collector
from pulse_desktop.core.delivery.link import Link
from pulse_desktop.core.delivery.replay import Replay
from pulse_desktop.core.delivery.signals import Policy
from pulse_desktop.core.model import Appended, BufferLimits, Reading, SeriesSpec
from pulse_testkit.waiting import eventually


class FailingThread(BufferThread):
    """A buffer whose disk fails while `is_failing`: readings wait in its memory."""

    is_failing = False
    held: tuple[Reading, ...] = ()

    async def append(self, readings: "list[Reading]") -> Appended:  # type: ignore[override]  # the collector's lists
        self.held += tuple(readings)
        if self.is_failing:
            return Appended()
        held, self.held = self.held, ()
        return await super().append(held)

    @property
    def fault(self) -> str:
        return "full: no space" if self.is_failing else super().fault


async def test_values_that_wait_for_the_disk_are_recorded_when_they_are_durable(tmp_path: Path) -> None:
    clock = Clock()
    buffer = await FailingThread.open(lambda: Buffer(tmp_path, 7, BufferLimits(), clock))
    replay = Replay(buffer.epoch, buffer.holdings, series_digest(buffer.table), Random(0), Policy())
    link = Link(MemoryBus(MemoryBroker(), clock=clock.micros), "alpha", buffer, replay, clock)
    recorded: list[float] = []
    collector = Collector(buffer, link, lambda some: recorded.extend(float(r.value) for r in some), 0.001)
    async with asyncio.TaskGroup() as group:
        linking = group.create_task(link.run())
        group.create_task(collector.run())
        (series,) = await collector.declare([SeriesSpec("level", "float")])
        await collector.put([Reading(series, 1, 1.0)])
        await eventually(lambda: recorded == [1.0])
        buffer.is_failing = True
        await collector.put([Reading(series, 2, 2.0)])
        await eventually(lambda: len(buffer.held) == 1)
        await collector.put([Reading(series, 3, 3.0)])
        await eventually(lambda: len(buffer.held) == 2)
        assert recorded == [1.0]
        buffer.is_failing = False
        await collector.put([Reading(series, 4, 4.0)])
        await eventually(lambda: recorded == [1.0, 2.0, 3.0, 4.0])
        collector.finish()
        linking.cancel()
    await buffer.close()
