"""What everybody hears every few seconds: which sessions ended lately. Who hears nothing knows that auth is away."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from pulse_auth.actions.ending import Events, revocation
from pulse_auth.model.sessions import micros, moment
from pulse_auth.store.sessions import SessionStore
from pulse_bus import Bus
from pulse_contracts.auth import Revocations
from pulse_contracts.errors import Unavailable
from pulse_contracts.topics import AUTH_REVOCATIONS
from pulse_postgres import Database

log = logging.getLogger("pulse.auth")
_KEEP = timedelta(minutes=6)
"""Longer than an access token is believed: 5 minutes and twice the leeway of 30 s."""
_MOST = 1_000
_AGAIN = timedelta(milliseconds=500)
"""After a beat that failed: at the start of everything auth is often ready before its link to the broker is."""
_GATHER = timedelta(milliseconds=50)
"""`Events.said` is set within the transaction: by then it has committed, and others with it."""


class Heartbeat:
    """Says it. `clock` in microseconds."""

    def __init__(self, database: Database, bus: Bus, events: Events, clock: Callable[[], int]) -> None:
        self._database, self._bus, self._events, self._clock = database, bus, events, clock
        self._sessions = SessionStore()

    async def keep_beating(self, every: timedelta) -> None:
        """Endless: so often, and soon after a revocation. Without database or broker nothing is said, and that says
        it."""
        is_told = False
        while True:
            patience = every
            try:
                await self.beat()
                is_told = False
            except Unavailable as error:
                patience = min(every, _AGAIN)
                if not is_told:
                    log.info("no heartbeat: %s", error)
                    is_told = True
            try:
                async with asyncio.timeout(patience.total_seconds()):
                    await self._events.said.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(_GATHER.total_seconds())
            self._events.said.clear()

    async def beat(self) -> None:
        """Once. Raises Unavailable."""
        now = moment(self._clock())
        async with self._database.connection() as connection:
            ended = await self._sessions.revoked_since(connection, now - _KEEP, _MOST)
        recent = [revocation(revoked) for revoked in ended]
        await self._bus.publish(AUTH_REVOCATIONS, Revocations(at=micros(now), recent=recent))
