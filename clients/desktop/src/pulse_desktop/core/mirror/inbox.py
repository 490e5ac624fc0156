"""The messages that wait for the mirror, bounded by bytes, and deltas joined into one. Does no I/O."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from pulse_contracts.mirror import MirrorMessage
from pulse_contracts.trust import TrustedKeys
from pulse_desktop.core.mirror.signals import Received

log = structlog.get_logger("pulse.desktop.mirror")

MAX_BYTES: Final = 32_000_000
"""Maximum bytes of waiting messages. Further ones are dropped: sync-publisher repeats them."""
MAX_AT_ONCE: Final = 64
"""Maximum number of messages that are taken at once."""


@dataclass(frozen=True)
class Item:
    """One waiting message. None: the broker accepted the connection."""

    message: MirrorMessage | TrustedKeys | None
    size: int = 0
    is_wipe_topic: bool = False


class Inbox:
    """The waiting messages, oldest first."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> None:
        """Adds a message, or drops it if too many wait."""
        if self._bytes + item.size > MAX_BYTES:
            log.debug("mirror_inbox_full", bytes=self._bytes)
            return
        self._bytes += item.size
        self._items.append(item)
        self._filled.set()

    async def take(self, seconds: float) -> list[Item]:
        """Waits at most so long for a message. Returns it and those behind it, oldest first; empty after a timeout."""
        try:
            async with asyncio.timeout(seconds):
                await self._filled.wait()
        except TimeoutError:
            return []
        taken = [self._items.popleft() for _ in range(min(MAX_AT_ONCE, len(self._items)))]
        self._bytes -= sum(item.size for item in taken)
        if not self._items:
            self._filled.clear()
        return taken


def joined(messages: Sequence[Received], awaited: int | None) -> list[Received]:
    """The messages in order, with each row of deltas that overlap or touch replaced by one delta, which one transaction
    applies and one report acknowledges. A delta holds every change in (base, seq], so two of them hold every change in
    the union of their ranges; the newer record of an account wins as it does in two deltas.

    No joined delta passes a position whose digest a heartbeat tells, because it could not be compared any more.
    `awaited`: the position that an earlier heartbeat tells."""
    stops = {message.envelope.seq for message in messages if message.envelope.kind == "heartbeat"} | {awaited}
    found: list[Received] = []
    for message in messages:
        one = _union(found[-1], message) if found and found[-1].envelope.seq not in stops else None
        if one is None:
            found.append(message)
        else:
            found[-1] = one
    return found


def _union(first: Received, second: Received) -> Received | None:
    """One delta with the changes of two; None if there is none."""
    a, b = first.envelope, second.envelope
    if a.kind != "delta" or b.kind != "delta" or a.base is None or b.base is None:
        return None
    if b.base > a.seq or a.base > b.seq:
        return None
    update = {"base": min(a.base, b.base), "seq": max(a.seq, b.seq), "t": max(a.t, b.t)}
    return replace(first, envelope=a.model_copy(update=update), records=[*first.records, *second.records])
