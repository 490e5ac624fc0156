"""Waiting after failed attempts: the table `backoff` counts failures in a row by key, for all replicas of a service."""

from datetime import datetime, timedelta

from pulse_contracts.backoff import backoff
from pulse_postgres.database import Connection

FREE_FAILURES = 5
MAX_WAIT = timedelta(seconds=300)


def wait_after(failures: int) -> timedelta:
    """Returns how long a key is locked after this many failures in a row: not for the first 5, then 1, 2, 4, … 300
    s."""
    return timedelta(seconds=backoff(failures - FREE_FAILURES, 1, MAX_WAIT.total_seconds()))


class BackoffStore:
    """Failures in a row. Every method works in the caller's transaction."""

    async def reserve(self, connection: Connection, key: bytes, now: datetime) -> timedelta:
        """Counts an attempt as failed before it is made, so that concurrent attempts are all counted. Returns zero, or
        how long the key is still locked. A locked key counts nothing."""
        row = await connection.fetchrow(  # the update changes nothing: it locks, even while a success deletes the row
            "INSERT INTO backoff (key, failures, until, touched) VALUES ($1, 0, $2, $2) "
            "ON CONFLICT (key) DO UPDATE SET touched = excluded.touched RETURNING failures, until",
            key,
            now,
        )
        if row is None:
            raise LookupError("an upsert returned no row")
        # `now` was read before this transaction got the row: another attempt may have set `until` after it
        if row["failures"] > FREE_FAILURES and row["until"] > now:
            return timedelta(seconds=(row["until"] - now).total_seconds())
        failures = int(row["failures"]) + 1
        until = now + wait_after(failures)
        await connection.execute("UPDATE backoff SET failures = $2, until = $3 WHERE key = $1", key, failures, until)
        return timedelta(0)

    async def note_wait(self, connection: Connection, key: bytes) -> bool:
        """Marks the current lock as reported. Returns whether it was not reported before."""
        is_new = "key = $1 AND failures > 0 AND noted IS DISTINCT FROM until"
        query = f"UPDATE backoff SET noted = until WHERE {is_new} RETURNING 1"  # noqa: S608  # our own text
        return await connection.fetchval(query, key) is not None

    async def give_back(self, connection: Connection, key: bytes, now: datetime) -> None:
        """Takes back a reserved attempt that was not made."""
        query = "UPDATE backoff SET failures = greatest(failures - 1, 0), until = least(until, $2) WHERE key = $1"
        await connection.execute(query, key, now)

    async def clear(self, connection: Connection, key: bytes) -> None:
        """Forgets the failures of a key after a success."""
        await connection.execute("DELETE FROM backoff WHERE key = $1", key)

    async def sweep(self, connection: Connection, before: datetime) -> None:
        """Deletes failures older than `before`. Skips keys that are in use, so it never waits for a sign-in."""
        old = "SELECT key FROM backoff WHERE touched < $1 AND until < $1 FOR UPDATE SKIP LOCKED"
        await connection.execute(f"DELETE FROM backoff WHERE key IN ({old})", before)  # noqa: S608  # our own text
