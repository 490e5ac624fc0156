"""What collectors' events and their digest are made from."""

from dataclasses import dataclass, field

from pulse_auth.model.collectors import AccessRule, CollectorDescription, CollectorState
from pulse_contracts.accounts import set_digest
from pulse_contracts.collectors import CollectorsDigest
from pulse_contracts.topics import AUTH_COLLECTOR, AUTH_COLLECTORS
from pulse_postgres import Connection, Row

_LOCK = 0x70756C73655F636F
"""PostgreSQL advisory lock: its holder writes events of collectors. "pulse_co" in ASCII."""
MAX_RULES = 520
"""Maximum rules in one event: more do not fit into the broker's largest packet. All denials fit, because there were at
most 508."""
_SELECT = (
    "SELECT id, version, name, site, tags, gen, public_key, seal_key, "
    "CASE WHEN kind = 'collector' THEN state ELSE 'deleted' END AS state FROM collector "
)


@dataclass(frozen=True)
class StoredCollector:
    """A collector as its event shows it. A plain device that reuses the id of a deleted collector counts as deleted.
    `seal_key` is sealed. `rules`: who may sign in there, from before sync-publisher existed."""

    id: str
    version: int
    description: CollectorDescription
    state: CollectorState
    gen: int
    public_key: bytes | None
    seal_key: str | None = field(repr=False)
    rules: tuple[AccessRule, ...] = ()


class CollectorEventStore:
    """Collectors, deleted ones included."""

    async def lock(self, connection: Connection) -> None:
        """Puts events in one order: takes a lock until the transaction ends. Take it after the locks of collectors, and
        before the lock of the audit log."""
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)

    async def find(self, connection: Connection, id_: str) -> StoredCollector | None:
        """The collector; None if there never was one with this id."""
        row = await connection.fetchrow(_SELECT + "WHERE id = $1 AND was_collector", id_)
        return await self._with_rules(connection, row) if row else None

    async def page(self, connection: Connection, after: str | None, limit: int) -> list[StoredCollector]:
        """Up to `limit` collectors by id, after `after`."""
        query = _SELECT + "WHERE was_collector AND ($1::text IS NULL OR id > $1) ORDER BY id LIMIT $2"
        return [await self._with_rules(connection, row) for row in await connection.fetch(query, after, limit)]

    async def digest(self, connection: Connection) -> CollectorsDigest:
        """The digest by which a consumer detects missing events."""
        rows = await connection.fetch("SELECT id, version FROM collector WHERE was_collector")
        pairs = [(str(row["id"]), int(row["version"])) for row in rows]
        return CollectorsDigest(count=len(pairs), set=set_digest(pairs))

    async def is_digest_last(self, connection: Connection) -> bool:
        """Whether a digest is in the outbox, and no event behind it."""
        query = "SELECT template FROM outbox WHERE template = ANY($1) ORDER BY id DESC LIMIT 1"
        last = await connection.fetchval(query, [AUTH_COLLECTOR.template, AUTH_COLLECTORS.template])
        return bool(last == AUTH_COLLECTORS.template)

    async def _with_rules(self, connection: Connection, row: Row) -> StoredCollector:
        # Denials first: if there are too many rules, nobody is allowed by accident.
        query = (
            "SELECT subject, is_allowed FROM collector_access WHERE collector_id = $1 AND $2 <> 'deleted' "
            "ORDER BY is_allowed, subject LIMIT $3"
        )
        found = await connection.fetch(query, row["id"], row["state"], MAX_RULES)
        return StoredCollector(
            row["id"],
            row["version"],
            CollectorDescription(row["name"], row["site"], tuple(row["tags"])),
            row["state"],
            row["gen"],
            row["public_key"],
            row["seal_key"],
            tuple(AccessRule(one["subject"], one["is_allowed"]) for one in found),
        )
