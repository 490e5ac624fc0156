"""What everybody hears every few seconds: which sessions ended lately. Who hears nothing knows that auth is away."""

import logging
from collections.abc import Callable
from datetime import timedelta

from pulse_auth.actions.ending import Events, revocation
from pulse_auth.store.sessions import SessionStore
from pulse_bus import Bus
from pulse_chassis.process.background import Job
from pulse_contracts.auth import Revocations
from pulse_contracts.times import from_micros, to_micros
from pulse_contracts.topics import AUTH_REVOCATIONS
from pulse_postgres import Database

log = logging.getLogger("pulse.auth")
_KEEP = timedelta(minutes=6)
"""Longer than an access token is believed: 5 minutes and twice the leeway of 30 s."""
_MOST = 1_000


class Heartbeat:
    """Says it. `clock` in microseconds."""

    def __init__(self, database: Database, bus: Bus, clock: Callable[[], int]) -> None:
        self._database, self._bus, self._clock = database, bus, clock
        self._sessions = SessionStore()

    async def beat(self) -> None:
        """Once. Raises Unavailable."""
        now = from_micros(self._clock())
        async with self._database.connection() as connection:
            ended = await self._sessions.revoked_since(connection, now - _KEEP, _MOST)
        recent = [revocation(revoked) for revoked in ended]
        await self._bus.publish(AUTH_REVOCATIONS, Revocations(at=to_micros(now), recent=recent))


def heartbeat_job(heartbeat: Heartbeat, events: Events, every: timedelta) -> Job:
    """Beats every so often, and soon after a revocation. A failed beat is retried within half a second: at the start of
    the system auth is often ready before its connection to the broker."""
    again, gather = timedelta(milliseconds=500), timedelta(milliseconds=50)
    return Job(
        "heartbeat",
        heartbeat.beat,
        interval=every,
        wake=events.said,
        gather=gather,
        retry_floor=again,
        retry_cap=again,
    )
