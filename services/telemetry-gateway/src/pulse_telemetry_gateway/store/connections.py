"""When each device connected and disconnected."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pulse_postgres import Database

EVENTS_MAX: Final = 10_000
"""Newest events that are kept for each device."""
DEVICES_MAX: Final = 100
"""Devices that one transaction may lock or trim."""


@dataclass(frozen=True)
class ConnectionEvent:
    """A device went online or offline. at: when a gateway heard of it, by the clock of PostgreSQL."""

    id: int
    at: datetime
    online: bool


class ConnectionStore:
    """The history of connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note_changes(self) -> list[str]:
        """Writes an event for up to `DEVICES_MAX` devices whose state differs from their newest event; none for removed
        ones. Returns the ids of these devices; there may be more if it returns so many. Several gateways may call it at
        the same time: one of them writes each event. A device whose row is locked waits for the next call. Ingest waits
        only for the few devices of one short transaction. The time of an event is `online_since`, or now if that is not
        later than the device's newest event: a gateway of a release without this history changes `online` only. Raises
        Unavailable."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                "WITH due AS (SELECT id FROM device WHERE online IS NOT NULL AND removed_at IS NULL "
                "AND noted_online IS DISTINCT FROM online ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED), "
                "changed AS (UPDATE device d SET noted_online = d.online FROM due WHERE d.id = due.id "
                "RETURNING d.id, d.name, d.online, d.online_since), "
                "added AS (INSERT INTO connection_event (device_id, at, online) "
                "SELECT id, CASE WHEN online_since > coalesce((SELECT e.at FROM connection_event e "
                "WHERE e.device_id = changed.id ORDER BY e.id DESC LIMIT 1), '-infinity') "
                "THEN online_since ELSE now() END, online FROM changed) SELECT name FROM changed",
                DEVICES_MAX,
            )
        return [row["name"] for row in rows]

    async def trim(self) -> None:
        """Deletes the events of each device beyond the newest `EVENTS_MAX`. Locks no device. Raises Unavailable."""
        after: int | None = 0
        while after is not None:
            async with self._database.connection() as connection:
                after = await connection.fetchval(
                    "WITH part AS (SELECT id FROM device WHERE id > $1 ORDER BY id LIMIT $2), "
                    "trimmed AS (DELETE FROM connection_event e USING part CROSS JOIN LATERAL "
                    "(SELECT id FROM connection_event WHERE device_id = part.id "
                    "ORDER BY id DESC OFFSET $3 LIMIT 1) first "
                    "WHERE e.device_id = part.id AND e.id <= first.id) SELECT max(id) FROM part",
                    after,
                    DEVICES_MAX,
                    EVENTS_MAX,
                )

    async def page(self, device_id: int, before: int | None, limit: int) -> list[ConnectionEvent]:
        """Up to `limit` events, newest first, older than the event `before`. Raises Unavailable."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT id, at, online FROM connection_event WHERE device_id = $1 AND ($2::bigint IS NULL OR id < $2) "
                "ORDER BY id DESC LIMIT $3",
                device_id,
                before,
                limit,
            )
        return [ConnectionEvent(**dict(row)) for row in rows]

    async def forget(self, age: timedelta) -> None:
        """Deletes events that are older. Raises Unavailable."""
        async with self._database.connection() as connection:
            await connection.execute("DELETE FROM connection_event WHERE at < now() - $1::interval", age)
