"""Asks PostgreSQL which connections of one database wait for a lock."""

from pulse_postgres import Database


async def lock_waiters(database: Database, statement: str = "") -> list[int]:
    """The process ids of the connections to this database that wait for a lock, in a statement that contains the text.

    Connections to other databases of the server are not looked at.
    """
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
        "AND strpos(query, $1) > 0 ORDER BY pid"
    )
    async with database.connection() as connection:
        return [row["pid"] for row in await connection.fetch(query, statement)]
