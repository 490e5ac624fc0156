"""A connected collector that sends anything and receives the gateway's messages."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks import stage
from pulse_bus import Delivery, Quarantined
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.telemetry import BatchAck, Have, Hello
from pulse_contracts.topics import ROOT, TELEMETRY_ACK, TELEMETRY_HAVE, TELEMETRY_HELLO
from pulse_testkit.waiting import eventually
from tests.fuzz.judge import Replies


class Device:
    """A connected collector that sends anything and records the gateway's messages."""

    def __init__(self, backend: stage.Servers, name: str, problems: list[str]) -> None:
        settings = MqttSettings(backend.mqtt_url, name, backend.passwords[name], name)
        self.name, self.replies, self.settled = name, Replies(), 0

        async def unreadable(item: Quarantined) -> None:
            problems.append(f"the gateway said what cannot be read: {item.address} {item.code} {item.detail}")

        self.bus = MqttBus(settings, clock=stage.now_micros, rng=random.Random(1), quarantine=unreadable)

    async def listen(self) -> None:
        await self.bus.subscribe(TELEMETRY_ACK, self._ack, device=self.name)
        await self.bus.subscribe(TELEMETRY_HAVE, self._have, device=self.name)

    async def say(self, kind: str, payload: bytes) -> None:
        """Publishes raw bytes, which a correct program would not send."""
        connection = self.bus._connection
        assert connection is not None
        await connection.client.publish(f"{ROOT}/{kind}/{self.name}", payload, qos=1, timeout=60)

    async def fence(self, session: str) -> None:
        """Returns when the gateway has received everything that was sent before."""
        hello = Hello(epoch=1_000, ord=1, next=0, pending=[], session=session, series="0" * 64)

        async def is_answered() -> bool:
            """A gateway that is not connected yet gets no hello, so a collector repeats it until the answer comes."""
            await self.bus.publish(TELEMETRY_HELLO, hello, device=self.name)
            try:
                await eventually(lambda: session in self.replies.sessions, seconds=5)
            except AssertionError:
                return False
            return True

        await eventually(is_answered, seconds=60, what=f"{self.name} gets its have")

    async def _ack(self, delivery: Delivery[BatchAck]) -> None:
        if delivery.message.declare:
            self.replies.declare.add(delivery.message.epoch)
        self.settled = max([self.settled, *(hi for lo, hi in delivery.message.settled if lo == 0)])

    async def _have(self, delivery: Delivery[Have]) -> None:
        self.replies.sessions.add(delivery.message.session)


@asynccontextmanager
async def connected(devices: list[Device]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        for device in devices:
            await device.listen()
            group.create_task(device.bus.run())
        for device in devices:
            await device.bus.wait_connected()
        try:
            yield
        finally:
            for device in devices:
                await device.bus.drain()
