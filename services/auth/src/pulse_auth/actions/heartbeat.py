"""Publishes the recent revocations every few seconds. A service that receives none knows that auth is down."""

from collections.abc import Callable
from datetime import timedelta

from pulse_auth.actions.ending import SessionRevoker, revocation
from pulse_auth.store.sessions import SessionStore
from pulse_bus import Bus
from pulse_chassis.process.background import Job
from pulse_contracts.auth import Revocations
from pulse_contracts.times import from_micros, to_micros
from pulse_contracts.topics import AUTH_REVOCATIONS
from pulse_postgres import Database

_KEEP = timedelta(minutes=6)
"""Longer than any access token is valid: 5 minutes plus twice the leeway of 30 s."""
_MAX_REVOCATIONS = 1_000


class Heartbeat:
    """Publishes the recent revocations. `clock` in microseconds."""

    def __init__(self, database: Database, bus: Bus, clock: Callable[[], int]) -> None:
        self._database, self._bus, self._clock = database, bus, clock
        self._sessions = SessionStore()

    async def beat(self) -> None:
        """Publishes once. Raises Unavailable."""
        now = from_micros(self._clock())
        async with self._database.connection() as connection:
            ended = await self._sessions.revoked_since(connection, now - _KEEP, _MAX_REVOCATIONS)
        recent = [revocation(revoked) for revoked in ended]
        await self._bus.publish(AUTH_REVOCATIONS, Revocations(at=to_micros(now), recent=recent))


def heartbeat_job(heartbeat: Heartbeat, revoker: SessionRevoker, every: timedelta) -> Job:
    """Runs every `every`, and soon after a revocation. A failed heartbeat is retried within half a second: at startup
    auth is often ready before its connection to the broker."""
    again, gather = timedelta(milliseconds=500), timedelta(milliseconds=50)
    return Job(
        "heartbeat",
        heartbeat.beat,
        interval=every,
        wake=revoker.announced,
        gather=gather,
        retry_floor=again,
        retry_cap=again,
    )
