"""The table `annotation`."""

from typing import Final
from uuid import UUID

from pulse_postgres import Connection, Row
from pulse_telemetry_gateway.model.annotations import LENGTH_MAX, Annotation, AnnotationQuery, Note, Subject
from pulse_telemetry_gateway.store.visibility import DEVICE_EXISTS, SERIES_EXISTS

_LOCK: Final = 0x6E6F7465
"""PostgreSQL advisory lock: its holder counts the annotations of a device and adds one. "note" in ASCII."""
_COLUMNS: Final = (
    "a.id, a.device_id, d.name AS device, a.series_id, a.t, a.until, a.text, a.author, a.author_name, a.version, "
    "a.created_at, a.updated_at, a.updated_by, a.updated_by_name"
)
_FROM: Final = "annotation a LEFT JOIN device d ON d.id = a.device_id"
_TOUCHES: Final = "a.t < $2 AND a.t >= $8 AND coalesce(a.until, a.t) >= $1 AND (a.t, a.id) > ($5::bigint, $6::uuid)"
_ORDER: Final = "ORDER BY a.t, a.id LIMIT $7"
PAGE: Final = (
    "WITH chosen AS (SELECT id AS device_id FROM device WHERE name = ANY($3::text[])), "  # noqa: S608  # constants
    "of_series AS (SELECT DISTINCT device_id FROM series WHERE id = ANY($4::int[])), "
    "found AS ("
    f"(SELECT a.id FROM annotation a WHERE $3::text[] IS NULL AND $4::int[] IS NULL AND {_TOUCHES} {_ORDER}) "
    "UNION (SELECT a.id FROM annotation a WHERE ($3::text[] IS NOT NULL OR $4::int[] IS NOT NULL) "
    f"AND a.device_id IS NULL AND {_TOUCHES} {_ORDER}) "
    "UNION (SELECT a.id FROM chosen CROSS JOIN LATERAL "
    f"(SELECT a.id FROM annotation a WHERE a.device_id = chosen.device_id AND {_TOUCHES} {_ORDER}) a) "
    "UNION (SELECT a.id FROM of_series CROSS JOIN LATERAL (SELECT a.id FROM annotation a WHERE "
    "a.device_id = of_series.device_id AND (a.series_id IS NULL OR a.series_id = ANY($4::int[])) "
    f"AND {_TOUCHES} {_ORDER}) a)) "
    f"SELECT {_COLUMNS} FROM {_FROM} WHERE a.id IN (SELECT id FROM found) {_ORDER}"
)
"""A page of a list. Each part reads one index in the order of time, and at most a page of it."""

AnnotationKey = tuple[int, UUID]
"""(t, id): the order of lists."""


class AnnotationStore:
    """Each function works within the caller's transaction."""

    async def subject(self, connection: Connection, device: str | None, series: int | None) -> Subject | None:
        """The device, or the series with its device. None: it does not exist, or it was deleted. Nobody deletes it
        until the transaction ends."""
        if series is not None:
            await connection.execute("SELECT 1 FROM series WHERE id = $1 FOR SHARE", series)
            row = await connection.fetchrow(  # a statement of its own: it sees a deletion that the first one waited for
                "SELECT d.id, d.name FROM series s JOIN device d ON d.id = s.device_id "  # noqa: S608  # constants
                f"LEFT JOIN latest l ON l.series_id = s.id WHERE s.id = $1 AND {SERIES_EXISTS}",
                series,
            )
        elif device is not None:
            await connection.execute("SELECT 1 FROM device WHERE name = $1 FOR SHARE", device)
            query = f"SELECT d.id, d.name FROM device d WHERE d.name = $1 AND {DEVICE_EXISTS}"  # noqa: S608  # constants
            row = await connection.fetchrow(query, device)
        else:
            return Subject()
        return Subject((int(row["id"]), str(row["name"])), series) if row else None

    async def count(self, connection: Connection, device_id: int | None) -> int:
        """How many annotations a device has, or are about no device. Nobody adds one until the transaction ends."""
        await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, device_id or 0)
        if device_id is None:
            return int(await connection.fetchval("SELECT count(*) FROM annotation WHERE device_id IS NULL"))
        return int(await connection.fetchval("SELECT count(*) FROM annotation WHERE device_id = $1", device_id))

    async def add(self, connection: Connection, added: Annotation) -> None:
        """Adds an annotation."""
        await connection.execute(
            "INSERT INTO annotation (id, device_id, series_id, t, until, text, author, author_name, version, "
            "created_at, updated_at, updated_by, updated_by_name) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            added.id,
            added.subject.device[0] if added.subject.device else None,
            added.subject.series,
            added.note.t,
            added.note.until,
            added.note.text,
            added.author,
            added.author_name,
            added.version,
            added.created_at,
            added.updated_at,
            added.updated_by,
            added.updated_by_name,
        )

    async def put(self, connection: Connection, changed: Annotation) -> None:
        """Replaces what is noted. The caller holds the row."""
        await connection.execute(
            "UPDATE annotation SET t = $2, until = $3, text = $4, version = $5, updated_at = $6, updated_by = $7, "
            "updated_by_name = $8 WHERE id = $1",
            changed.id,
            changed.note.t,
            changed.note.until,
            changed.note.text,
            changed.version,
            changed.updated_at,
            changed.updated_by,
            changed.updated_by_name,
        )

    async def delete(self, connection: Connection, id_: UUID) -> None:
        """Deletes an annotation."""
        await connection.execute("DELETE FROM annotation WHERE id = $1", id_)

    async def find(self, connection: Connection, id_: UUID) -> Annotation | None:
        """One annotation."""
        row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM {_FROM} WHERE a.id = $1", id_)  # noqa: S608  # constants
        return _annotation(row) if row else None

    async def lock(self, connection: Connection, id_: UUID) -> Annotation | None:
        """One annotation. Nobody changes it until the transaction ends."""
        held = await connection.fetchval("SELECT 1 FROM annotation WHERE id = $1 FOR UPDATE", id_)
        return await self.find(connection, id_) if held else None

    async def page(
        self, connection: Connection, query: AnnotationQuery, after: AnnotationKey | None, limit: int
    ) -> list[Annotation]:
        """Up to `limit` annotations after a key, by time and id."""
        t, id_ = after or (-(2**63), UUID(int=0))
        first = max(query.start - LENGTH_MAX, t)  # an earlier one ends before the range or was shown
        rows = await connection.fetch(PAGE, query.start, query.end, query.devices, query.series, t, id_, limit, first)
        return [_annotation(row) for row in rows]


def _annotation(row: Row) -> Annotation:
    return Annotation(
        UUID(str(row["id"])),
        Subject(None if row["device_id"] is None else (row["device_id"], row["device"]), row["series_id"]),
        Note(row["t"], row["until"], row["text"]),
        row["author"],
        row["author_name"],
        row["version"],
        row["created_at"],
        row["updated_at"],
        row["updated_by"],
        row["updated_by_name"],
    )
