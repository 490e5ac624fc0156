"""Publishes from background jobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from pulse_bus import Bus, PublishRefused, Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

M = TypeVar("M", bound=Message)


async def publish(bus: Bus, topic: Topic[M], message: M, **levels: str) -> None:
    """Like `Bus.publish`, but a refusal that the broker may withdraw counts as an outage: the job is repeated. Raises
    Unavailable, PublishRefused, MessageTooLarge."""
    with _outages():
        await bus.publish(topic, message, **levels)


async def clear(bus: Bus, topic: Topic[M], **levels: str) -> None:
    """Like `Bus.clear`, with refusals as in `publish`. Raises Unavailable, PublishRefused."""
    with _outages():
        await bus.clear(topic, **levels)


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except PublishRefused as error:
        if error.is_temporary:  # such as a broker that does not have its accounts yet
            raise Unavailable(str(error)) from error
        raise
