"""Subscriptions of one bus over MQTT. See `pulse_bus.mqtt`."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from pulse_bus.handling import GroupHandling, Handling, Incoming
from pulse_bus.mqtt.failures import SubscribeRefused
from pulse_contracts.message import Message

log = structlog.get_logger("pulse.bus")

Item = tuple[Incoming, Callable[[], None]]
"""A message, and what acknowledges it."""


class Owner(Protocol):
    """The bus of a subscription."""

    async def unsubscribe(self, entry: "MqttSubscription") -> None:
        """Ends the subscription."""

    async def change_filters(self, entry: "MqttSubscription", added: Sequence[str], removed: Sequence[str]) -> bool:
        """Changes the filters at the broker. Returns whether the broker has granted them."""


@dataclass(eq=False)
class MqttSubscription:
    """One subscription. With a concurrency of 1 its messages go through `queue` to one worker, in order.

    filters: what the broker should deliver. others: what a resumed session may still deliver, and should not.
    optional: the bus works without it if the broker refuses it.
    """

    filters: tuple[str, ...]
    levels: Mapping[str, str]
    handling: Handling[Message] | GroupHandling[Message, object]
    concurrency: int
    bus: Owner
    others: tuple[str, ...] = ()
    queue: "asyncio.Queue[Item | None]" = field(default_factory=asyncio.Queue)
    is_cancelled: bool = False
    optional: bool = False
    is_refused: bool = False

    def matches(self, address: str) -> dict[str, str] | None:
        """The levels of an address that belongs to this subscription."""
        levels = self.handling.topic.match(address)
        if levels is None or any(levels[name] != value for name, value in self.levels.items()):
            return None
        return levels

    async def cancel(self) -> None:
        """See `Subscription.cancel`."""
        await self.bus.unsubscribe(self)


@dataclass(eq=False)
class MqttDividedSubscription(MqttSubscription):
    """A subscription to some values of one level. `by_value`: the filter of each value that exists. It also takes
    messages of other values: they were on their way when the value was given up."""

    by_value: Mapping[str, str] = field(default_factory=dict)
    _is_unsure: bool = False
    """Whether the broker may have other filters than `filters`, because a change has failed."""

    async def keep(self, values: Collection[str]) -> bool:
        """See `DividedSubscription.keep`. Raises SubscribeRefused: nothing is kept then."""
        before = set() if self._is_unsure else set(self.filters)
        self.filters = tuple(pattern for value, pattern in self.by_value.items() if value in values)
        self.others = tuple(pattern for value, pattern in self.by_value.items() if value not in values)
        added = [pattern for pattern in self.filters if pattern not in before]
        removed = [pattern for pattern in self.others if self._is_unsure or pattern in before]
        was_unsure, self._is_unsure = self._is_unsure, True
        try:
            is_granted = await self.bus.change_filters(self, added, removed)
        except SubscribeRefused:  # the next connection would be refused too
            self.filters, self.others = (), tuple(self.by_value.values())
            raise
        self._is_unsure = not is_granted and (was_unsure or bool(added or removed))
        return is_granted


def note_refusals(entries: Sequence[MqttSubscription], refused: Mapping[str, int]) -> None:
    """Records for each subscription whether the broker refused it. `refused`: the reason codes of the refused filters.
    Logs a refusal once, not at each connection. Raises SubscribeRefused if the bus cannot work without a filter."""
    for entry in entries:
        found = [(name, refused[name]) for name in entry.filters if name in refused]
        for name, code in found:
            if not entry.optional:
                raise SubscribeRefused(f"{name}: the broker refused the subscription: 0x{code:02x}")
            if not entry.is_refused:
                log.warning("subscription_refused", filter=name, code=f"0x{code:02x}")
        entry.is_refused = bool(found)


Route = tuple[str, list[tuple[MqttSubscription, dict[str, str]]]]
"""A topic without the prefix, and its subscriptions with the levels of the topic."""
_CACHED = 10_000


class Routes:
    """The subscriptions of a bus, and those of each topic."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.subscriptions: list[MqttSubscription] = []
        self._found: dict[bytes, Route] = {}

    def add(self, entry: MqttSubscription) -> None:
        """Adds a subscription."""
        self.subscriptions.append(entry)
        self._found.clear()

    def remove(self, entry: MqttSubscription) -> None:
        """Removes a subscription."""
        self.subscriptions.remove(entry)
        self._found.clear()

    def find(self, topic: bytes) -> Route:
        """The subscriptions of a topic."""
        found = self._found.get(topic)
        return found if found is not None else self._search(topic)

    def _search(self, topic: bytes) -> Route:
        address = topic.decode(errors="replace")[len(self._prefix) + 1 :]
        routes = [(entry, levels) for entry in self.subscriptions if (levels := entry.matches(address)) is not None]
        if not routes:
            log.debug("no_subscription_matched", topic=address)
            return address, routes
        if len(self._found) > _CACHED:
            self._found.clear()
        self._found[topic] = address, routes
        return address, routes
