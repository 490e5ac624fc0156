"""A bus inside one process, with the same semantics for handlers. For tests without a broker."""

import asyncio
import itertools
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pulse_bus.handling import GroupHandling, Handling, Incoming, log_quarantine, require_retained
from pulse_bus.port import Disconnected, GroupHandler, GroupReader, Handler, LinkState, Quarantine
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

M = TypeVar("M", bound=Message)
R = TypeVar("R")


@dataclass
class _Subscription:
    topic: Topic[Message]
    levels: Mapping[str, str]
    share: str | None
    handling: Handling[Message] | GroupHandling[Message, object]
    concurrency: int
    bus: "MemoryBus"
    queue: "asyncio.Queue[Incoming]" = field(default_factory=asyncio.Queue)
    is_refused: bool = False

    def matches(self, address: str) -> dict[str, str] | None:
        levels = self.topic.match(address)
        if levels is None or any(levels[name] != value for name, value in self.levels.items()):
            return None
        return levels

    async def cancel(self) -> None:
        self.bus.broker.subscriptions.remove(self)


@dataclass
class _DividedSubscription(_Subscription):
    level: str = ""
    kept: frozenset[str] = frozenset()

    def matches(self, address: str) -> dict[str, str] | None:
        levels = super().matches(address)
        return levels if levels is not None and levels[self.level] in self.kept else None

    async def keep(self, values: Collection[str]) -> bool:
        self.kept = frozenset(values)
        return self.bus.is_up


S = TypeVar("S", bound=_Subscription)


class MemoryBroker:
    """Connects the buses of one test. Keeps retained messages and divides messages within share groups."""

    def __init__(self) -> None:
        self.subscriptions: list[_Subscription] = []
        self.retained: dict[str, bytes] = {}
        self.published: list[tuple[str, bytes]] = []
        self._next_member: dict[str, itertools.count[int]] = defaultdict(itertools.count)

    def deliver(self, address: str, payload: bytes, received: int) -> None:
        """Delivers one message to every matching subscription, and to one member of each share group."""
        groups: dict[str, list[_Subscription]] = defaultdict(list)
        for entry in self.subscriptions:
            if entry.matches(address) is not None and entry.bus.is_up:
                groups[f"share {entry.share}" if entry.share else f"own {id(entry)}"].append(entry)
        for name, members in groups.items():
            entry = members[next(self._next_member[name]) % len(members)]
            entry.queue.put_nowait(
                Incoming(address, entry.matches(address) or {}, payload, received, is_retained=False)
            )


class MemoryBus:
    """`Bus` without a broker. `cut` and `heal` simulate the network."""

    def __init__(
        self,
        broker: MemoryBroker,
        *,
        clock: Callable[[], int],
        rng: random.Random | None = None,
        quarantine: Quarantine = log_quarantine,
    ) -> None:
        self.broker, self._clock, self._quarantine = broker, clock, quarantine
        self._rng = rng or random.Random(0)  # noqa: S311  # jitter, not a secret
        self._subscriptions: list[_Subscription] = []
        self._callbacks: list[Callable[[], Awaitable[None]]] = []
        self._up = asyncio.Event()
        self._draining = asyncio.Event()
        self._unstarted: asyncio.Queue[_Subscription] = asyncio.Queue()
        self._reachable = asyncio.Event()
        self._reachable.set()
        self._lost = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []

    @property
    def is_up(self) -> bool:
        """Whether the bus is connected."""
        return self._up.is_set()

    @property
    def state(self) -> LinkState:
        """State of the connection."""
        if self._draining.is_set():
            return LinkState.CLOSED
        return LinkState.CONNECTED if self._up.is_set() else LinkState.WAITING

    @property
    def detail(self) -> str:
        """The last failure in words. Empty when connected."""
        return "" if self._up.is_set() else "disconnected"

    @property
    def is_unstable(self) -> bool:
        """False: there are no client ids."""
        return False

    @property
    def max_payload(self) -> int | None:
        """Largest payload in bytes. None: no limit."""
        return None

    def cut(self) -> None:
        """Disconnects the bus until `heal`."""
        self._reachable.clear()
        self._up.clear()
        self._lost.set()

    def heal(self) -> None:
        """Lets the bus connect again."""
        self._lost.clear()
        self._reachable.set()

    async def wait_connected(self) -> None:
        """Returns when connected."""
        await self._up.wait()

    def on_connected(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Registers a callback for each connect."""
        self._callbacks.append(callback)

    async def subscribe(
        self,
        topic: Topic[M],
        handler: Handler[M],
        *,
        shared: bool = False,
        concurrency: int = 1,
        optional: bool = False,
        **levels: str,
    ) -> _Subscription:
        """See `Bus.subscribe`. Nothing is refused here. Raises ValueError for a shared subscription to a topic without
        a share group."""
        del optional
        handling = Handling(topic, self._quarantine, self._rng, handler)
        return self._add(topic, handling, shared, concurrency, levels)

    async def subscribe_groups(
        self, topic: Topic[M], handler: GroupHandler[R], read: GroupReader[R], *, shared: bool = False, **levels: str
    ) -> _Subscription:
        """See `Bus.subscribe_groups`. Raises ValueError like `subscribe`."""
        return self._add(topic, GroupHandling(topic, self._quarantine, self._rng, handler, read), shared, 1, levels)

    def _add(
        self,
        topic: Topic[M],
        handling: Handling[M] | GroupHandling[M, R],
        shared: bool,  # noqa: FBT001  # from the keyword of the two above
        concurrency: int,
        levels: Mapping[str, str],
    ) -> _Subscription:
        if shared and topic.share is None:
            raise ValueError(f"{topic.template} has no share group")
        topic.filter(**levels)
        share = topic.share if shared else None
        return self._begin(_Subscription(topic, dict(levels), share, handling, concurrency, self))  # type: ignore[arg-type]  # the list holds every type

    async def subscribe_divided(
        self, topic: Topic[M], handler: GroupHandler[R], read: GroupReader[R], *, level: str, values: Sequence[str]
    ) -> _DividedSubscription:
        """See `Bus.subscribe_divided`. Raises ValueError for a value that is not one topic level."""
        for value in values:
            topic.filter(**{level: value})
        handling = GroupHandling(topic, self._quarantine, self._rng, handler, read)
        return self._begin(_DividedSubscription(topic, {}, None, handling, 1, self, level=level))  # type: ignore[arg-type]

    def _begin(self, entry: S) -> S:
        self.broker.subscriptions.append(entry)
        self._subscriptions.append(entry)
        self._unstarted.put_nowait(entry)
        if entry.share is None:
            for address, payload in self.broker.retained.items():
                matched = entry.matches(address)
                if matched is not None:
                    entry.queue.put_nowait(Incoming(address, matched, payload, self._clock(), is_retained=True))
        return entry

    async def publish(self, topic: Topic[M], message: M, **levels: str) -> None:
        """See `Bus.publish`."""
        if not self._up.is_set():
            raise Disconnected("disconnected")
        self.inject(topic.address(**levels), message.model_dump_json().encode(), retain=topic.retain)

    async def clear(self, topic: Topic[M], **levels: str) -> None:
        """See `Bus.clear`."""
        require_retained(topic)
        if not self._up.is_set():
            raise Disconnected("disconnected")
        self.inject(topic.address(**levels), b"", retain=True)

    def inject(self, address: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes raw bytes, as a foreign client could. Empty ones delete the retained message."""
        if retain:
            self.broker.retained[address] = payload
            if not payload:
                del self.broker.retained[address]
        self.broker.published.append((address, payload))
        self.broker.deliver(address, payload, self._clock())

    async def run(self) -> None:
        """Runs the handlers. Returns after `drain`."""
        async with asyncio.TaskGroup() as group:
            links = group.create_task(self._link(group))
            starts = group.create_task(self._start(group))
            await self._draining.wait()
            for entry in self._subscriptions:
                await entry.queue.join()
            links.cancel()
            starts.cancel()
            self._up.clear()
            for task in self._workers:
                task.cancel()

    async def drain(self) -> None:
        """Stops the bus. `run` returns once the queued deliveries are handled."""
        self._draining.set()

    async def _link(self, group: asyncio.TaskGroup) -> None:
        while True:
            await self._reachable.wait()
            self._up.set()
            for callback in self._callbacks:
                group.create_task(self._call(callback))
            await self._lost.wait()

    async def _call(self, callback: Callable[[], Awaitable[None]]) -> None:
        try:
            await callback()
        except Disconnected:
            return

    async def _start(self, group: asyncio.TaskGroup) -> None:
        while True:
            entry = await self._unstarted.get()
            for _ in range(entry.concurrency):
                self._workers.append(group.create_task(self._work(entry)))

    async def _work(self, entry: _Subscription) -> None:
        while True:
            first = await entry.queue.get()
            if isinstance(entry.handling, Handling):
                await entry.handling.settle(first)
                entry.queue.task_done()
                continue
            group = [first]
            while not entry.queue.empty():
                group.append(entry.queue.get_nowait())
            await entry.handling.settle([(incoming, entry.queue.task_done) for incoming in group])
