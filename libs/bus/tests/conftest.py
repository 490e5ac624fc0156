"""Fixtures for tests with the real broker: buses, and a handler that collects messages."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from pulse_bus import Delivery
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.message import Message
from pulse_contracts.telemetry import Hello
from pulse_testkit.buses import running
from pulse_testkit.clock import FakeClock
from pulse_testkit.servers import Servers

GATEWAY = "telemetry-gateway"


def hello(number: int) -> Hello:
    return Hello(epoch=number, ord=1, next=0, pending=[], session="s", series="0" * 64)


Make = Callable[..., MqttBus]
M = TypeVar("M", bound=Message)


@pytest.fixture
async def make(servers: Servers, clock: FakeClock) -> AsyncIterator[Make]:
    """Creates a bus that does not run yet. Ends the sessions that outlive their connection: other tests share the
    broker, which would give them a part of the messages of a shared subscription."""
    kept: set[str] = set()

    def build(party: str, **changed: object) -> MqttBus:
        settings = MqttSettings(servers.mqtt_url, party, servers.passwords[party], party)
        if "session_expiry" in changed:
            kept.add(party)
        return MqttBus(replace(settings, **changed), clock=clock, rng=random.Random(1))  # type: ignore[arg-type]

    yield build
    for party in kept:
        bus = build(party)
        async with running(bus):
            await bus.wait_connected()


async def ignore(_: Delivery[M]) -> None:
    return


class Collecting:
    """A handler that collects messages. It waits for its gate, if there is one."""

    def __init__(self, gate: asyncio.Event | None = None) -> None:
        self.epochs: list[int] = []
        self.finished = 0
        self._gate = gate

    async def __call__(self, delivery: Delivery[Hello]) -> None:
        self.epochs.append(delivery.message.epoch)
        if self._gate is not None:
            await self._gate.wait()
        self.finished += 1
