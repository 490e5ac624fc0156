"""Translates bus deliveries into calls of actions. The topic's device is the authority on the sender."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from pulse_bus import Bus, Delivery, Disconnected, DividedSubscription, Quarantine, Quarantined, Reject
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.commands import CommandReply
from pulse_contracts.message import device_name_of, is_device_name
from pulse_contracts.shards import SHARDS
from pulse_contracts.system import Status
from pulse_contracts.telemetry import PLAIN_EPOCH, Dropped, Hello, SeriesDeclared
from pulse_contracts.topics import (
    SYSTEM_REPLY,
    SYSTEM_STATUS,
    TELEMETRY_DATA,
    TELEMETRY_DROP,
    TELEMETRY_HAVE,
    TELEMETRY_HELLO,
    TELEMETRY_PLAIN,
    TELEMETRY_SERIES,
    TELEMETRY_SHARD,
)
from pulse_telemetry_gateway.actions.commands import Commands
from pulse_telemetry_gateway.actions.device_limits import DeviceQueue, NewestPerDevice, RateLimitedQuarantine
from pulse_telemetry_gateway.actions.handshake import Handshake
from pulse_telemetry_gateway.actions.ingest import Ingest
from pulse_telemetry_gateway.actions.plain import Plain
from pulse_telemetry_gateway.model.ingest.batches import Batch, read_batches
from pulse_telemetry_gateway.model.ingest.token_buckets import TokenBuckets
from pulse_telemetry_gateway.model.ledger.arrivals import DeviceMessage
from pulse_telemetry_gateway.model.plain.documents import Document, read_documents
from pulse_telemetry_gateway.store.quarantine import QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.registry_rows import DeviceReport

R = TypeVar("R")
U = TypeVar("U", Batch, Dropped, Hello, SeriesDeclared)
C = TypeVar("C", Batch, Dropped)


@dataclass(frozen=True)
class DeviceBudget:
    """Limits of one device in events a second: hellos answered, declared losses, parts of declarations, status messages
    and replies to commands handled, messages quarantined. After a rest it may use ten seconds' worth at once.
    `waiting`: most messages of one kind that wait."""

    hellos: float = 5
    drops: float = 10
    parts: float = 10
    states: float = 2
    replies: float = 5
    quarantined: float = 20
    waiting: int = 200


_REST: Final = 10
_TAKEN: Final = 64
"""Messages taken from the broker at a time, so that one device's messages do not delay those of others. The budgets
decide which are handled."""
_AT_ONCE: Final = 2
"""Messages of one kind that are handled at a time, so that ingest always finds a database connection."""


def quarantine(
    store: QuarantineStore, budget: DeviceBudget | None = None, metrics: Metrics | None = None
) -> Quarantine:
    """Where unreadable and rejected messages go. With a budget, only so many of each device are kept."""

    async def put_away(item: Quarantined) -> None:
        await store.put(item)

    if budget is None:
        return put_away
    return RateLimitedQuarantine(put_away, _buckets(budget.quarantined), metrics or Metrics()).put


def _buckets(rate: float) -> TokenBuckets:
    return TokenBuckets(rate, int(rate * _REST))


class Handlers:
    """Subscribes to topics and translates deliveries."""

    def __init__(
        self,
        bus: Bus,
        ingest: Ingest,
        plain: Plain,
        handshake: Handshake,
        registry: RegistryStore,
        budget: DeviceBudget = DeviceBudget(),  # frozen
    ) -> None:
        self.on_status: Callable[[], None] = lambda: None
        """Called after the status of a collector was stored."""
        self._bus, self._ingest, self._plain, self._handshake, self._registry = bus, ingest, plain, handshake, registry
        self._hellos = NewestPerDevice(self._answer, _buckets(budget.hellos), _AT_ONCE)
        self._states = NewestPerDevice(self._note_status, _buckets(budget.states), _AT_ONCE)
        self._drops = DeviceQueue(_buckets(budget.drops), _AT_ONCE, budget.waiting)
        self._parts = DeviceQueue(_buckets(budget.parts), _AT_ONCE, budget.waiting)

    async def subscribe(self) -> DividedSubscription:
        """Subscribes to everything that collectors send. Returns the subscription to the readings of shards."""
        bus = self._bus
        await bus.subscribe_groups(TELEMETRY_DATA, self.data, read_batches, shared=True)
        await bus.subscribe(TELEMETRY_SERIES, self.series, shared=True, concurrency=_TAKEN)
        await bus.subscribe(TELEMETRY_DROP, self.drop, shared=True, concurrency=_TAKEN)
        await bus.subscribe(TELEMETRY_HELLO, self.hello, shared=True, concurrency=_TAKEN)
        await bus.subscribe(SYSTEM_STATUS, self.status, kind="collector", concurrency=_TAKEN)
        values = [str(shard) for shard in range(SHARDS)]
        return await bus.subscribe_divided(TELEMETRY_SHARD, self.data, read_batches, level="shard", values=values)

    async def subscribe_plain(self, bus: Bus) -> None:
        """Subscribes to what plain devices send, on the bus of their own session."""
        await bus.subscribe_groups(TELEMETRY_PLAIN, self.plain, read_documents)

    async def data(self, group: Sequence[Delivery[Batch]]) -> list[Exception | None]:
        """Handles batches of readings."""
        messages, outcomes = _senders(group, _counting_device)
        return _filled(outcomes, messages, await self._ingest.take(list(messages.values())) if messages else [])

    async def plain(self, group: Sequence[Delivery[Document]]) -> list[Exception | None]:
        """Handles JSON of plain devices. A retained message was already delivered when it was published."""
        fresh = [delivery for delivery in group if not delivery.is_retained]
        if len(fresh) < len(group):
            outcomes = iter(await self.plain(fresh) if fresh else [])
            return [None if delivery.is_retained else next(outcomes) for delivery in group]
        messages, found = _senders(group, lambda of: _plain_name(of.levels["device"]))
        return _filled(found, messages, await self._plain.take(list(messages.values())) if messages else [])

    async def series(self, delivery: Delivery[SeriesDeclared]) -> None:
        """Handles a part of a series declaration."""
        device = _device(delivery)
        await self._parts.take(device, lambda: self._handshake.declare(device, delivery.message))

    async def hello(self, delivery: Delivery[Hello]) -> None:
        """Answers a `Hello`, unless the device has sent a newer one."""
        await self._hellos.take(_device(delivery), delivery.message)

    async def _answer(self, device: str, hello: Hello) -> None:
        have = await self._handshake.answer(device, hello)
        try:
            await self._bus.publish(TELEMETRY_HAVE, have, device=device)
        except Disconnected:
            return  # the collector repeats its `Hello` each second

    async def drop(self, delivery: Delivery[Dropped]) -> None:
        """Handles declared losses."""
        device = _counting_device(delivery)
        await self._drops.take(device, lambda: self._ingest.drop(device, delivery.message))

    async def status(self, delivery: Delivery[Status]) -> None:
        """Handles the status of a collector."""
        await self._states.take(_named(delivery.levels["id"]), delivery.message)

    async def _note_status(self, device: str, status: Status) -> None:
        report = DeviceReport(
            status.state == "online",
            status.name,
            status.version,
            status.waiting,
            status.oldest_waiting,
            status.buffer_fill,
            status.full_in,
        )
        await self._registry.note_status(device, report)
        self.on_status()


class ReplyHandlers:
    """Subscribes to the replies of collectors to commands."""

    def __init__(self, bus: Bus, commands: Commands, budget: DeviceBudget = DeviceBudget()) -> None:
        self._bus, self._commands = bus, commands
        self._queue = DeviceQueue(_buckets(budget.replies), _AT_ONCE, budget.waiting)

    async def subscribe(self) -> None:
        """Subscribes to the topic."""
        await self._bus.subscribe(SYSTEM_REPLY, self.reply, shared=True, concurrency=_TAKEN)

    async def reply(self, delivery: Delivery[CommandReply]) -> None:
        """Handles a reply. A collector cannot answer for another one: the topic names the sender."""
        device = _named(delivery.levels["device"])
        await self._queue.take(device, lambda: self._commands.receive(device, delivery.message))


def _senders(
    group: Sequence[Delivery[R]], sender: Callable[[Delivery[R]], str]
) -> tuple[dict[int, DeviceMessage[R]], list[Exception | None]]:
    """The messages whose sender is valid, by place in the group, and an outcome for each delivery: why its sender is
    invalid, or None."""
    messages: dict[int, DeviceMessage[R]] = {}
    outcomes: list[Exception | None] = [None] * len(group)
    for place, delivery in enumerate(group):
        try:
            device = sender(delivery)
            messages[place] = DeviceMessage(device, delivery.message, delivery.received, delivery.size)
        except Reject as refusal:
            outcomes[place] = refusal
    return messages, outcomes


def _filled(
    outcomes: list[Exception | None], places: Iterable[int], found: Sequence[Exception | None]
) -> list[Exception | None]:
    for place, outcome in zip(places, found, strict=True):
        outcomes[place] = outcome
    return outcomes


def _named(device: str) -> str:
    if not is_device_name(device):
        raise Reject("malformed_device", f"{device[:64]!r} is not a valid device id: use 1 to 32 of a-z, 0-9 and -")
    return device


def _plain_name(device: str) -> str:
    found = device_name_of(device)
    if found is None:
        raise Reject("malformed_device", f"{device[:64]!r} is not a valid device id: use 1 to 32 letters, digits and -")
    return found


def _device(delivery: Delivery[U]) -> str:
    device = _named(delivery.levels["device"])
    claimed = delivery.message.device
    if claimed is not None and claimed != device:
        raise Reject("foreign_device", f"the topic belongs to {device}, but the payload names {claimed}")
    return device


def _counting_device(delivery: Delivery[C]) -> str:
    """The device of a message about an epoch that the device itself counts."""
    device = _device(delivery)
    if delivery.message.epoch == PLAIN_EPOCH:
        raise Reject("plain_epoch", f"epoch {PLAIN_EPOCH} is reserved for plain devices: a collector must use another")
    return device
