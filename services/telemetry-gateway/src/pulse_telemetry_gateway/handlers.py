"""Bus deliveries to actions: translation only. The topic's device is the authority on who sends."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from pulse_bus import Bus, Delivery, Disconnected, Quarantine, Quarantined, Reject
from pulse_contracts.message import device_name_of, is_device_name
from pulse_contracts.system import Status
from pulse_contracts.telemetry import PLAIN_EPOCH, Dropped, Hello, SeriesDeclared
from pulse_contracts.topics import (
    SYSTEM_STATUS,
    TELEMETRY_DATA,
    TELEMETRY_DROP,
    TELEMETRY_HAVE,
    TELEMETRY_HELLO,
    TELEMETRY_PLAIN,
    TELEMETRY_SERIES,
)
from pulse_telemetry_gateway.actions.hello import Greeting
from pulse_telemetry_gateway.actions.ingest import Ingest, Parcel
from pulse_telemetry_gateway.actions.plain import Plain, PlainParcel
from pulse_telemetry_gateway.model.batches import Batch, read_batches
from pulse_telemetry_gateway.model.plain_json import Document, read_documents
from pulse_telemetry_gateway.store.quarantine import QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryStore

R = TypeVar("R")
U = TypeVar("U", Batch, Dropped, Hello, SeriesDeclared)
C = TypeVar("C", Batch, Dropped)


def quarantine(store: QuarantineStore) -> Quarantine:
    """Where unreadable and rejected messages go."""

    async def put_away(item: Quarantined) -> None:
        await store.put(item)

    return put_away


class Handlers:
    """Subscribes and translates."""

    def __init__(self, bus: Bus, ingest: Ingest, plain: Plain, greeting: Greeting, registry: RegistryStore) -> None:
        self._bus, self._ingest, self._plain, self._greeting, self._registry = bus, ingest, plain, greeting, registry

    async def subscribe(self) -> None:
        """Everything that collectors send."""
        bus = self._bus
        await bus.subscribe_groups(TELEMETRY_DATA, self.data, read_batches, shared=True)
        await bus.subscribe(TELEMETRY_SERIES, self.series, shared=True)
        await bus.subscribe(TELEMETRY_HELLO, self.hello, shared=True)
        await bus.subscribe(TELEMETRY_DROP, self.drop, shared=True)
        await bus.subscribe(SYSTEM_STATUS, self.status, kind="collector")

    async def subscribe_plain(self, bus: Bus) -> None:
        """Everything that plain devices send, on the bus of their own session."""
        await bus.subscribe_groups(TELEMETRY_PLAIN, self.plain, read_documents)

    async def data(self, group: Sequence[Delivery[Batch]]) -> list[Exception | None]:
        """Readings."""
        named, outcomes = _senders(group, _counting_device)
        parcels = [Parcel(device, of.message, of.received, of.size) for device, of in named.values()]
        return _filled(outcomes, named, await self._ingest.take(parcels) if parcels else [])

    async def plain(self, group: Sequence[Delivery[Document]]) -> list[Exception | None]:
        """Values of devices that speak nothing but JSON. A retained message was delivered when it was published."""
        fresh = [delivery for delivery in group if not delivery.is_retained]
        if len(fresh) < len(group):
            outcomes = iter(await self.plain(fresh) if fresh else [])
            return [None if delivery.is_retained else next(outcomes) for delivery in group]
        named, found = _senders(group, lambda of: _plain_name(of.levels["device"]))
        parcels = [PlainParcel(device, of.message, of.received, of.size) for device, of in named.values()]
        return _filled(found, named, await self._plain.take(parcels) if parcels else [])

    async def series(self, delivery: Delivery[SeriesDeclared]) -> None:
        """A declaration."""
        await self._greeting.declare(_device(delivery), delivery.message)

    async def hello(self, delivery: Delivery[Hello]) -> None:
        """A hello is answered with what we have."""
        device = _device(delivery)
        have = await self._greeting.answer(device, delivery.message)
        try:
            await self._bus.publish(TELEMETRY_HAVE, have, device=device)
        except Disconnected:
            return  # the collector says hello again each second

    async def drop(self, delivery: Delivery[Dropped]) -> None:
        """Declared losses."""
        await self._ingest.drop(_counting_device(delivery), delivery.message)

    async def status(self, delivery: Delivery[Status]) -> None:
        """A collector came or went."""
        status = delivery.message
        await self._registry.note_status(
            _named(delivery.levels["id"]),
            online=status.state == "online",
            display_name=status.name,
            waiting=status.waiting,
        )


def _senders(
    group: Sequence[Delivery[R]], sender: Callable[[Delivery[R]], str]
) -> tuple[dict[int, tuple[str, Delivery[R]]], list[Exception | None]]:
    """Who sent each, by place in the group; and an outcome for each: why it is nobody's, or None so far."""
    named: dict[int, tuple[str, Delivery[R]]] = {}
    outcomes: list[Exception | None] = [None] * len(group)
    for place, delivery in enumerate(group):
        try:
            named[place] = sender(delivery), delivery
        except Reject as refusal:
            outcomes[place] = refusal
    return named, outcomes


def _filled(
    outcomes: list[Exception | None], places: Iterable[int], found: Sequence[Exception | None]
) -> list[Exception | None]:
    for place, outcome in zip(places, found, strict=True):
        outcomes[place] = outcome
    return outcomes


def _named(device: str) -> str:
    if not is_device_name(device):
        raise Reject("malformed_device", f"{device[:64]!r} is no device id: 1 to 32 of a-z, 0-9 and -")
    return device


def _plain_name(device: str) -> str:
    found = device_name_of(device)
    if found is None:
        raise Reject("malformed_device", f"{device[:64]!r} is no device id: 1 to 32 letters, digits and -")
    return found


def _device(delivery: Delivery[U]) -> str:
    device = _named(delivery.levels["device"])
    claimed = delivery.message.device
    if claimed is not None and claimed != device:
        raise Reject("foreign_device", f"the topic is {device}'s, the payload claims {claimed}")
    return device


def _counting_device(delivery: Delivery[C]) -> str:
    """Of a message about an epoch that the device itself counts."""
    device = _device(delivery)
    if delivery.message.epoch == PLAIN_EPOCH:
        raise Reject("plain_epoch", f"epoch {PLAIN_EPOCH} is numbered by the gateway: a collector draws another")
    return device
