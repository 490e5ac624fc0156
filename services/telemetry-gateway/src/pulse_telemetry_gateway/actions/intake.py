"""The intake of plain devices: one session at the broker, used by one gateway at a time.

A plain device only gets the broker's PUBACK. The broker therefore queues for a session that never expires, also while
no gateway runs. A gateway acknowledges a message to the broker when its readings are committed.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from pulse_bus import Bus, LinkState
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_telemetry_gateway.store.leases import LeaseStore

_LEASE = "plain intake"


@dataclass(frozen=True)
class IntakeTimeouts:
    """lease: how long a lease lasts without renewal. shutdown: how long messages in flight may take at the end."""

    lease: timedelta = timedelta(seconds=5)
    shutdown: timedelta = timedelta(seconds=3)


class Intake:
    """Consumes while this gateway holds the lease. `open_session` makes the bus, `subscribe` adds the handlers to it.

    `run` is a task, `renew_lease` the step of a background job that runs every second.
    """

    def __init__(
        self,
        leases: LeaseStore,
        open_session: Callable[[], Bus],
        subscribe: Callable[[Bus], Awaitable[None]],
        metrics: Metrics,
        timeouts: IntakeTimeouts = IntakeTimeouts(),  # frozen
    ) -> None:
        self._leases, self._open_session, self._subscribe, self._timeouts = leases, open_session, subscribe, timeouts
        self._owner = secrets.token_hex(8)
        self._held, self._released, self._idle = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._released.set()
        self._idle.set()
        self._is_stopping = False
        self._bus: Bus | None = None
        connected = metrics.gauge("plain_intake_connected", "1 while this gateway receives from plain devices, else 0")
        connected.set_function(lambda: self.is_connected)

    @property
    def is_connected(self) -> bool:
        """Whether messages of plain devices reach this gateway."""
        return self._bus is not None and self._bus.state is LinkState.CONNECTED

    async def renew_lease(self) -> None:
        """Takes or renews the lease. Raises Unavailable: nothing changes then, because no gateway can take the lease
        while the database is down."""
        if not self._is_stopping:
            self._set_held(is_held=await self._leases.take(_LEASE, self._owner, self._timeouts.lease))

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            await self._held.wait()
            if self._held.is_set():  # `stop` may have come first
                await self._consume()

    async def stop(self) -> None:
        """Stops consuming, waits for messages in flight, and releases the lease."""
        self._is_stopping = True
        had_lease = self._held.is_set()
        self._set_held(is_held=False)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeouts.shutdown.total_seconds()):
                await self._idle.wait()
        if had_lease:
            with suppress(Unavailable):
                await self._leases.release(_LEASE, self._owner)

    def _set_held(self, *, is_held: bool) -> None:
        if is_held and not self._is_stopping:
            self._released.clear()
            self._held.set()
        else:
            self._held.clear()
            self._released.set()

    async def _consume(self) -> None:
        """Uses the session until the lease is lost or given up."""
        self._idle.clear()
        try:
            bus = self._bus = self._open_session()
            await self._subscribe(bus)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(bus.run())
                await self._released.wait()
                await bus.drain()
                await asyncio.wait([running], timeout=self._timeouts.shutdown.total_seconds())
                running.cancel()
        finally:
            self._bus = None
            self._idle.set()
