"""Bus deliveries to actions: translation only. The topic's device is the authority on who sends."""

from typing import TypeVar

from pulse_bus import Bus, Delivery, Disconnected, Quarantine, Quarantined, Reject
from pulse_contracts.system import Status
from pulse_contracts.telemetry import Dropped, Hello, ReadingBatch, SeriesDeclared, Uplink
from pulse_contracts.topics import (
    SYSTEM_STATUS,
    TELEMETRY_DATA,
    TELEMETRY_DROP,
    TELEMETRY_HAVE,
    TELEMETRY_HELLO,
    TELEMETRY_SERIES,
)
from pulse_telemetry_gateway.actions.hello import Greeting
from pulse_telemetry_gateway.actions.ingest import Ingest
from pulse_telemetry_gateway.store.log import QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryStore

U = TypeVar("U", bound=Uplink)
_DATA_AT_ONCE = 10_000
"""As many as the broker gives: ReceiveMaximum is the bound."""


def quarantine(store: QuarantineStore) -> Quarantine:
    """Where unreadable and rejected messages go."""

    async def put_away(item: Quarantined) -> None:
        await store.put(item)

    return put_away


class Handlers:
    """Subscribes and translates."""

    def __init__(self, bus: Bus, ingest: Ingest, greeting: Greeting, registry: RegistryStore) -> None:
        self._bus, self._ingest, self._greeting, self._registry = bus, ingest, greeting, registry

    async def subscribe(self) -> None:
        """Everything that collectors send."""
        bus = self._bus
        await bus.subscribe(TELEMETRY_DATA, self.data, shared=True, concurrency=_DATA_AT_ONCE)
        await bus.subscribe(TELEMETRY_SERIES, self.series, shared=True)
        await bus.subscribe(TELEMETRY_HELLO, self.hello, shared=True)
        await bus.subscribe(TELEMETRY_DROP, self.drop, shared=True)
        await bus.subscribe(SYSTEM_STATUS, self.status, kind="collector")

    async def data(self, delivery: Delivery[ReadingBatch]) -> None:
        """Readings."""
        await self._ingest.take(_device(delivery), delivery.message, delivery.received)

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
