"""The audit trail: who did what to what, appended in the transaction of the change, each entry's hash covering the one
before.

The hash is an HMAC-SHA256 with a key that lies outside the database, so that whoever may write the table cannot make a
chain that fits (Schneier and Kelsey, "Secure audit logs to support computer forensics", 1999, in its simplest form).
What no chain shows by itself is a tail that was cut off together with the head: for that, keep an anchor elsewhere.
"""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulse_contracts.times import to_micros
from pulse_postgres.database import Connection, Row

Mark = Callable[[Connection], Awaitable[None]]
Detail = Mapping[str, str | int | float | bool | list[str] | None]
_PAGE = 1_000
_FIELDS = "n, at, kind, actor, target, before, after, address, request_id"
_encode = json.JSONEncoder(separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode
_MATCHING = (
    "($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR target = $3) "
    "AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)"
)
_mark: ContextVar[Mark | None] = ContextVar("mark", default=None)


@contextmanager
def marked(mark: Mark) -> Iterator[None]:
    """Whatever is appended within also calls `mark`, in its transaction: both are committed, or neither."""
    token = _mark.set(mark)
    try:
        yield
    finally:
        _mark.reset(token)


@dataclass(frozen=True)
class AuditEntry:
    """One thing that happened. `kind` is a stable snake_case name; `actor` an account's id, `command-line`, `system`,
    or None when nobody knows; `target` is like `account:<uuid>`; `before` and `after` hold what changed, and no
    secrets; `address` is where the request came from."""

    kind: str
    actor: str | None = None
    target: str | None = None
    before: Detail | None = None
    after: Detail | None = None
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class AuditRecord:
    """An entry as it was written: the `n`-th, at `at`."""

    n: int
    at: datetime
    entry: AuditEntry


@dataclass(frozen=True)
class AuditFilter:
    """Which entries: all that fit every field that is given; `until` is exclusive."""

    kind: str | None = None
    actor: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class AuditAnchor:
    """How far the trail had come: `hash` (hex) covers all `n` entries. Kept elsewhere it proves that none went."""

    n: int
    hash: str


@dataclass(frozen=True)
class AuditVerdict:
    """What verification found: the head if all is as it was written, else what is wrong, and from which entry on."""

    head: AuditAnchor
    fault: str | None = None

    @property
    def is_intact(self) -> bool:
        """Whether nothing was edited, removed or put in another order."""
        return self.fault is None


class Audit:
    """One service's trail. `key` has 32 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("an audit key has 32 bytes")
        self._key = key

    async def append(self, connection: Connection, entry: AuditEntry, now: datetime) -> int:
        """Writes one entry within the caller's transaction, and returns its number. Takes the lock that puts entries in
        one order until the transaction ends, so append last. Raises whatever the database raises: the change must not
        happen then."""
        if (mark := _mark.get()) is not None:
            await mark(connection)
        head = await connection.fetchrow("SELECT n, hash FROM audit_head FOR UPDATE")
        if head is None:
            raise LookupError("the audit log has no head")
        n = int(head["n"]) + 1
        before, after = _text(entry.before), _text(entry.after)
        fields = (n, now, entry.kind, entry.actor, entry.target, before, after, entry.address, entry.request_id)
        await connection.execute(
            "WITH moved AS (UPDATE audit_head SET n = $1, hash = $10) "  # noqa: S608  # names of our own
            f"INSERT INTO audit ({_FIELDS}, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            *fields,
            self._hash(bytes(head["hash"]), fields),
        )
        return n

    async def page(
        self, connection: Connection, wanted: AuditFilter, before: int | None, limit: int
    ) -> list[AuditRecord]:
        """Up to `limit` entries that fit, newest first, older than entry `before` if that is given."""
        rows = await connection.fetch(
            f"SELECT {_FIELDS} FROM audit WHERE {_MATCHING} AND ($6::bigint IS NULL OR n < $6) "  # noqa: S608
            "ORDER BY n DESC LIMIT $7",
            wanted.kind,
            wanted.actor,
            wanted.target,
            wanted.since,
            wanted.until,
            before,
            limit,
        )
        return [_record(row) for row in rows]

    async def head(self, connection: Connection) -> AuditAnchor:
        """How far the trail has come."""
        row = await connection.fetchrow("SELECT n, hash FROM audit_head")
        return AuditAnchor(int(row["n"]), bytes(row["hash"]).hex()) if row else AuditAnchor(0, "")

    async def verify(self, connection: Connection, anchor: AuditAnchor | None = None) -> AuditVerdict:
        """Recomputes the whole chain. Give a snapshot's connection while the service runs; and an anchor that was kept
        elsewhere, to find a tail that was cut off."""
        head = await self.head(connection)
        hash_, n = bytes(32), 0
        seen_anchor = anchor is None or anchor.n == 0
        async for row in _rows(connection):
            n += 1
            if int(row["n"]) != n:
                return AuditVerdict(head, f"entry {n} is missing: {row['n']} follows {n - 1}")
            hash_ = self._hash(hash_, tuple(row)[:-1])
            if not hmac.compare_digest(hash_, bytes(row["hash"])):
                return AuditVerdict(head, f"entry {n} is not as it was written, or one before it")
            if anchor and anchor.n == n:
                if hash_.hex() != anchor.hash:
                    return AuditVerdict(head, f"entry {n} is not the one that the anchor names")
                seen_anchor = True
        if (n, hash_.hex()) != (head.n, head.hash or bytes(32).hex()):
            return AuditVerdict(head, f"the trail ends at entry {n}, its head says {head.n}")
        if not seen_anchor:
            return AuditVerdict(head, f"the trail ends at entry {n}, before the anchor")
        return AuditVerdict(head)

    def _hash(self, previous: bytes, fields: tuple[Any, ...]) -> bytes:
        """`fields` as _FIELDS names them, as they are stored."""
        n, at, *rest = fields
        parts = [n, to_micros(at), *rest]
        return hmac.digest(self._key, previous + _encode(parts).encode(), hashlib.sha256)


async def _rows(connection: Connection) -> AsyncIterator[Row]:
    last = -(2**63)
    while True:
        rows = await connection.fetch(
            f"SELECT {_FIELDS}, hash FROM audit WHERE n > $1 ORDER BY n LIMIT {_PAGE}",  # noqa: S608
            last,
        )
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        last = rows[-1]["n"]


def _text(detail: Detail | None) -> str | None:
    return None if detail is None else _encode_sorted(detail)


def _record(row: Row) -> AuditRecord:
    entry = AuditEntry(
        row["kind"],
        row["actor"],
        row["target"],
        json.loads(row["before"]) if row["before"] is not None else None,
        json.loads(row["after"]) if row["after"] is not None else None,
        row["address"],
        row["request_id"],
    )
    return AuditRecord(int(row["n"]), row["at"], entry)
