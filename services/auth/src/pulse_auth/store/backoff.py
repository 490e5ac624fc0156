"""Failures in a row, and how long they make somebody wait."""

from datetime import datetime, timedelta

from pulse_auth.model.sessions import FREE_FAILURES, WAITS
from pulse_postgres import Connection

_WAITS = "ARRAY[" + ",".join(str(int(wait.total_seconds())) for wait in WAITS) + "]"
RESERVE = (
    "INSERT INTO backoff AS b (key, failures, until, touched) "  # noqa: S608  # our own numbers
    f"VALUES ($1, 1, $2::timestamptz + make_interval(secs => ({_WAITS})[1]), $2) ON CONFLICT (key) DO UPDATE SET "
    "failures = b.failures + 1, touched = excluded.touched, "
    f"until = $2::timestamptz + make_interval(secs => ({_WAITS})[least(b.failures + 1, {len(WAITS)})]) "
    f"WHERE b.failures <= {FREE_FAILURES} OR b.until <= $2 RETURNING true AS is_taken"
)
"""Counts a failure unless somebody has to wait: key, now. What never changes is no parameter: an array in each question
would cost more than all the rest of it."""


class BackoffStore:
    """Failures in a row, by hash of the e-mail."""

    async def reserve(self, connection: Connection, key: bytes, now: datetime) -> timedelta:
        """Counts an attempt as failed before it is made, so that a hundred at once are not one; zero, or how long to
        wait instead."""
        # `now` was read before the row was ours: of two at once the later one's `until` may lie after the other's `now`
        is_taken = await connection.fetchval(RESERVE, key, now)
        return timedelta(0) if is_taken else await self.wait(connection, key, now)

    async def wait(self, connection: Connection, key: bytes, now: datetime) -> timedelta:
        """How long somebody for whom nothing was reserved has to wait."""
        until = await connection.fetchval("SELECT until FROM backoff WHERE key = $1", key)
        return max(timedelta(milliseconds=1), until - now if until else timedelta(0))

    async def note_wait(self, connection: Connection, key: bytes) -> bool:
        """Whether this wait is told for the first time."""
        is_news = "key = $1 AND failures > 0 AND noted IS DISTINCT FROM until"
        query = f"UPDATE backoff SET noted = until WHERE {is_news} RETURNING 1"  # noqa: S608  # our own text
        return await connection.fetchval(query, key) is not None

    async def give_back(self, connection: Connection, key: bytes, now: datetime) -> None:
        """The attempt was not made after all."""
        query = "UPDATE backoff SET failures = greatest(failures - 1, 0), until = least(until, $2) WHERE key = $1"
        await connection.execute(query, key, now)

    async def clear(self, connection: Connection, key: bytes, now: datetime) -> None:
        """The right password came. The row stays until the sweep: the next attempt counts in place."""
        query = "UPDATE backoff SET failures = 0, until = least(until, $2) WHERE key = $1"
        await connection.execute(query, key, now)

    async def sweep(self, connection: Connection, before: datetime) -> None:
        """Forgets failures that are older, and what was forgiven. A key that somebody uses at this moment is left. In a
        transaction of its own: who wants to use one that goes waits for it."""
        old = "SELECT key FROM backoff WHERE touched < $1 AND until < $1 FOR UPDATE SKIP LOCKED"
        await connection.execute(f"DELETE FROM backoff WHERE key IN ({old})", before)  # noqa: S608  # our own text
