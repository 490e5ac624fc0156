"""The tables of collectors, one-time codes and access rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_auth.model.collectors import AccessRule, Collector, CollectorDescription, CollectorState, PlainDevice
from pulse_postgres import Connection, Row

_SELECT = "SELECT c.*, e.ends AS code_ends FROM collector c LEFT JOIN enrolment_code e ON e.collector_id = c.id "
_AGAIN = (
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, site = excluded.site, tags = excluded.tags, "
    "created = excluded.created, kind = excluded.kind, username = excluded.username, "
    "has_free_client_id = excluded.has_free_client_id, state = 'enabled', enrolled = NULL, version = c.version + 1 "
    "WHERE c.state = 'deleted' RETURNING 1"
)
"""`gen` continues: a key of the deleted collector must never count as a key of the new one."""
_COUNT = "SELECT count(*) FROM collector c "
_MATCHING = (
    "WHERE c.state <> 'deleted' AND ($1::text IS NULL OR strpos(lower(c.id || ' ' || c.name || ' ' || c.site), "
    "lower($1)) > 0) AND ($2::text IS NULL OR c.site = $2) AND ($3::text IS NULL OR $3 = ANY(c.tags)) "
    "AND ($4::text IS NULL OR c.state = $4) AND ($5::uuid IS NULL OR EXISTS (SELECT 1 FROM account a JOIN "
    "collector_access r ON r.subject IN ('account:' || a.id, 'role:' || a.role) WHERE a.id = $5 AND a.active AND "
    "r.collector_id = c.id GROUP BY a.id HAVING bool_and(r.is_allowed))) "
)


@dataclass(frozen=True)
class Listing:
    """Which collectors to list. `search`: in id, name and site. `tag`: one of its tags. `account`: may sign in
    there."""

    search: str | None = None
    site: str | None = None
    tag: str | None = None
    state: CollectorState | None = None
    account: UUID | None = None


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
            f"INSERT INTO collector AS c (id, name, site, tags, created) VALUES ($1, $2, $3, $4, $5) {_AGAIN}",  # noqa: S608
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
            "INSERT INTO collector AS c (id, name, site, tags, created, kind, username, has_free_client_id) "  # noqa: S608
            f"VALUES ($1, $2, $3, $4, $5, 'plain', $6, $7) {_AGAIN}",
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
        filters = (listing.search, listing.site, listing.tag, listing.state, listing.account)
        total = await connection.fetchval(_COUNT + _MATCHING, *filters)
        rows = await connection.fetch(
            _SELECT + _MATCHING + "AND ($6::text IS NULL OR c.id > $6) ORDER BY c.id LIMIT $7", *filters, after, limit
        )
        return [_collector(row) for row in rows], int(total)

    async def describe(self, connection: Connection, id_: str, description: CollectorDescription) -> None:
        """Replaces the description."""
        await connection.execute(
            "UPDATE collector SET name = $2, site = $3, tags = $4, version = version + 1 WHERE id = $1",
            id_,
            description.name,
            description.site,
            list(description.tags),
        )

    async def become(self, connection: Connection, id_: str, state: CollectorState) -> None:
        """Changes the state. The keys of a lost or deleted collector are destroyed."""
        await connection.execute(
            "UPDATE collector SET state = $2, version = version + 1, "
            "seal_key = CASE WHEN $2 IN ('lost', 'deleted') THEN NULL ELSE seal_key END, "
            "public_key = CASE WHEN $2 IN ('lost', 'deleted') THEN NULL ELSE public_key END WHERE id = $1",
            id_,
            state,
        )

    async def enrol(self, connection: Connection, id_: str, keys: EnrolledKeys) -> int:
        """Stores the next generation of keys; returns its number."""
        gen = await connection.fetchval(
            "UPDATE collector SET gen = gen + 1, public_key = $2, seal_key = $3, enrolled = $4, version = version + 1, "
            "state = CASE WHEN state = 'lost' THEN 'enabled' ELSE state END WHERE id = $1 RETURNING gen",
            id_,
            keys.public_key,
            keys.seal_key,
            keys.at,
        )
        return int(gen)

    async def touch(self, connection: Connection, id_: str) -> None:
        """Increases the version after a change in another table."""
        await connection.execute("UPDATE collector SET version = version + 1 WHERE id = $1", id_)


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
    """Access rules: who may sign in at which collector."""

    async def of(self, connection: Connection, id_: str) -> list[AccessRule]:
        """The rules of a collector."""
        query = "SELECT subject, is_allowed FROM collector_access WHERE collector_id = $1 ORDER BY subject"
        return [AccessRule(row["subject"], row["is_allowed"]) for row in await connection.fetch(query, id_)]

    async def replace(self, connection: Connection, id_: str, rules: Sequence[AccessRule]) -> None:
        """Replaces all rules of a collector."""
        await connection.execute("DELETE FROM collector_access WHERE collector_id = $1", id_)
        await connection.executemany(
            "INSERT INTO collector_access (collector_id, subject, is_allowed) VALUES ($1, $2, $3)",
            [(id_, rule.subject, rule.is_allowed) for rule in rules],
        )

    async def accounts(self, connection: Connection, id_: str) -> list[Row]:
        """The active accounts that may sign in at a collector: id, e-mail, name, role."""
        return await connection.fetch(
            "SELECT a.id, a.email, a.name, a.role FROM account a WHERE a.active AND EXISTS (SELECT 1 FROM "
            "collector_access r WHERE r.collector_id = $1 AND r.is_allowed AND r.subject IN ('account:' || a.id, "
            "'role:' || a.role)) AND NOT EXISTS (SELECT 1 FROM collector_access r WHERE r.collector_id = $1 AND NOT "
            "r.is_allowed AND r.subject IN ('account:' || a.id, 'role:' || a.role)) ORDER BY a.email, a.id",
            id_,
        )


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
