"""The mirror's records and position in `state.db`. Each change is one transaction, which also ends the local sessions
that the change does not allow."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

from pulse_contracts.mirror import MirrorRecord, MirrorState, Tombstone, mirror_digest
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror import audit, conflicts, emails, sessions
from pulse_desktop.core.mirror.cipher import RecordCipher, StoredRecord
from pulse_desktop.core.mirror.conflicts import Conflict
from pulse_desktop.core.mirror.database import Database, Rows
from pulse_desktop.core.mirror.records import (
    Held,
    Versioned,
    ignored_revivals,
    merge_delta,
    merge_snapshot,
)
from pulse_desktop.core.mirror.signals import Position, Staging
from pulse_desktop.core.model import StoreFailure

MAX_STAGED_BYTES: Final = 256_000_000
"""Maximum bytes of a snapshot whose parts are arriving."""
RESERVED_BYTES: Final = 20_000_000
"""Free disk space that the parts of a snapshot leave for changes, and for the readings."""
DEFAULT_LEASE: Final = 72 * 3_600
"""Seconds. The lease of a record that an older version has stored, until its next change."""
_COLUMNS: Final = "account, ver, src, state, hash, email_tag, verifier_hash, sealed, lease"
_AT_ONCE: Final = 500


class SnapshotTooLarge(Exception):  # an answer, not an error of ours
    """The parts of a snapshot exceed `MAX_STAGED_BYTES`. They are deleted."""


class MirrorStore:
    """The mirror of one enrolment."""

    def __init__(self, database: Database, cipher: RecordCipher, gen: int, clock: Clock) -> None:
        self._database, self._cipher, self._gen, self._clock = database, cipher, gen, clock

    async def begin(self) -> Position:
        """The position of this generation. Deletes everything of another one. Raises StoreFailure."""
        async with self._database.transaction() as rows:
            if await _gen(rows) != self._gen:
                await _forget(rows)
                await sessions.end_all(rows, self._clock.micros(), "not_confirmed")
                await rows.run("DELETE FROM position")
                await rows.run("INSERT INTO position (one, gen) VALUES (1, ?)", self._gen)
            return await read_position(rows)

    async def apply_delta(self, seq: int, records: Sequence[MirrorRecord]) -> Position:
        """Merges the records of a delta and sets the position to `seq`. Records conflicts. Raises StoreFailure."""

        async def work(rows: Rows) -> Position:
            at = await read_position(rows)
            held = await _held(rows, list({record.account for record in records}))
            taken = merge_delta(records, held, at.floor)
            stored = [self._cipher.store(record) for record in taken.values()]
            await emails.keep_former(rows, [one.account for one in taken.values() if one.state == "revoked"])
            await _insert(rows, "record", stored)
            await self._settle(rows, taken.values(), held)
            await self._report_revivals(rows, ignored_revivals(records, held), held)
            after = replace(
                at,
                applied=seq,
                top=max([at.top, *(record.ver for record in records)]),
                count=at.count + len(taken.keys() - held.keys()),
            )
            await rows.run("UPDATE position SET applied = ?, top = ?, count = ?", after.applied, after.top, after.count)
            return after

        return await self._database.at_once(work)

    async def store_part(self, staging: Staging, k: int, records: Sequence[MirrorRecord], *, begins: bool) -> Staging:
        """Stores one part of a snapshot. `begins`: deletes an older snapshot first. Raises StoreFailure,
        SnapshotTooLarge."""
        if self._database.free_bytes() < RESERVED_BYTES:
            raise StoreFailure("full", "too little disk space for a snapshot of the accounts")
        stored = await self._seal(records)
        size = sum(len(row.sealed or "") + 200 for row in stored)
        async with self._database.transaction() as rows:
            if begins:
                await _drop_staging(rows)
                await rows.run(
                    "INSERT INTO staging VALUES (1, ?, ?, ?, ?, ?)",
                    *(staging.sid, staging.seq, staging.asof, staging.of, staging.set),
                )
            ((before,),) = await rows.fetch("SELECT coalesce(sum(bytes), 0) FROM staged_part")
            is_too_large = before + size > MAX_STAGED_BYTES
            if is_too_large:
                await _drop_staging(rows)
            else:
                await rows.run("INSERT OR IGNORE INTO staged_part VALUES (?, ?)", k, size)
                await _insert(rows, "staged", stored)
        if is_too_large:
            raise SnapshotTooLarge
        return replace(staging, parts=staging.parts | {k})

    async def apply_snapshot(self, staging: Staging) -> Position | None:
        """Replaces the set by the staged snapshot. None if the parts do not have the announced digest: they are
        deleted, and nothing else changes. Raises StoreFailure."""
        async with self._database.transaction() as rows:
            staged = await _all(rows, "staged")
            digest = await asyncio.to_thread(_digest, staged.values())
            if digest != staging.set:
                await _drop_staging(rows)
                return None
            held = await _all(rows, "record")
            taken, stay = merge_snapshot(staged, held, staging.asof)
            await emails.keep_former(rows, [one for one in held.keys() - stay if not _is_live(staged.get(one))])
            await rows.run_many("DELETE FROM record WHERE account = ?", [(one,) for one in held.keys() - stay])
            await rows.run_many("DELETE FROM staged WHERE account = ?", [(one,) for one in stay])
            await rows.run(f"INSERT INTO record ({_COLUMNS}) SELECT {_COLUMNS} FROM staged")  # noqa: S608  # constants
            await _drop_staging(rows)
            versions = {account: one.ver for account, one in held.items()}
            await sessions.end_revoked(rows, dict.fromkeys(taken) | versions, self._clock.micros())
            await self._adopt_roles(rows, versions)
            await emails.report_reused(rows, None, self._clock.micros())
            await self._report_revivals(rows, ignored_revivals(staged.values(), held), held)
            at = await read_position(rows)
            top = max([at.top, *(one.ver for one in staged.values())])
            await rows.run(
                "UPDATE position SET applied = ?, floor = ?, top = ?, sid = ?, count = ?, is_resync_requested = 0",
                *(staging.seq, staging.asof, top, staging.sid, len(taken) + len(stay)),
            )
            return await read_position(rows)

    async def set_state(self, state: MirrorState, fresh: int | None, elapsed: int, known: int = 0) -> None:
        """Stores the state. Records a conflict if the database was restored, or if the collector was away for longer
        than a lease. `fresh`: elapsed time at which the mirror was known to be true; None leaves it. `known`: the
        position that the keystore knows. Raises StoreFailure."""
        at = self._clock.micros()
        async with self._database.transaction() as rows:
            before = await read_position(rows)
            if fresh is not None and before.fresh is not None:
                await _report_absence(rows, before.fresh, fresh, at)
            await rows.run("UPDATE position SET state = ?, fresh = coalesce(?, fresh)", state, fresh)
            if state == "synced":
                await sessions.validate_offline(rows, elapsed, at)
            elif state == "rollback":
                await sessions.end_all(rows, at, "rolled_back")
                await audit.record(rows, at, "mirror_rolled_back")
                conflict = Conflict("database_restored", "offline_sign_in_refused", before=before.applied, after=known)
                await conflicts.record(rows, at, conflict)

    async def forget_times(self) -> None:
        """The elapsed time goes back: deletes what was measured with it. Raises StoreFailure."""
        async with self._database.transaction() as rows:
            await rows.run("UPDATE position SET fresh = NULL")
            await sessions.end_all(rows, self._clock.micros(), "expired")

    async def wipe(self) -> None:
        """Deletes every record and session. Raises StoreFailure."""
        at = self._clock.micros()
        async with self._database.transaction() as rows:
            if (await read_position(rows)).state != "wiped":
                await sessions.end_all(rows, at, "wiped")
                await audit.record(rows, at, "mirror_wiped")
            await _forget(rows)
            await rows.run("UPDATE position SET state = 'wiped', count = 0, fresh = NULL")
        await self._database.shrink()

    async def digest(self) -> str:
        """`mirror_digest` of the applied set. Raises StoreFailure."""
        async with self._database.reading() as rows:
            found = await _all(rows, "record")
        return await asyncio.to_thread(_digest, found.values())

    async def tombstones(self, limit: int) -> list[Tombstone]:
        """The tombstones with the highest `ver`. Raises StoreFailure."""
        sql = "SELECT account, ver, src FROM record WHERE state = 'revoked' ORDER BY ver DESC LIMIT ?"
        found = await self._database.at_once(lambda rows: rows.fetch(sql, limit))
        return [Tombstone(account=account, ver=ver, src=src) for account, ver, src in found]

    async def find(self, email: str) -> MirrorRecord | None:
        """The live record with this e-mail. Raises StoreFailure."""
        async with self._database.reading() as rows:
            row = await rows.one(
                "SELECT account, ver, sealed FROM record WHERE email_tag = ? AND state = 'live' ORDER BY ver DESC",
                self._cipher.email_tag(email),
            )
        return None if row is None else self._cipher.open(*row)

    async def account_counts(self) -> tuple[int, int, int]:
        """The numbers of live accounts, of those among them with a verifier and a lease, and of revoked accounts.
        Raises StoreFailure."""
        async with self._database.reading() as rows:
            ((live, ready, revoked),) = await rows.fetch(
                """SELECT count(*) FILTER (WHERE state = 'live'),
                          count(*) FILTER (WHERE state = 'live' AND verifier_hash IS NOT NULL AND lease IS NOT 0),
                          count(*) FILTER (WHERE state = 'revoked') FROM record"""
            )
        return live, ready, revoked

    async def longest_lease(self) -> int | None:
        """The longest lease of a live account in seconds; None without one. Raises StoreFailure."""
        async with self._database.reading() as rows:
            ((longest,),) = await rows.fetch(
                "SELECT max(coalesce(lease, ?)) FROM record WHERE state = 'live'", DEFAULT_LEASE
            )
        return None if longest is None else int(longest)

    async def problems(self) -> list[str]:
        """What is wrong with the stored records: rows that cannot be opened, or do not match their content. Raises
        StoreFailure."""
        async with self._database.reading() as rows:
            found = await rows.fetch(f"SELECT {_COLUMNS} FROM record")  # noqa: S608  # a constant
            at = await read_position(rows)
        problems = await asyncio.to_thread(
            lambda: [text for row in found if (text := self._problem(StoredRecord(*row)))]
        )
        if len(found) != at.count:
            problems.append(f"{len(found)} records are stored, but {at.count} are expected")
        return problems

    def _problem(self, row: StoredRecord) -> str:
        if row.state == "revoked":
            expected = MirrorRecord(account=row.account, ver=row.ver, src=row.src, state="revoked")
        else:
            try:
                expected = self._cipher.open(row.account, row.ver, row.sealed or "")
            except Exception as error:  # noqa: BLE001
                return str(error)
        stored = self._cipher.store(expected)
        same = stored[:7] == row[:7] and row.lease in {None, stored.lease}
        return "" if same else f"the record of account {row.account} was changed"

    async def _seal(self, records: Sequence[MirrorRecord]) -> list[StoredRecord]:
        return await asyncio.to_thread(lambda: [self._cipher.store(record) for record in records])

    async def _settle(self, rows: Rows, changed: Iterable[MirrorRecord], held: Mapping[str, Held]) -> None:
        """Ends the sessions that changed records do not allow, gives the others their role, and finds re-used
        e-mails."""
        at = self._clock.micros()
        changed = list(changed)
        versions = {one.account: held[one.account].ver if one.account in held else None for one in changed}
        await sessions.end_revoked(rows, versions, at)
        await self._update_roles(rows, changed, versions)
        if live := [one.account for one in changed if one.state == "live"]:
            await emails.report_reused(rows, live, at)

    async def _update_roles(
        self, rows: Rows, records: Iterable[MirrorRecord], versions: Mapping[str, int | None]
    ) -> None:
        signed_in = {account for (account,) in await rows.fetch("SELECT DISTINCT account FROM session")}
        for one in records:
            if one.role is not None and one.account in signed_in:
                change = versions.get(one.account), one.ver
                await sessions.set_role(rows, one.account, one.role, change, self._clock.micros())

    async def _adopt_roles(self, rows: Rows, versions: Mapping[str, int | None]) -> None:
        for row in await rows.fetch(
            "SELECT account, ver, sealed FROM record WHERE state = 'live' AND account IN (SELECT account FROM session)"
        ):
            await self._update_roles(rows, [self._cipher.open(*row)], versions)

    async def _report_revivals(self, rows: Rows, ignored: Sequence[Versioned], held: Mapping[str, Held]) -> None:
        for one in ignored:
            before = held[one.account].ver
            conflict = Conflict(
                "change_after_deletion", "account_stays_revoked", one.account, before=before, after=one.ver
            )
            await conflicts.record(rows, self._clock.micros(), conflict, once=True)


async def read_position(rows: Rows) -> Position:
    """The position; one of generation 0 before the first enrolment."""
    row = await rows.one("SELECT gen, applied, floor, top, state, fresh, sid, count FROM position")
    if row is None:
        return Position(0)
    gen, applied, floor, top, state, fresh, sid, count = row
    return Position(gen, applied, floor, top, state, fresh, sid, count, await _staging(rows))


def _is_live(one: Held | None) -> bool:
    return one is not None and one.state == "live"


async def _report_absence(rows: Rows, before: int, fresh: int, at: int) -> None:
    """Records a conflict if the lease of an account ended between two confirmations (elapsed microseconds)."""
    ended = await rows.fetch(
        "SELECT 1 FROM record WHERE state = 'live' AND coalesce(lease, ?) BETWEEN 1 AND ? LIMIT 1",
        *(DEFAULT_LEASE, (fresh - before - 1) // 1_000_000),
    )
    if ended:
        conflict = Conflict("returned_after_lease", "mirror_confirmed_again", before=before, after=fresh)
        await conflicts.record(rows, at, conflict)


async def _staging(rows: Rows) -> Staging | None:
    row = await rows.one("SELECT sid, seq, asof, parts, digest FROM staging")
    if row is None:
        return None
    sid, seq, asof, of, digest = row
    return Staging(sid, seq, asof, of, digest, frozenset(k for (k,) in await rows.fetch("SELECT k FROM staged_part")))


async def _gen(rows: Rows) -> int:
    return (await read_position(rows)).gen


async def _held(rows: Rows, accounts: Sequence[str]) -> dict[str, Held]:
    found: dict[str, Held] = {}
    for start in range(0, len(accounts), _AT_ONCE):
        some = accounts[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        sql = f"SELECT account, ver, src, state, hash FROM record WHERE account IN ({marks})"  # noqa: S608  # only marks
        found |= {row[0]: Held(*row) for row in await rows.fetch(sql, *some)}
    return found


async def _all(rows: Rows, table: Literal["record", "staged"]) -> dict[str, Held]:
    sql = f"SELECT account, ver, src, state, hash FROM {table}"  # noqa: S608  # one of two constants
    return {row[0]: Held(*row) for row in await rows.fetch(sql)}


def _digest(held: Iterable[Held]) -> str:
    return mirror_digest((one.account, one.ver, one.state, one.hash) for one in held)


async def _insert(rows: Rows, table: Literal["record", "staged"], stored: Iterable[StoredRecord]) -> None:
    sql = f"INSERT OR REPLACE INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants
    await rows.run_many(sql, stored)


async def _drop_staging(rows: Rows) -> None:
    for table in ("staging", "staged_part", "staged"):
        await rows.run(f"DELETE FROM {table}")  # noqa: S608  # constants


async def _forget(rows: Rows) -> None:
    await _drop_staging(rows)
    for table in ("record", "former_email", "trusted", "attempt"):
        await rows.run(f"DELETE FROM {table}")  # noqa: S608  # constants
