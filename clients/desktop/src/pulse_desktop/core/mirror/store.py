"""The mirror's records and position in `state.db`. Each change is one transaction, which also ends the local sessions
that the change does not allow."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Literal

from pulse_contracts.mirror import MirrorRecord, MirrorState, Tombstone, mirror_digest
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror import audit, sessions
from pulse_desktop.core.mirror.cipher import RecordCipher, StoredRecord
from pulse_desktop.core.mirror.database import Database, Rows
from pulse_desktop.core.mirror.records import Held, merge_delta, merge_snapshot
from pulse_desktop.core.mirror.signals import Position, Staging
from pulse_desktop.core.model import StoreFailure

MAX_STAGED_BYTES: Final = 256_000_000
"""Maximum bytes of a snapshot whose parts are arriving."""
RESERVED_BYTES: Final = 20_000_000
"""Free disk space that the parts of a snapshot leave for changes, and for the readings."""
_COLUMNS: Final = "account, ver, src, state, hash, email_tag, verifier_hash, sealed"
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
        """Merges the records of a delta and sets the position to `seq`. Raises StoreFailure."""
        async with self._database.transaction() as rows:
            at = await read_position(rows)
            held = await _held(rows, [record.account for record in records])
            taken = set(merge_delta(records, held, at.floor))
            stored = await self._seal([record for record in records if record.account in taken])
            await _insert(rows, "record", stored)
            await sessions.end_revoked(rows, taken, self._clock.micros())
            await self._update_roles(rows, [record for record in records if record.account in taken])
            after = replace(
                at,
                applied=seq,
                top=max([at.top, *(record.ver for record in records)]),
                count=at.count + len(taken - held.keys()),
            )
            await rows.run("UPDATE position SET applied = ?, top = ?, count = ?", after.applied, after.top, after.count)
        return after

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
            await rows.run_many("DELETE FROM record WHERE account = ?", [(one,) for one in held.keys() - stay])
            await rows.run_many("DELETE FROM staged WHERE account = ?", [(one,) for one in stay])
            await rows.run(f"INSERT INTO record SELECT {_COLUMNS} FROM staged")  # noqa: S608  # a constant
            await _drop_staging(rows)
            await sessions.end_revoked(rows, {*taken, *held}, self._clock.micros())
            await self._adopt_roles(rows)
            at = await read_position(rows)
            top = max([at.top, *(one.ver for one in staged.values())])
            await rows.run(
                "UPDATE position SET applied = ?, floor = ?, top = ?, sid = ?, count = ?, is_resync_requested = 0",
                *(staging.seq, staging.asof, top, staging.sid, len(taken) + len(stay)),
            )
            return await read_position(rows)

    async def set_state(self, state: MirrorState, fresh: int | None, elapsed: int) -> None:
        """Stores the state. `fresh`: elapsed time at which the mirror was known to be true; None leaves it. Raises
        StoreFailure."""
        at = self._clock.micros()
        async with self._database.transaction() as rows:
            await rows.run("UPDATE position SET state = ?, fresh = coalesce(?, fresh)", state, fresh)
            if state == "synced":
                await sessions.validate_offline(rows, elapsed, at)
            elif state == "rollback":
                await sessions.end_all(rows, at, "rolled_back")
                await audit.record(rows, at, "mirror_rolled_back")

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
            await rows.run("UPDATE position SET state = 'wiped', count = 0, fresh = NULL, decoy = NULL")
        await self._database.shrink()

    async def digest(self) -> str:
        """`mirror_digest` of the applied set. Raises StoreFailure."""
        async with self._database.reading() as rows:
            found = await _all(rows, "record")
        return await asyncio.to_thread(_digest, found.values())

    async def tombstones(self, limit: int) -> list[Tombstone]:
        """The tombstones with the highest `ver`. Raises StoreFailure."""
        async with self._database.reading() as rows:
            found = await rows.fetch(
                "SELECT account, ver, src FROM record WHERE state = 'revoked' ORDER BY ver DESC LIMIT ?", limit
            )
        return [Tombstone(account=account, ver=ver, src=src) for account, ver, src in found]

    async def find(self, email: str) -> MirrorRecord | None:
        """The live record with this e-mail. Raises StoreFailure."""
        async with self._database.reading() as rows:
            row = await rows.one(
                "SELECT account, ver, sealed FROM record WHERE email_tag = ? AND state = 'live' ORDER BY ver DESC",
                self._cipher.email_tag(email),
            )
        return None if row is None else self._cipher.open(*row)

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
        same = self._cipher.store(expected)[:7] == row[:7]
        return "" if same else f"the record of account {row.account} was changed"

    async def _seal(self, records: Sequence[MirrorRecord]) -> list[StoredRecord]:
        return await asyncio.to_thread(lambda: [self._cipher.store(record) for record in records])

    async def _update_roles(self, rows: Rows, records: Iterable[MirrorRecord]) -> None:
        signed_in = {account for (account,) in await rows.fetch("SELECT DISTINCT account FROM session")}
        for record in records:
            if record.role is not None and record.account in signed_in:
                await sessions.set_role(rows, record.account, record.role)

    async def _adopt_roles(self, rows: Rows) -> None:
        for row in await rows.fetch(
            "SELECT account, ver, sealed FROM record WHERE state = 'live' AND account IN (SELECT account FROM session)"
        ):
            await self._update_roles(rows, [self._cipher.open(*row)])


async def read_position(rows: Rows) -> Position:
    """The position; one of generation 0 before the first enrolment."""
    row = await rows.one("SELECT gen, applied, floor, top, state, fresh, sid, count FROM position")
    if row is None:
        return Position(0)
    gen, applied, floor, top, state, fresh, sid, count = row
    return Position(gen, applied, floor, top, state, fresh, sid, count, await _staging(rows))


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
    sql = f"INSERT OR REPLACE INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  # constants
    await rows.run_many(sql, stored)


async def _drop_staging(rows: Rows) -> None:
    for table in ("staging", "staged_part", "staged"):
        await rows.run(f"DELETE FROM {table}")  # noqa: S608  # constants


async def _forget(rows: Rows) -> None:
    await _drop_staging(rows)
    for table in ("record", "trusted", "attempt"):
        await rows.run(f"DELETE FROM {table}")  # noqa: S608  # constants
