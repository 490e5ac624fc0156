"""Limits that a restart keeps: waits after wrong passwords, and uses in a time."""

from datetime import datetime, timedelta

from pulse_postgres import Connection
from pulse_users.model.links import FREE_FAILURES, Limit, limit_key, wait_after


class BackoffStore:
    """Failures in a row."""

    async def reserve(self, connection: Connection, key: bytes, now: datetime) -> timedelta:
        """Counts an attempt as failed before it is made, so that a hundred at once are not one; zero, or how long to
        wait instead."""
        row = await connection.fetchrow(  # the update changes nothing: it locks, even while a success deletes the row
            "INSERT INTO backoff (key, failures, until, touched) VALUES ($1, 0, $2, $2) "
            "ON CONFLICT (key) DO UPDATE SET touched = excluded.touched RETURNING failures, until",
            key,
            now,
        )
        if row is None:
            raise LookupError("an upsert gave no row")
        # `now` was read before the row was ours: of two at once the later one's `until` may lie after the other's `now`
        if row["failures"] > FREE_FAILURES and row["until"] > now:
            return timedelta(seconds=(row["until"] - now).total_seconds())
        failures = int(row["failures"]) + 1
        until = now + wait_after(failures)
        await connection.execute("UPDATE backoff SET failures = $2, until = $3 WHERE key = $1", key, failures, until)
        return timedelta(0)

    async def give_back(self, connection: Connection, key: bytes, now: datetime) -> None:
        """The attempt was not made after all."""
        query = "UPDATE backoff SET failures = greatest(failures - 1, 0), until = least(until, $2) WHERE key = $1"
        await connection.execute(query, key, now)

    async def clear(self, connection: Connection, key: bytes) -> None:
        """The right password came."""
        await connection.execute("DELETE FROM backoff WHERE key = $1", key)

    async def sweep(self, connection: Connection, before: datetime) -> None:
        """Forgets failures that are older."""
        await connection.execute("DELETE FROM backoff WHERE touched < $1 AND until < $1", before)


class LimitStore:
    """The generic cell rate algorithm, one statement a use."""

    async def use(self, connection: Connection, limit: Limit, who: str, now: datetime) -> timedelta:
        """Counts one use; zero, or how long to wait instead, and then nothing is counted."""
        key, tolerance = limit_key(limit.name, who), limit.interval * (limit.burst - 1)
        taken = await connection.fetchval(
            "INSERT INTO rate_limit AS r (key, arrival) VALUES ($1, $2::timestamptz + $3::interval) "
            "ON CONFLICT (key) DO UPDATE SET arrival = greatest(r.arrival, $2) + $3 "
            "WHERE r.arrival <= $2::timestamptz + $4::interval RETURNING arrival",
            key,
            now,
            limit.interval,
            tolerance,
        )
        if taken is not None:
            return timedelta(0)
        arrival = await connection.fetchval("SELECT arrival FROM rate_limit WHERE key = $1", key)
        wait = (arrival - tolerance - now) if arrival else limit.interval
        return max(timedelta(seconds=1), timedelta(seconds=wait.total_seconds()))

    async def sweep(self, connection: Connection, now: datetime) -> None:
        """Forgets who has nothing to wait for."""
        await connection.execute("DELETE FROM rate_limit WHERE arrival < $1", now)
