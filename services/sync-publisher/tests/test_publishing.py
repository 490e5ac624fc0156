"""Messages of background jobs that the broker rejects."""

import pytest

from pulse_bus import PublishRefused, TemporarilyRefused
from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_contracts.changes import Changed
from pulse_contracts.message import Message
from pulse_contracts.topics import CHANGES_ENTITLEMENT, Topic
from pulse_sync_publisher.actions.publishing import publish


class Refusing(MemoryBus):
    """A bus whose broker rejects every message with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(MemoryBroker(), clock=lambda: 1)
        self.code = code

    async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
        """See `Bus.publish`."""
        raise PublishRefused(topic.address(**levels), self.code, "refused")


async def test_a_refusal_that_may_end_is_told_apart_from_an_outage() -> None:
    with pytest.raises(TemporarilyRefused, match="changes/entitlement: the broker rejected the message: 0x87"):
        await publish(Refusing(0x87), CHANGES_ENTITLEMENT, Changed(at=1))


async def test_a_message_that_can_never_be_accepted_is_no_reason_to_repeat() -> None:
    with pytest.raises(PublishRefused, match="0x99"):
        await publish(Refusing(0x99), CHANGES_ENTITLEMENT, Changed(at=1))
