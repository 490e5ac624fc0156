"""Limits that outlive the process and hold for all replicas: the generic cell rate algorithm, in one statement."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pulse_postgres import Connection


@dataclass(frozen=True)
class Rate:
    """So many uses per window: a bucket of `uses`, which fills again one by one."""

    uses: int
    window: timedelta

    @property
    def interval(self) -> timedelta:
        """How long one use takes to come back."""
        return self.window / self.uses


def limit_key(name: str, who: str) -> bytes:
    """By which a limit is counted; a hash, for names of all sizes."""
    return hashlib.sha256(f"{name}\0{who}".encode("utf-8", "surrogatepass")).digest()


class LimitStore:
    """One instant for each key: until when its uses are paid for (ITU-T I.371, virtual scheduling)."""

    async def take(self, connection: Connection, key: bytes, rate: Rate, now: datetime) -> timedelta:
        """Takes one use: zero, or for how long there is none."""
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
        return max(timedelta(milliseconds=1), wait)

    async def give_back(self, connection: Connection, key: bytes, rate: Rate) -> None:
        """The use was none after all."""
        await connection.execute(
            "UPDATE rate_limit SET arrival = arrival - $2::interval WHERE key = $1", key, rate.interval
        )

    async def sweep(self, connection: Connection, now: datetime) -> None:
        """Forgets buckets that are full again."""
        await connection.execute("DELETE FROM rate_limit WHERE arrival < $1", now)
