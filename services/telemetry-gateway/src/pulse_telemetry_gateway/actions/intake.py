"""The intake of plain devices: one session at the broker, used by one gateway at a time.

A plain device's only promise is the broker's PUBACK. The broker therefore queues for a session that never expires, also
while no gateway runs, and a gateway acknowledges a message to the broker when its readings are committed.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from pulse_bus import Bus, LinkState
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_telemetry_gateway.store.leases import LeaseStore

log = logging.getLogger("pulse.intake")
_LEASE = "plain intake"


@dataclass(frozen=True)
class IntakePace:
    """`lease`: how long the work stays with a gateway that says nothing. `renew`: how often it renews. `farewell`: how
    long messages in flight may take at the end."""

    lease: timedelta = timedelta(seconds=5)
    renew: timedelta = timedelta(seconds=1)
    farewell: timedelta = timedelta(seconds=3)


class Intake:
    """Consumes while this gateway holds the lease. `open_session` makes the bus, `subscribe` adds the handlers to
    it."""

    def __init__(
        self,
        leases: LeaseStore,
        open_session: Callable[[], Bus],
        subscribe: Callable[[Bus], Awaitable[None]],
        metrics: Metrics,
        pace: IntakePace = IntakePace(),  # frozen
    ) -> None:
        self._leases, self._open_session, self._subscribe, self._pace = leases, open_session, subscribe, pace
        self._owner = secrets.token_hex(8)
        self._is_mine, self._is_stopping = False, asyncio.Event()
        self._bus: Bus | None = None
        self._ended = asyncio.Event()
        self._ended.set()
        connected = metrics.gauge("plain_intake_connected", "Whether this gateway receives from plain devices")
        connected.set_function(lambda: self.is_connected)

    @property
    def is_connected(self) -> bool:
        """Whether messages of plain devices reach this gateway."""
        return self._bus is not None and self._bus.state is LinkState.CONNECTED

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            if not self._is_stopping.is_set() and await self._holds_lease():
                await self._consume()
            await self._pause()

    async def stop(self) -> None:
        """Takes nothing new, lets messages in flight finish, and hands the lease on."""
        self._is_stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.farewell.total_seconds()):
                await self._ended.wait()
        if self._is_mine:
            with suppress(Unavailable):
                await self._leases.release(_LEASE, self._owner)

    async def _consume(self) -> None:
        bus = self._bus = self._open_session()
        await self._subscribe(bus)
        self._ended.clear()
        try:
            async with asyncio.TaskGroup() as group:
                running = group.create_task(bus.run())
                while not self._is_stopping.is_set() and await self._holds_lease():
                    await self._pause()
                await bus.drain()
                await asyncio.wait([running], timeout=self._pace.farewell.total_seconds())
                running.cancel()
        finally:
            self._bus = None
            self._ended.set()

    async def _holds_lease(self) -> bool:
        """While the database is away nobody can take the lease over, so nothing changes."""
        if self._is_stopping.is_set():
            return False
        try:
            self._is_mine = await self._leases.take(_LEASE, self._owner, self._pace.lease)
        except Unavailable as error:
            log.debug("lease_unknown reason=%s", error)
        return self._is_mine

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.renew.total_seconds()):
                await self._is_stopping.wait()
        if self._is_stopping.is_set():
            await asyncio.sleep(0.05)  # the owner of this task cancels it soon
