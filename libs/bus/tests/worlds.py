"""A broker and its buses for the conformance tests: the real one, and the one in memory."""

import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Protocol

from pulse_bus import Bus, Quarantined
from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_testkit.buses import running
from pulse_testkit.servers import Servers


class World(Protocol):
    """Creates connected buses."""

    quarantined: list[Quarantined]

    async def open(self, party: str) -> Bus: ...

    async def inject(self, address: str, payload: bytes) -> None: ...


class MemoryWorld:
    def __init__(self, stack: AsyncExitStack, clock: Callable[[], int]) -> None:
        self.stack, self.clock, self.broker = stack, clock, MemoryBroker()
        self.quarantined: list[Quarantined] = []

    async def _put_away(self, item: Quarantined) -> None:
        self.quarantined.append(item)

    async def open(self, party: str) -> Bus:
        bus = MemoryBus(self.broker, clock=self.clock, quarantine=self._put_away)
        await self.stack.enter_async_context(running(bus))
        return bus

    async def inject(self, address: str, payload: bytes) -> None:
        bus = MemoryBus(self.broker, clock=self.clock)
        bus.inject(address, payload)


class MqttWorld:
    def __init__(self, stack: AsyncExitStack, clock: Callable[[], int], servers: Servers) -> None:
        self.stack, self.clock, self.servers = stack, clock, servers
        self.quarantined: list[Quarantined] = []
        self.prefix = "pulse/v1"

    async def _put_away(self, item: Quarantined) -> None:
        self.quarantined.append(item)

    def make(self, party: str) -> MqttBus:
        settings = MqttSettings(self.servers.mqtt_url, party, self.servers.passwords[party], party)
        return MqttBus(settings, clock=self.clock, rng=random.Random(1), quarantine=self._put_away)

    async def open(self, party: str) -> Bus:
        bus = self.make(party)
        await self.stack.enter_async_context(running(bus))
        return bus

    async def inject(self, address: str, payload: bytes) -> None:
        bus = self.make("alpha")
        async with running(bus):
            await bus.wait_connected()
            connection = bus._connection
            assert connection is not None
            await connection.client.publish(f"pulse/v1/{address}", payload, qos=1)

    async def forget(self) -> None:
        """Clears the retained statuses: other tests share the broker."""
        for device in ("alpha", "beta"):
            bus = self.make(device)
            async with running(bus):
                await bus.wait_connected()
                await bus.clear(SYSTEM_STATUS, kind="collector", id=device)
