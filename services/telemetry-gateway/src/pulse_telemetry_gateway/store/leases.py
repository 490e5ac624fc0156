"""Leases: which gateway does work that must not be divided."""

from datetime import timedelta

from pulse_postgres import Database


class LeaseStore:
    """PostgreSQL's clock decides when a lease expires. Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, owner: str, duration: timedelta) -> bool:
        """Takes or renews the lease. Returns whether `owner` holds it."""
        async with self._database.connection() as connection:
            holder = await connection.fetchval(
                "INSERT INTO lease AS l (name, owner, until) VALUES ($1, $2, now() + $3) ON CONFLICT (name) DO UPDATE "
                "SET owner = excluded.owner, until = excluded.until WHERE l.owner = $2 OR l.until < now() "
                "RETURNING owner",
                name,
                owner,
                duration,
            )
        return holder is not None

    async def release(self, name: str, owner: str) -> None:
        """Releases the lease, so that another gateway can take it immediately."""
        async with self._database.connection() as connection:
            await connection.execute("DELETE FROM lease WHERE name = $1 AND owner = $2", name, owner)
