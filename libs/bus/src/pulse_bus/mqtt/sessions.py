"""Sessions that the broker keeps while their client is disconnected: a queue that exists before the first message."""

import asyncio
import random
from datetime import timedelta
from typing import TypeVar

from pulse_bus.mqtt.bus import MqttBus
from pulse_bus.mqtt.settings import MqttSettings
from pulse_bus.port import Delivery
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

M = TypeVar("M", bound=Message)


async def create_session(settings: MqttSettings, topic: Topic[M], deadline: timedelta = timedelta(seconds=5)) -> None:
    """Creates a session: the broker then queues every message of `topic` for the client of these settings. An existing
    session keeps its messages. Raises TimeoutError when the broker does not grant it within `deadline`."""

    async def never_acknowledge(_: Delivery[M]) -> None:
        await asyncio.Event().wait()  # the broker delivers the message again, to the consumer

    bus = MqttBus(settings, clock=lambda: 0, rng=random.Random(0))  # noqa: S311  # jitter, not a secret
    await bus.subscribe(topic, never_acknowledge, concurrency=settings.receive_maximum)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bus.run())
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                await bus.wait_connected()
        finally:
            running.cancel()
