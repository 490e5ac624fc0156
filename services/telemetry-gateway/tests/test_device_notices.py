"""Notices that the gateway has changed a device: each change is followed by a notice."""

from collections.abc import Callable

import pytest

from pulse_bus import PublishRefused, TemporarilyRefused
from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic
from pulse_telemetry_gateway.actions.device_notices import DeviceNotices
from pulse_testkit.buses import running


class Bus(MemoryBus):
    """A bus that runs `meanwhile` once, while it publishes."""

    def __init__(self) -> None:
        super().__init__(MemoryBroker(), clock=lambda: 1)
        self.published: list[str] = []
        self.meanwhile: Callable[[], None] | None = None

    async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
        """See `Bus.publish`."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        await super().publish(topic, message, **levels)
        self.published.append(levels["device"])


async def test_a_change_while_its_notice_is_published_gets_another_notice() -> None:
    bus = Bus()
    notices = DeviceNotices(bus, lambda: 1)
    bus.meanwhile = lambda: notices.note("alpha")
    async with running(bus):
        notices.note("alpha")
        await notices.publish()
    assert bus.published == ["alpha", "alpha"]


async def test_without_a_connection_a_notice_waits_for_the_next_one() -> None:
    bus = Bus()
    notices = DeviceNotices(bus, lambda: 1)
    notices.note("alpha")
    await notices.publish()
    async with running(bus):
        await notices.publish()
    assert bus.published == ["alpha"]


async def test_a_refused_notice_is_tried_again() -> None:
    def refuse() -> None:
        raise PublishRefused("changes/devices/alpha", 0x87, "not authorized")

    bus = Bus()
    notices = DeviceNotices(bus, lambda: 1)
    bus.meanwhile = refuse
    async with running(bus):
        notices.note("alpha")
        with pytest.raises(TemporarilyRefused, match="0x87"):
            await notices.publish()
        await notices.publish()
    assert bus.published == ["alpha"]


async def test_a_notice_that_can_never_be_accepted_does_not_hold_back_the_others() -> None:
    def refuse() -> None:
        raise PublishRefused("changes/devices/alpha", 0x90, "topic name invalid")

    bus = Bus()
    notices = DeviceNotices(bus, lambda: 1)
    bus.meanwhile = refuse
    async with running(bus):
        notices.note("alpha")
        notices.note("beta")
        with pytest.raises(PublishRefused, match="0x90"):
            await notices.publish()
        await notices.publish()
    assert bus.published == ["beta"]
