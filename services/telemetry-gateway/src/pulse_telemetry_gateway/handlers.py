"""Bus deliveries to actions: translation only. The topic's device is the authority on who sends."""

from collections.abc import Sequence
from typing import TypeVar

from pulse_bus import Bus, Delivery, Disconnected, Quarantine, Quarantined, Reject
from pulse_contracts.system import Status
from pulse_contracts.telemetry import Dropped, Hello, PlainReadings, ReadingBatch, SeriesDeclared, Uplink
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
from pulse_telemetry_gateway.store.log import QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryStore

U = TypeVar("U", bound=Uplink)


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
        await bus.subscribe_groups(TELEMETRY_DATA, self.data, shared=True)
        await bus.subscribe_groups(TELEMETRY_PLAIN, self.plain, shared=True)
        await bus.subscribe(TELEMETRY_SERIES, self.series, shared=True)
        await bus.subscribe(TELEMETRY_HELLO, self.hello, shared=True)
        await bus.subscribe(TELEMETRY_DROP, self.drop, shared=True)
        await bus.subscribe(SYSTEM_STATUS, self.status, kind="collector")

    async def data(self, group: Sequence[Delivery[ReadingBatch]]) -> list[Exception | None]:
        """Readings."""
        outcomes: list[Exception | None] = [None] * len(group)
        parcels: list[Parcel] = []
        places: list[int] = []
        for i, delivery in enumerate(group):
            try:
                device = _device(delivery)
            except Reject as refusal:
                outcomes[i] = refusal
                continue
            parcels.append(Parcel(device, delivery.message, delivery.received, delivery.size))
            places.append(i)
        if parcels:
            for i, outcome in zip(places, await self._ingest.take(parcels), strict=True):
                outcomes[i] = outcome
        return outcomes

    async def plain(self, group: Sequence[Delivery[PlainReadings]]) -> list[Exception | None]:
        """Values of devices that speak nothing but JSON."""
        return await self._plain.take(
            [PlainParcel(of.levels["device"], of.message, of.received, of.size) for of in group]
        )

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
        await self._ingest.drop(_device(delivery), delivery.message)

    async def status(self, delivery: Delivery[Status]) -> None:
        """A collector came or went."""
        status = delivery.message
        await self._registry.note_status(
            delivery.levels["id"],
            online=status.state == "online",
            display_name=status.name,
            waiting=status.waiting,
        )


def _device(delivery: Delivery[U]) -> str:
    device = delivery.levels["device"]
    claimed = delivery.message.device
    if claimed is not None and claimed != device:
        raise Reject("foreign_device", f"the topic is {device}'s, the payload claims {claimed}")
    return device
