"""Publishes from background jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from pulse_bus import Bus, PublishRefused, TemporarilyRefused
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

M = TypeVar("M", bound=Message)


async def publish(bus: Bus, topic: Topic[M], message: M, **levels: str) -> None:
    """Like `Bus.publish`, but the caller's job repeats a message that the broker may accept later. Raises Unavailable,
    TemporarilyRefused, PublishRefused, MessageTooLarge."""
    with _refusals():
        await bus.publish(topic, message, **levels)


async def clear(bus: Bus, topic: Topic[M], **levels: str) -> None:
    """Like `Bus.clear`, with refusals as in `publish`. Raises Unavailable, TemporarilyRefused, PublishRefused."""
    with _refusals():
        await bus.clear(topic, **levels)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except PublishRefused as error:
        if error.is_temporary:  # such as a broker that does not have its accounts yet
            raise TemporarilyRefused(error) from error
        raise
