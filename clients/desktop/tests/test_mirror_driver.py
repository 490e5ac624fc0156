"""The mirror over a memory bus, against a small publisher that signs real messages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror.driver import Mirror
from pulse_testkit.buses import running
from pulse_testkit.waiting import eventually

from .publisher import FakePublisher, live, revoked


@dataclass
class Desk:
    """A collector with a running mirror, and its publisher."""

    publisher: FakePublisher
    broker: MemoryBroker
    bus: MemoryBus
    mirror: Mirror

    async def hello_answered(self) -> None:
        """Waits for a hello and answers it."""
        await eventually(lambda: self.publisher.nonce(self.broker) is not None, what="no hello")
        self.publisher.send(self.broker, self.publisher.heartbeat(self.publisher.nonce(self.broker)))

    async def state(self, state: str, seq: int | None = None) -> None:
        await eventually(
            lambda: self.mirror.view.state == state and (seq is None or self.mirror.view.seq == seq),
            what=lambda: self.mirror.view,
        )


@asynccontextmanager
async def desk(folder: Path, publisher: FakePublisher, clock: Clock | None = None) -> AsyncIterator[Desk]:
    enrolled = Enrolled(folder, None, None)
    identity = enrolled.read() or publisher.enrol(enrolled)
    broker = MemoryBroker()
    clock = clock or Clock()
    bus = MemoryBus(broker, clock=clock.micros)
    publisher.publish_keys(broker)
    mirror = Mirror(bus, enrolled, identity, clock, Random(1))
    async with running(bus):
        task = asyncio.ensure_future(mirror.run())
        try:
            yield Desk(publisher, broker, bus, mirror)
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_a_new_collector_becomes_synced_and_applies_changes(tmp_path: Path) -> None:
    publisher = FakePublisher()
    publisher.change(live(1, 1), live(2, 2))
    async with desk(tmp_path, publisher) as one:
        await one.hello_answered()
        await eventually(lambda: any(r.kind == "need" and r.reason == "new" for r in publisher.reports(one.broker)))
        publisher.send(one.broker, *publisher.snapshot(parts=2))
        await one.state("synced", 1)  # the heartbeat before the snapshot proves it
        assert one.mirror.view.fresh_age is not None
        publisher.send(one.broker, publisher.delta(publisher.change(revoked(1, 3))))
        await one.state("synced", 2)
        await eventually(lambda: publisher.reports(one.broker)[-1].seq == 2)
        assert publisher.reports(one.broker)[-1].kind == "ack"
