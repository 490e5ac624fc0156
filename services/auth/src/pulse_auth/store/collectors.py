"""The tables of collectors and one-time codes."""

from dataclasses import dataclass, field
from datetime import datetime

from pulse_auth.model.collectors import Collector, CollectorDescription, CollectorState, PlainDevice
from pulse_postgres import Connection, Row

_SELECT = "SELECT c.*, e.ends AS code_ends FROM collector c LEFT JOIN enrolment_code e ON e.collector_id = c.id "
_NOW = "extract(epoch FROM now())::bigint"
_NEXT = f"version = greatest(c.version + 1, {_NOW})"
"""The next version of a collector: at least the time in seconds. A restored database never gives an old version again,
which sync-publisher would ignore: it would not learn that a collector was lost."""
_AGAIN = (
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, site = excluded.site, tags = excluded.tags, "
    "created = excluded.created, kind = excluded.kind, username = excluded.username, "
    "has_free_client_id = excluded.has_free_client_id, state = 'enabled', enrolled = NULL, "
    f"{_NEXT}, was_collector = c.was_collector OR excluded.was_collector "
    "WHERE c.state = 'deleted' RETURNING 1"
)
"""`gen` continues: a key of the deleted collector must never count as a key of the new one."""
_COUNT = "SELECT count(*) FROM collector c "
_MATCHING = (
    "WHERE c.state <> 'deleted' AND ($1::text IS NULL OR strpos(lower(c.id || ' ' || c.name || ' ' || c.site), "
    "lower($1)) > 0) AND ($2::text IS NULL OR c.site = $2) AND ($3::text IS NULL OR $3 = ANY(c.tags)) "
    "AND ($4::text IS NULL OR c.state = $4) "
)


@dataclass(frozen=True)
class Listing:
    """Which collectors to list. `search`: in id, name and site. `tag`: one of its tags."""

    search: str | None = None
    site: str | None = None
    tag: str | None = None
    state: CollectorState | None = None


@dataclass(frozen=True)
class EnrolledKeys:
    """The result of an enrolment: the collector's public key, and K_seal, sealed."""

    public_key: bytes
    seal_key: str = field(repr=False)
    at: datetime


class CollectorStore:
    """Collectors and plain devices, by id."""

    async def add(self, connection: Connection, id_: str, description: CollectorDescription, now: datetime) -> bool:
        """Adds a collector, also with the id of a deleted one. False if the id is taken."""
        row = await connection.fetchval(
            "INSERT INTO collector AS c (id, name, site, tags, created, was_collector, version) "  # noqa: S608
            f"VALUES ($1, $2, $3, $4, $5, true, {_NOW}) {_AGAIN}",
            id_,
            description.name,
            description.site,
            list(description.tags),
            now,
        )
        return row is not None

    async def add_plain(
        self, connection: Connection, device: PlainDevice, description: CollectorDescription, now: datetime
    ) -> bool:
        """Like `add`, but for a plain device."""
        row = await connection.fetchval(
            "INSERT INTO collector AS c (id, name, site, tags, created, kind, username, has_free_client_id, "  # noqa: S608
            f"version) VALUES ($1, $2, $3, $4, $5, 'plain', $6, $7, {_NOW}) {_AGAIN}",
            device.id,
            description.name,
            description.site,
            list(description.tags),
            now,
            device.username,
            device.has_free_client_id,
        )
        return row is not None

    async def by_id(self, connection: Connection, id_: str) -> Collector | None:
        """The collector; None if it does not exist or is deleted."""
        row = await connection.fetchrow(_SELECT + "WHERE c.id = $1 AND c.state <> 'deleted'", id_)
        return _collector(row) if row else None

    async def lock(self, connection: Connection, id_: str) -> Collector | None:
        """Like `by_id`, but locks the row until the transaction ends."""
        row = await connection.fetchrow("SELECT 1 FROM collector WHERE id = $1 FOR UPDATE", id_)
        return await self.by_id(connection, id_) if row else None

    async def page(
        self, connection: Connection, listing: Listing, after: str | None, limit: int
    ) -> tuple[list[Collector], int]:
        """Up to `limit` collectors by id, and the total number."""
        filters = (listing.search, listing.site, listing.tag, listing.state)
        total = await connection.fetchval(_COUNT + _MATCHING, *filters)
        rows = await connection.fetch(
            _SELECT + _MATCHING + "AND ($5::text IS NULL OR c.id > $5) ORDER BY c.id LIMIT $6", *filters, after, limit
        )
        return [_collector(row) for row in rows], int(total)

    async def describe(self, connection: Connection, id_: str, description: CollectorDescription) -> None:
        """Replaces the description."""
        await connection.execute(
            f"UPDATE collector c SET name = $2, site = $3, tags = $4, {_NEXT} WHERE id = $1",  # noqa: S608  # constants
            id_,
            description.name,
            description.site,
            list(description.tags),
        )

    async def become(self, connection: Connection, id_: str, state: CollectorState) -> None:
        """Changes the state. The keys of a lost or deleted collector are destroyed."""
        await connection.execute(
            f"UPDATE collector c SET state = $2, {_NEXT}, "  # noqa: S608  # constants
            "seal_key = CASE WHEN $2 IN ('lost', 'deleted') THEN NULL ELSE seal_key END, "
            "public_key = CASE WHEN $2 IN ('lost', 'deleted') THEN NULL ELSE public_key END WHERE id = $1",
            id_,
            state,
        )

    async def enrol(self, connection: Connection, id_: str, keys: EnrolledKeys) -> int:
        """Stores the next generation of keys; returns its number."""
        gen = await connection.fetchval(
            f"UPDATE collector c SET gen = gen + 1, public_key = $2, seal_key = $3, enrolled = $4, {_NEXT}, "  # noqa: S608
            "state = CASE WHEN state = 'lost' THEN 'enabled' ELSE state END WHERE id = $1 RETURNING gen",
            id_,
            keys.public_key,
            keys.seal_key,
            keys.at,
        )
        return int(gen)

    async def touch(self, connection: Connection, id_: str) -> None:
        """Increases the version after a change in another table."""
        await connection.execute(f"UPDATE collector c SET {_NEXT} WHERE id = $1", id_)  # noqa: S608  # constants


class CodeStore:
    """One-time codes. A collector has at most one."""

    async def put(self, connection: Connection, id_: str, code: tuple[bytes, str], ends: datetime) -> None:
        """Stores a code, which replaces an older one. `code`: its id and its sealed key."""
        await connection.execute(
            "INSERT INTO enrolment_code (id, collector_id, key, ends) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (collector_id) DO UPDATE SET id = $1, key = $3, ends = $4",
            code[0],
            id_,
            code[1],
            ends,
        )

    async def owner(self, connection: Connection, code: bytes) -> str | None:
        """The collector of a code. Lock the collector next, then call `find`: that way only one caller uses the
        code."""
        found = await connection.fetchval("SELECT collector_id FROM enrolment_code WHERE id = $1", code)
        return str(found) if found is not None else None

    async def find(self, connection: Connection, code: bytes, now: datetime) -> str | None:
        """The sealed key of a code; None if the code is unknown or expired."""
        found = await connection.fetchval("SELECT key FROM enrolment_code WHERE id = $1 AND ends > $2", code, now)
        return str(found) if found is not None else None

    async def drop(self, connection: Connection, id_: str) -> None:
        """Deletes the collector's code."""
        await connection.execute("DELETE FROM enrolment_code WHERE collector_id = $1", id_)

    async def sweep(self, connection: Connection, now: datetime) -> None:
        """Deletes expired codes."""
        await connection.execute("DELETE FROM enrolment_code WHERE ends <= $1", now)


class AccessStore:
    """Access rules from before sync-publisher existed. Events of collectors carry them to sync-publisher."""

    async def remove(self, connection: Connection, id_: str) -> None:
        """Deletes all rules of a collector: they must not apply to another one with its id."""
        await connection.execute("DELETE FROM collector_access WHERE collector_id = $1", id_)


def _collector(row: Row) -> Collector:
    return Collector(
        row["id"],
        row["version"],
        CollectorDescription(row["name"], row["site"], tuple(row["tags"])),
        row["state"],
        row["gen"],
        row["created"],
        row["enrolled"],
        row["code_ends"],
        row["kind"],
        row["username"],
        row["has_free_client_id"],
    )
