"""Watches the services, and counts how long each was up and down.

A service is up while one of its processes is online at the broker. While the gateway has no connection to the broker,
the broker counts as down and the other services as not known. A service is down only when no gateway saw it up within
two intervals. Time that no gateway watched is not known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from pulse_bus import Bus, Delivery
from pulse_bus.port import LinkState
from pulse_contracts.access import SERVICES
from pulse_contracts.errors import Unavailable
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_telemetry_gateway.store.availability import AvailabilityStore, Outage, ServiceDay

_OWN: Final = "telemetry-gateway"
BROKER: Final = "broker"
DATABASE: Final = "database"
WATCHED: Final = (*SERVICES, BROKER, DATABASE)
"""Everything whose availability is counted."""
INTERVAL: Final = timedelta(seconds=10)
_GAP: Final = timedelta(seconds=45)
"""Counts that are further apart leave a time that nobody watched."""
_GRACE: Final = 2 * INTERVAL
"""How long one gateway's sight of a service outweighs what others say."""
_PATIENCE: Final = 3
"""Rounds that a new gateway has to connect, before the broker counts as down."""
_KEPT_DAYS: Final = 400
_KEPT_OUTAGES: Final = 1_000
_SHOWN_OUTAGES: Final = 50
_MICRO: Final = timedelta(microseconds=1)
_PROCESSES: Final = 1_000
"""Process ids of one kind that are kept. A process that stops cleanly is forgotten."""


@dataclass(frozen=True)
class Availability:
    """What is known of the last days. `today` in UTC. is_up: None: not known."""

    today: date
    is_up: dict[str, bool | None]
    days: list[ServiceDay]
    outages: list[Outage]


@dataclass
class _Kind:
    online: set[str] = field(default_factory=set)
    is_seen: bool = False


class Watch:
    """`clock` in microseconds, monotonic enough to measure an outage of the database. Only a failed connection is an
    outage of the database: a full pool, a lock or a slow statement is not."""

    def __init__(self, bus: Bus, store: AvailabilityStore, clock: Callable[[], int]) -> None:
        self._bus, self._store, self._clock = bus, store, clock
        self._kinds: dict[str, _Kind] = {kind: _Kind() for kind in SERVICES}
        self._watched_at: int | None = None
        self._failed_at: int | None = None
        self._recovered_at: int | None = None
        self._rounds = 0
        self._has_connected = False

    async def subscribe(self) -> None:
        """Follows the status of every service."""
        for kind in SERVICES:
            await self._bus.subscribe(SYSTEM_STATUS, self.note, kind=kind)

    async def note(self, delivery: Delivery[Status]) -> None:
        """Remembers which processes of a service are online."""
        kind = self._kinds.get(delivery.levels["kind"])
        if kind is None:
            return
        kind.is_seen = True
        process = delivery.levels["id"]
        if delivery.message.state == "online" and len(kind.online) < _PROCESSES:
            kind.online.add(process)
        else:
            kind.online.discard(process)

    async def count(self) -> None:
        """One round: adds the time since the last one. After an outage of the database, in which this gateway kept
        trying and no other gateway counted, the whole outage counts as down for the database. Does nothing while the
        gateway shuts down. Raises Unavailable."""
        if self._bus.state is LinkState.CLOSED:
            return
        if self._watched_at is not None and self._clock() - self._watched_at > _GAP // _MICRO:
            self._failed_at = self._recovered_at = None  # nobody watched since
        try:
            await self._count_outage()
            await self._store.count(self._states(), _GAP, _GRACE)
            if self._rounds % 360 == 0:
                await self._store.trim(_KEPT_DAYS, _KEPT_OUTAGES)
        except Unavailable:
            await self._note_failure()
            raise
        finally:
            self._watched_at = self._clock()
        self._rounds += 1

    async def _count_outage(self) -> None:
        if self._failed_at is not None:
            now = self._clock()
            ended = now if self._recovered_at is None else self._recovered_at
            await self._store.count_outage(DATABASE, (now - self._failed_at) * _MICRO, (now - ended) * _MICRO, _GAP)
            self._failed_at = self._recovered_at = None

    async def _note_failure(self) -> None:
        if not await self._store.accepts_connections():
            self._failed_at = self._clock() if self._failed_at is None else self._failed_at
            self._recovered_at = None
        elif self._failed_at is not None and self._recovered_at is None:
            self._recovered_at = self._clock()

    async def report(self, days: int) -> Availability:
        """What is known of the last `days` days, today included. Raises Unavailable."""
        states = self._states()
        today, found = await self._store.days(WATCHED, days)
        outages = await self._store.outages(days, _SHOWN_OUTAGES)
        return Availability(today, {service: states.get(service) for service in WATCHED}, found, outages)

    def _states(self) -> dict[str, bool]:
        """Up or down, for each service of which it is known. A gateway that counts is up."""
        is_connected = self._bus.state is LinkState.CONNECTED
        self._has_connected |= is_connected
        states = {DATABASE: True}
        if self._has_connected or self._rounds >= _PATIENCE:
            states[BROKER] = is_connected
        if is_connected:
            states |= {name: bool(kind.online) for name, kind in self._kinds.items() if kind.is_seen}
        return states | {_OWN: True}
