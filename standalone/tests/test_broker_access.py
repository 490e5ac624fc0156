"""The access rules on a real broker."""

import asyncio
import random

import pytest

from pulse_bus import PublishRefused
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.telemetry import BatchAck, Dropped
from pulse_contracts.topics import TELEMETRY_ACK, TELEMETRY_DROP
from pulse_testkit.clock import FakeClock
from pulse_testkit.servers import Servers

pytestmark = pytest.mark.servers


async def test_a_device_may_publish_to_its_own_topic_only(servers: Servers, clock: FakeClock) -> None:
    settings = MqttSettings(servers.mqtt_url, "alpha", servers.passwords["alpha"], "alpha")
    bus = MqttBus(settings, clock=clock, rng=random.Random(1))
    message = Dropped(epoch=1, ord=1, ranges=[(0, 1)], reason="overflow")
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.run())
        await bus.wait_connected()
        await bus.publish(TELEMETRY_DROP, message, device="alpha")
        with pytest.raises(PublishRefused, match="0x87"):
            await bus.publish(TELEMETRY_DROP, message, device="beta")
        ack = BatchAck(epoch=1, settled=[], refused=[], newest=[], credit=1)
        await bus.publish(
            TELEMETRY_ACK, ack, device="alpha"
        )  # QoS 0 has no acknowledgement: the broker discards it silently
        await bus.drain()
