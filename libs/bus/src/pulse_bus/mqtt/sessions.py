"""Sessions that the broker keeps while nobody is connected: a queue for one consumer, made before its first message."""

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


async def create_session(settings: MqttSettings, topic: Topic[M], patience: timedelta = timedelta(seconds=5)) -> None:
    """Makes the broker queue every message of `topic` for the client of these settings from now on. A session that
    exists already keeps what it holds. Raises TimeoutError when the broker does not grant it within `patience`."""

    async def leave(_: Delivery[M]) -> None:
        await asyncio.Event().wait()  # never acknowledged here, so the broker delivers it to the consumer

    bus = MqttBus(settings, clock=lambda: 0, rng=random.Random(0))  # noqa: S311  # jitter, no secret
    await bus.subscribe(topic, leave, concurrency=settings.receive_maximum)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bus.run())
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await bus.wait_connected()
        finally:
            running.cancel()
