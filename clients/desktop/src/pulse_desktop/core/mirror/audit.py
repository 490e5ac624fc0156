"""The local audit trail: what persons did at this collector, chained by hashes, kept until sync-publisher has it.

Policy for a long time without network: after 10,000 entries, refused sign-ins and conflicts are only counted, and one
entry says how many. Everything else is still recorded. After 20,000 entries, nobody can sign in offline (`is_full`).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from pulse_contracts.mirror import AuditKind, LocalAuditEntry, audit_hash
from pulse_desktop.core.mirror.database import Database, Row, Rows

QUIET_AFTER: Final = 10_000
FULL_AFTER: Final = 20_000
_COUNTED: Final = frozenset({"sign_in_refused", "conflict"})
"""Kinds that are only counted when many entries wait."""
_COLUMNS: Final = "n, at, kind, account, reason, detail, hash"
_ZERO: Final = "0" * 64


async def record(
    rows: Rows, at: int, kind: AuditKind, account: str | None = None, reason: str = "", detail: str = ""
) -> None:
    """Appends an entry in the running transaction. `at`: microseconds since 1970, by the wall clock."""
    n, _, covered, suppressed = await _head(rows)
    if kind in _COUNTED and n - covered >= QUIET_AFTER:
        await rows.run("UPDATE audit_head SET suppressed = suppressed + 1")
        return
    if suppressed and n - covered < QUIET_AFTER:
        await rows.run("UPDATE audit_head SET suppressed = 0")
        text = f"{suppressed} refused sign-ins or conflicts were not recorded, because the audit trail was full"
        await _append(rows, at, "sign_in_refused", None, "suppressed", text)
    await _append(rows, at, kind, account, reason, detail)


async def is_full(rows: Rows) -> bool:
    """Whether nobody may sign in offline, because it could not be recorded."""
    n, _, covered, _ = await _head(rows)
    return n - covered >= FULL_AFTER


class AuditTrail:
    """The trail as the driver uploads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> tuple[int, int]:
        """The number of the newest entry, and the number up to which sync-publisher has them."""
        n, _, covered, _ = await self._database.at_once(_head)
        return n, covered

    async def waiting(self, limit: int) -> list[LocalAuditEntry]:
        """The oldest entries that sync-publisher does not have."""
        async with self._database.reading() as rows:
            _, _, covered, _ = await _head(rows)
            found = await rows.fetch(
                f"SELECT {_COLUMNS} FROM audit WHERE n > ? ORDER BY n LIMIT ?",  # noqa: S608  # a constant
                covered,
                limit,
            )
        return [_entry(row) for row in found]

    async def cover(self, n: int) -> int | None:
        """Deletes the entries up to `n`, which sync-publisher has. A number above the newest entry means that this
        database was restored, or that a copy of this collector runs elsewhere: the next entry gets a number above it,
        and the chain shows the break. Returns the number of the newest entry in this case, else None."""
        async with self._database.transaction() as rows:
            newest, _, covered, _ = await _head(rows)
            if n > newest:
                await rows.run("UPDATE audit_head SET n = ?, covered = ?", n, n)
                await rows.run("DELETE FROM audit")
            elif n > covered:
                await rows.run("UPDATE audit_head SET covered = ?", n)
                await rows.run("DELETE FROM audit WHERE n < ?", n)
        return newest if n > newest else None

    async def problems(self) -> list[str]:
        """What is wrong with the stored chain; empty when it is intact."""
        async with self._database.reading() as rows:
            n, head, _, _ = await _head(rows)
            found = await rows.fetch(f"SELECT {_COLUMNS} FROM audit ORDER BY n")  # noqa: S608  # a constant
        return chain_problems([_entry(row) for row in found], n, head)


def chain_problems(entries: Sequence[LocalAuditEntry], newest: int, head: str) -> list[str]:
    """What is wrong with consecutive entries that end with number `newest` and hash `head`."""
    problems = []
    for before, entry in pairwise(entries):
        if entry.n != before.n + 1:
            problems.append(f"audit entries {before.n + 1} to {entry.n - 1} are missing")
        elif audit_hash(before.hash, entry) != entry.hash:
            problems.append(f"audit entry {entry.n} was changed")
    if entries and entries[0].n == 1 and audit_hash(_ZERO, entries[0]) != entries[0].hash:
        problems.append("audit entry 1 was changed")
    if entries and (entries[-1].n, entries[-1].hash) != (newest, head):
        problems.append(f"audit entries up to {newest} are missing")
    return problems


async def _append(rows: Rows, at: int, kind: AuditKind, account: str | None, reason: str, detail: str) -> None:
    n, head, _, _ = await _head(rows)
    entry = LocalAuditEntry(n=n + 1, at=at, kind=kind, account=account, reason=reason, detail=detail, hash=_ZERO)
    hashed = audit_hash(head, entry)
    await rows.run(
        f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # a constant
        *(entry.n, at, kind, account, reason, detail, hashed),
    )
    await rows.run("UPDATE audit_head SET n = ?, hash = ?", entry.n, hashed)


async def _head(rows: Rows) -> tuple[int, str, int, int]:
    ((n, head, covered, suppressed),) = await rows.fetch("SELECT n, hash, covered, suppressed FROM audit_head")
    return n, head, covered, suppressed


def _entry(row: Row) -> LocalAuditEntry:
    n, at, kind, account, reason, detail, hashed = row
    return LocalAuditEntry(n=n, at=at, kind=kind, account=account, reason=reason, detail=detail, hash=hashed)
