"""Quarantined messages, and the reasons with their counts: `quarantine`, `quarantine_reason`."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pulse_bus import Quarantined
from pulse_postgres import Database

_TRIM_EVERY = 64
_ADDRESS = 512
"""Characters kept of a topic: MQTT allows 65,535 bytes, and the bounds only count payloads."""


@dataclass(frozen=True, slots=True)
class QuarantineBounds:
    """Limits: messages, bytes, and messages of one reason. There are at most as many reasons as messages."""

    rows: int = 10_000
    bytes: int = 256 * 1024 * 1024
    rows_each: int = 100


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """One quarantined message. `size`: bytes that are kept of it."""

    id: int
    address: str
    code: str
    detail: str
    size: int
    received: datetime


@dataclass(frozen=True, slots=True)
class QuarantineReason:
    """`n` messages of one topic were rejected for this reason. `newest`: a message that is still kept."""

    id: int
    address: str
    code: str
    detail: str
    n: int
    first: datetime
    last: datetime
    newest: int | None


class QuarantineStore:
    """Keeps the newest rejected messages, within bounds."""

    def __init__(self, database: Database, bounds: QuarantineBounds | None = None) -> None:
        self._database, self._bounds = database, bounds or QuarantineBounds()

    async def put(self, item: Quarantined) -> None:
        """Keeps a message and counts its reason. Raises DatabaseUnavailable."""
        reason = item.address[:_ADDRESS], item.code, item.detail.replace("\x00", "")
        async with self._database.connection() as connection:
            number = await connection.fetchval(
                "WITH reason AS (INSERT INTO quarantine_reason AS r (key, address, code, detail, n) "
                "VALUES ($1, $2, $3, $4, 1) ON CONFLICT (key) DO UPDATE SET n = r.n + 1, last = now() RETURNING id) "
                "INSERT INTO quarantine (address, code, detail, payload, reason_id) "
                "SELECT $2, $3, $4, $5, id FROM reason RETURNING id",
                hashlib.sha256("\n".join(reason).encode()).digest(),
                *reason,
                item.payload,
            )
        if number % _TRIM_EVERY == 0:
            await self.trim()

    async def trim(self) -> None:
        """Deletes the oldest messages beyond the bounds, of each reason and of all, and then the oldest reasons."""
        async with self._database.connection() as connection:
            await connection.execute(
                "DELETE FROM quarantine q USING (SELECT id, row_number() OVER "
                "(PARTITION BY reason_id ORDER BY id DESC) AS place FROM quarantine) o "
                "WHERE q.id = o.id AND o.place > $1",
                self._bounds.rows_each,
            )
            await connection.execute(
                "DELETE FROM quarantine_reason WHERE id IN (SELECT r.id FROM quarantine_reason r WHERE NOT EXISTS "
                "(SELECT FROM quarantine q WHERE q.reason_id = r.id) ORDER BY last DESC, id DESC OFFSET $1)",
                self._bounds.rows,
            )
            await connection.execute(
                "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM (SELECT id, "
                "row_number() OVER newest AS rows, sum(octet_length(payload)) OVER newest AS bytes "
                "FROM quarantine WINDOW newest AS (ORDER BY id DESC)) q WHERE rows > $1 OR bytes > $2)",
                self._bounds.rows,
                self._bounds.bytes,
            )

    async def reasons(
        self, before: tuple[datetime, int] | None, most: int, device: str | None = None
    ) -> list[QuarantineReason]:
        """The reasons of all devices or of one, newest first, after `before` (last time and id)."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT id, address, code, detail, n, first, last, "
                "(SELECT max(q.id) FROM quarantine q WHERE q.reason_id = r.id) AS newest FROM quarantine_reason r "
                "WHERE ($1::timestamptz IS NULL OR (last, id) < ($1, $2)) AND ($4::text IS NULL OR device = $4) "
                "ORDER BY last DESC, id DESC LIMIT $3",
                before[0] if before else None,
                before[1] if before else 0,
                most,
                device,
            )
        return [QuarantineReason(**dict(row)) for row in rows]

    async def newest(self, before: int, most: int, reason: int | None = None) -> list[QuarantinedMessage]:
        """Messages with ids below `before`, newest first, of one reason if given."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT id, address, code, detail, octet_length(payload) AS size, received FROM quarantine "
                "WHERE id < $1 AND ($3::bigint IS NULL OR reason_id = $3) ORDER BY id DESC LIMIT $2",
                before,
                most,
                reason,
            )
        return [QuarantinedMessage(**dict(row)) for row in rows]

    async def payload(self, number: int) -> bytes | None:
        """The bytes of a message, if it is still kept."""
        async with self._database.connection() as connection:
            found: bytes | None = await connection.fetchval("SELECT payload FROM quarantine WHERE id = $1", number)
        return found
