"""Rate limits that survive a restart and hold for all replicas: the generic cell rate algorithm in one statement."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pulse_postgres.database import Connection


@dataclass(frozen=True)
class Rate:
    """At most `uses` at once, and on average at most `uses` per `window`."""

    uses: int
    window: timedelta

    @property
    def interval(self) -> timedelta:
        """Time until another use is allowed."""
        return self.window / self.uses


def limit_key(name: str, subject: str) -> bytes:
    """Returns the key of a limit for one client or account: a hash, which has a fixed size and hides the name."""
    return hashlib.sha256(f"{name}\0{subject}".encode("utf-8", "surrogatepass")).digest()


class LimitStore:
    """The table `rate_limit`: one theoretical arrival time for each key (ITU-T I.371, virtual scheduling)."""

    async def take(self, connection: Connection, key: bytes, rate: Rate, now: datetime) -> timedelta:
        """Takes one use. Returns zero, or the time until the next use is allowed, and takes nothing then."""
        until = await connection.fetchval(
            "INSERT INTO rate_limit AS l (key, arrival) VALUES ($1, $2::timestamptz + $3::interval) "
            "ON CONFLICT (key) DO UPDATE SET arrival = greatest(l.arrival, $2) + $3 "
            "WHERE greatest(l.arrival, $2) + $3 <= $2 + $4::interval RETURNING arrival",
            key,
            now,
            rate.interval,
            rate.window,
        )
        if until is not None:
            return timedelta(0)
        arrival = await connection.fetchval("SELECT arrival FROM rate_limit WHERE key = $1", key)
        wait = arrival + rate.interval - rate.window - now if arrival else rate.interval
        return max(timedelta(milliseconds=1), timedelta(seconds=wait.total_seconds()))

    async def give_back(self, connection: Connection, key: bytes, rate: Rate) -> None:
        """Gives a use back."""
        await connection.execute(
            "UPDATE rate_limit SET arrival = arrival - $2::interval WHERE key = $1", key, rate.interval
        )

    async def sweep(self, connection: Connection, now: datetime) -> None:
        """Deletes keys that have all their uses again."""
        await connection.execute("DELETE FROM rate_limit WHERE arrival < $1", now)
