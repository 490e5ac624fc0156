"""The audit trail: each entry is written in the transaction of its change, and its hash covers the previous entry.

The hash is an HMAC-SHA256 with a key outside the database. Write access to the table is therefore not enough to forge a
valid chain (Schneier and Kelsey, "Secure audit logs to support computer forensics", 1999, in its simplest form). The
chain alone cannot show that the newest entries were deleted together with the head. For that, keep an anchor elsewhere.
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

AuditHook = Callable[[Connection], Awaitable[None]]
Detail = Mapping[str, str | int | float | bool | list[str] | None]
_PAGE = 1_000
_START = -(2**63)
"""Before every number, also an invalid one."""
_FIELDS = "n, at, kind, actor, target, before, after, address, request_id"
_encode = json.JSONEncoder(separators=(",", ":")).encode
_encode_sorted = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode
_MATCHING = (
    "($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR actor = $2) AND ($3::text IS NULL OR target = $3) "
    "AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)"
)
_hook: ContextVar[AuditHook | None] = ContextVar("audit_hook", default=None)


@contextmanager
def audit_hook(hook: AuditHook) -> Iterator[None]:
    """Within the block, each `Audit.append` also calls `hook` in its transaction."""
    token = _hook.set(hook)
    try:
        yield
    finally:
        _hook.reset(token)


async def call_audit_hook(connection: Connection) -> None:
    """Calls the hook of `audit_hook` in the transaction of a change for which there is no entry in the trail."""
    if (hook := _hook.get()) is not None:
        await hook(connection)


@dataclass(frozen=True)
class AuditEntry:
    """One event.

    kind: a stable name in snake_case.
    actor: the id of an account, `command-line`, `system`, or None if unknown.
    target: the changed object, for example `account:<uuid>`.
    before, after: the changed values, without secrets.
    address: the client's address.
    """

    kind: str
    actor: str | None = None
    target: str | None = None
    before: Detail | None = None
    after: Detail | None = None
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class AuditRecord:
    """A stored entry with its number and time."""

    n: int
    at: datetime
    entry: AuditEntry


@dataclass(frozen=True)
class AuditFilter:
    """Criteria for entries. An entry must match every field that is not None. `until` is exclusive."""

    kind: str | None = None
    actor: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class AuditAnchor:
    """Number and hash (hex) of the newest entry. The hash covers all entries. A copy that is kept elsewhere proves
    later that none was deleted."""

    n: int
    hash: str


@dataclass(frozen=True)
class AuditVerdict:
    """The result of a verification. `fault` describes the first invalid entry. None: the trail is intact."""

    head: AuditAnchor
    fault: str | None = None

    @property
    def is_intact(self) -> bool:
        """Whether no entry was changed, deleted or reordered."""
        return self.fault is None


@dataclass(frozen=True)
class AuditProgress:
    """How far a verification in parts has come. verified: the last entry that was verified; the next part starts after
    it. broken: the number of the first invalid entry, and `fault` describes it. is_complete: the whole chain up to
    `head` was verified."""

    verified: AuditAnchor
    head: AuditAnchor
    is_complete: bool = False
    broken: int | None = None
    fault: str | None = None


class Audit:
    """The audit trail of one service. The key must have 32 bytes. Raises ValueError for another length."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the audit key must have 32 bytes")
        self._key = key

    async def append(self, connection: Connection, entry: AuditEntry, now: datetime) -> int:
        """Appends an entry within the caller's transaction and returns its number. It holds a lock on the trail until
        the transaction ends, so append last. Errors of the database must roll back the change."""
        await call_audit_hook(connection)
        head = await connection.fetchrow("SELECT n, hash FROM audit_head FOR UPDATE")
        if head is None:
            raise LookupError("the table audit_head is empty")
        n = int(head["n"]) + 1
        before, after = _text(entry.before), _text(entry.after)
        fields = (n, now, entry.kind, entry.actor, entry.target, before, after, entry.address, entry.request_id)
        await connection.execute(
            "WITH moved AS (UPDATE audit_head SET n = $1, hash = $10) "  # noqa: S608  # constant column names
            f"INSERT INTO audit ({_FIELDS}, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            *fields,
            self._hash(bytes(head["hash"]), fields),
        )
        return n

    async def page(
        self, connection: Connection, criteria: AuditFilter, before: int | None, limit: int
    ) -> list[AuditRecord]:
        """Returns up to `limit` matching entries, newest first. With `before` only entries with a lower number."""
        rows = await connection.fetch(
            f"SELECT {_FIELDS} FROM audit WHERE {_MATCHING} AND ($6::bigint IS NULL OR n < $6) "  # noqa: S608
            "ORDER BY n DESC LIMIT $7",
            criteria.kind,
            criteria.actor,
            criteria.target,
            criteria.since,
            criteria.until,
            before,
            limit,
        )
        return [_record(row) for row in rows]

    async def head(self, connection: Connection) -> AuditAnchor:
        """Returns number and hash of the newest entry."""
        row = await connection.fetchrow("SELECT n, hash FROM audit_head")
        return AuditAnchor(int(row["n"]), bytes(row["hash"]).hex()) if row else AuditAnchor(0, "")

    async def verify(self, connection: Connection, anchor: AuditAnchor | None = None) -> AuditVerdict:
        """Recomputes the whole chain. Use a connection from `Database.snapshot` while the service runs. Deleted newest
        entries are found only with an anchor that was kept elsewhere."""
        head = await self.head(connection)
        hash_, n = bytes(32), 0
        seen_anchor = anchor is None or anchor.n == 0
        async for row in _rows(connection):
            n += 1
            hash_, broken = self._check(hash_, n, row)
            if broken:
                return AuditVerdict(head, broken)
            if anchor and anchor.n == n:
                if hash_.hex() != anchor.hash:
                    return AuditVerdict(head, f"entry {n} does not match the anchor")
                seen_anchor = True
        if (n, hash_.hex()) != (head.n, head.hash or bytes(32).hex()):
            return AuditVerdict(head, f"the trail ends at entry {n}, but its head is at {head.n}")
        if not seen_anchor:
            return AuditVerdict(head, f"the trail ends at entry {n}, before the anchor")
        return AuditVerdict(head)

    async def verify_part(self, connection: Connection, after: AuditAnchor, most: int) -> AuditProgress:
        """Recomputes up to `most` entries after `after`, which an earlier part has verified; number 0 starts at the
        beginning. A sequence of parts finds what `verify` finds. Use a connection from `Database.snapshot`."""
        head = await self.head(connection)
        n, hash_ = after.n, bytes.fromhex(after.hash) if after.n else bytes(32)
        if after.n:
            stored = await connection.fetchval("SELECT hash FROM audit WHERE n = $1", after.n)
            if stored is None or not hmac.compare_digest(bytes(stored), hash_):
                fault = f"entry {n} was changed or removed after it was verified"
                return AuditProgress(after, head, broken=n, fault=fault)
        async for row in _rows(connection, after.n or _START):
            if n - after.n == most:
                return AuditProgress(AuditAnchor(n, hash_.hex()), head)
            found, broken = self._check(hash_, n + 1, row)
            if broken:
                return AuditProgress(AuditAnchor(n, hash_.hex()), head, broken=n + 1, fault=broken)
            n, hash_ = n + 1, found
        verified = AuditAnchor(n, hash_.hex())
        if (n, hash_.hex()) != (head.n, head.hash or bytes(32).hex()):
            fault = f"the trail ends at entry {n}, but its head is at {head.n}"
            return AuditProgress(verified, head, broken=n + 1, fault=fault)
        return AuditProgress(verified, head, is_complete=True)

    def _check(self, previous: bytes, n: int, row: Row) -> tuple[bytes, str | None]:
        """Returns the hash of entry `n`, and what is wrong with it. `previous`: the hash of the entry before."""
        if int(row["n"]) != n:
            return previous, f"entry {n} is missing: {row['n']} follows {n - 1}"
        hash_ = self._hash(previous, tuple(row)[:-1])
        if not hmac.compare_digest(hash_, bytes(row["hash"])):
            return hash_, f"entry {n} or an earlier one was changed"
        return hash_, None

    def _hash(self, previous: bytes, fields: tuple[Any, ...]) -> bytes:
        """Returns the hash of an entry. `fields` are the stored values in the order of _FIELDS."""
        n, at, *rest = fields
        parts = [n, to_micros(at), *rest]
        return hmac.digest(self._key, previous + _encode(parts).encode(), hashlib.sha256)


async def _rows(connection: Connection, last: int = _START) -> AsyncIterator[Row]:
    """The entries after number `last`."""
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
