"""`state.db`: whole transactions, full disks, corrupt files, killed processes, and two processes at once."""

import asyncio
import os
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pulse_contracts.mirror import AuditKind
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror import audit
from pulse_desktop.core.mirror.cipher import RecordCipher
from pulse_desktop.core.mirror.database import FILE, Database, Rows
from pulse_desktop.core.mirror.migrations import MIGRATIONS
from pulse_desktop.core.mirror.signals import Staging
from pulse_desktop.core.mirror.store import DEFAULT_LEASE, MirrorStore, SnapshotTooLarge
from pulse_desktop.core.model import StoreFailure

from .mirror_desk import synced_desk
from .publisher import FakePublisher, digest_of, live, revoked

KEY = bytes(32)


@asynccontextmanager
async def store(folder: Path) -> AsyncIterator[tuple[MirrorStore, Database]]:
    database = await Database.open(folder / FILE)
    try:
        opened = MirrorStore(database, RecordCipher(KEY), 1, Clock())
        await opened.begin()
        yield opened, database
    finally:
        await database.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)],  # noqa: S607
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


async def test_the_file_reveals_no_verifier_and_no_email(tmp_path: Path) -> None:
    async with store(tmp_path) as (opened, _):
        await opened.apply_delta(1, [live(1, 1)])
        assert await opened.find("PERSON-1@example.org") == live(1, 1)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"argon2id" not in stored
    assert b"person-1@" not in stored
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


async def test_a_wipe_removes_the_records_from_the_files(tmp_path: Path) -> None:
    async with store(tmp_path) as (opened, database):
        await opened.apply_delta(1, [live(1, 1)])
        async with database.reading() as rows:
            ((sealed,),) = await rows.fetch("SELECT sealed FROM record")
        await opened.wipe()
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert sealed.encode() not in stored


async def fail(database: Database) -> None:
    async with database.transaction() as rows:
        await rows.run("DELETE FROM record")
        _ = 1 // 0


async def test_a_failed_transaction_changes_nothing(tmp_path: Path) -> None:
    async with store(tmp_path) as (opened, database):
        await opened.apply_delta(1, [live(1, 1)])
        with pytest.raises(ZeroDivisionError):
            await fail(database)
        assert await opened.find("person-1@example.org") is not None


@pytest.mark.parametrize("fails", ["raises", "suspends"])
async def test_a_failed_transaction_at_once_changes_nothing(tmp_path: Path, fails: str) -> None:
    async def work(rows: Rows) -> None:
        await rows.run("DELETE FROM record")
        if fails == "raises":
            raise LookupError
        await asyncio.sleep(0)

    async with store(tmp_path) as (opened, database):
        await opened.apply_delta(1, [live(1, 1)])
        with pytest.raises(LookupError if fails == "raises" else RuntimeError):
            await database.at_once(work)
        assert await opened.find("person-1@example.org") is not None
        assert (await opened.apply_delta(2, [revoked(1, 3)])).applied == 2


async def test_a_transaction_at_once_is_completed_although_its_caller_is_cancelled(tmp_path: Path) -> None:
    began, may_end = threading.Event(), threading.Event()

    async def work(rows: Rows) -> None:
        await rows.run("DELETE FROM record")
        began.set()
        may_end.wait()

    async with store(tmp_path) as (opened, database):
        await opened.apply_delta(1, [live(1, 1)])
        task = asyncio.ensure_future(database.at_once(work))
        await asyncio.to_thread(began.wait)
        task.cancel()
        await asyncio.wait([task])
        may_end.set()
        assert await opened.find("person-1@example.org") is None


async def test_a_cancelled_transaction_changes_nothing(tmp_path: Path) -> None:
    async with store(tmp_path) as (opened, database):
        await opened.apply_delta(1, [live(1, 1)])
        started = asyncio.Event()

        async def forever() -> None:
            async with database.transaction() as rows:
                await rows.run("DELETE FROM record")
                started.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(forever())
        await started.wait()
        task.cancel()
        await asyncio.wait([task])
        assert await opened.find("person-1@example.org") is not None


async def store_parts(opened: MirrorStore, parts: int, size: int) -> None:
    """Stores the parts of a snapshot of other accounts."""
    staging = Staging("a" * 32, 2, 9_000, parts, "0" * 64)
    for k in range(parts):
        part = [live(100 + k * size + i, 2) for i in range(size)]
        staging = await opened.store_part(staging, k, part, begins=k == 0)


async def test_a_full_disk_during_a_snapshot_leaves_the_old_state_whole(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_desktop.core.mirror.store.RESERVED_BYTES", 1_000_000)
    async with store(disk) as (opened, _):
        await opened.apply_delta(1, [live(1, 1)])
        before = await opened.digest()
        with pytest.raises(StoreFailure) as raised:
            await store_parts(opened, 100, 100)
        assert raised.value.kind == "full"
        assert await opened.digest() == before
        assert (await opened.apply_delta(2, [revoked(1, 3)])).applied == 2


async def test_a_full_disk_while_a_snapshot_is_applied_leaves_the_old_state_whole(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_desktop.core.mirror.store.RESERVED_BYTES", 0)
    async with store(disk) as (opened, _):
        await opened.apply_delta(1, [live(1, 1)])
        before = await opened.digest()
        records = [live(n, 2) for n in range(10, 700)]
        staging = Staging("a" * 32, 2, 9_000, 1, digest_of(records))
        staging = await opened.store_part(staging, 0, records, begins=True)
        filler = disk / "other"
        with filler.open("wb", buffering=0) as file:
            for size in (65_536, 4_096):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue
        with pytest.raises(StoreFailure) as raised:
            await opened.apply_snapshot(staging)
        assert raised.value.kind == "full"
        assert await opened.digest() == before
        filler.unlink()
        position = await opened.apply_snapshot(staging)
        assert position is not None
        assert (position.applied, position.count) == (2, 690)


async def test_a_snapshot_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulse_desktop.core.mirror.store.MAX_STAGED_BYTES", 5_000)
    async with store(tmp_path) as (opened, database):
        with pytest.raises(SnapshotTooLarge):
            await store_parts(opened, 9, 2)
        async with database.reading() as rows:
            assert await rows.fetch("SELECT account FROM staged") == []


async def test_a_snapshot_with_another_digest_changes_nothing(tmp_path: Path) -> None:
    async with store(tmp_path) as (opened, database):
        await opened.apply_delta(1, [live(1, 1)])
        before = await opened.digest()
        staging = Staging("a" * 32, 2, 9, 1, digest_of([live(2, 2), live(3, 3)]))
        staging = await opened.store_part(staging, 0, [live(2, 2)], begins=True)
        assert await opened.apply_snapshot(staging) is None
        assert await opened.digest() == before
        async with database.reading() as rows:
            assert await rows.fetch("SELECT account FROM staged") == []


@pytest.mark.announces_log("mirror_database_corrupt")
@pytest.mark.announces_log("mirror_rolled_back")
async def test_a_corrupt_file_is_set_aside_and_loaded_again(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
    for path in tmp_path.glob(f"{FILE}-*"):
        path.unlink()
    (tmp_path / FILE).write_bytes(os.urandom(20_000))
    async with synced_desk(tmp_path, live(2, 2), publisher=publisher) as one:  # a rollback, then a snapshot
        assert one.mirror.view.count == 2
    (aside,) = tmp_path.glob("state.corrupt-*")
    assert aside.stat().st_size == 20_000


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with store(tmp_path):
        pass
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreFailure, match="newer version of the collector: update this one"):
        await Database.open_or_replace(tmp_path, Clock())


async def test_a_file_of_the_first_version_is_migrated_and_keeps_its_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("pulse_desktop.core.mirror.database.MIGRATIONS", MIGRATIONS[:1])
        database = await Database.open(tmp_path / FILE)
        async with database.transaction() as rows:
            await rows.run("INSERT INTO position (one, gen, count, decoy) VALUES (1, 1, 1, 'old')")
            row = RecordCipher(KEY).store(live(1, 1, lease=3_600))
            await rows.run("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row[:-1])
        await database.close()
    async with store(tmp_path) as (opened, _):
        assert await opened.find("person-1@example.org") == live(1, 1, lease=3_600)
        assert await opened.problems() == []
        assert await opened.longest_lease() == DEFAULT_LEASE, "until the record changes"
        await opened.apply_delta(1, [live(1, 2, lease=3_600)])
        assert await opened.longest_lease() == 3_600
        assert await opened.account_counts() == (1, 1, 0)


async def test_a_full_audit_trail_counts_refusals_and_keeps_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[AuditKind] = ["sign_in_refused"] * 5
    kinds: list[AuditKind] = [*refused, "signed_in_offline"]
    monkeypatch.setattr(audit, "QUIET_AFTER", 3)
    async with store(tmp_path) as (_, database):
        trail = audit.AuditTrail(database)
        for kind in kinds:
            async with database.transaction() as rows:
                await audit.record(rows, 1, kind)
        assert await trail.newest() == (4, 0)
        await trail.cover(4)
        async with database.transaction() as rows:
            await audit.record(rows, 1, "signed_out")
        assert (await trail.waiting(9))[0].detail.startswith("2 refused sign-ins or conflicts were not recorded")
        assert await trail.problems() == []


async def test_a_restored_trail_continues_above_what_the_server_has(tmp_path: Path) -> None:
    async with store(tmp_path) as (_, database):
        trail = audit.AuditTrail(database)
        async with database.transaction() as rows:
            await audit.record(rows, 1, "signed_in")
        await trail.cover(40)
        async with database.transaction() as rows:
            await audit.record(rows, 1, "signed_out")
        assert [one.n for one in await trail.waiting(9)] == [41]


@pytest.mark.announces_log("mirror_failed")
async def test_a_failing_disk_is_logged_once_and_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = FakePublisher()
    monkeypatch.setattr("pulse_desktop.core.mirror.driver._RETRY_FLOOR", 0.05)
    monkeypatch.setattr("pulse_desktop.core.mirror.driver._RETRY_CAP", 0.05)
    async with synced_desk(tmp_path, live(1, 1), publisher=publisher) as one:
        apply = MirrorStore.apply_delta
        failures = iter([True, True, False])

        async def failing(self: MirrorStore, seq: int, records: list[object]) -> object:
            if next(failures, False):
                raise StoreFailure("full", "no space left")
            return await apply(self, seq, records)  # type: ignore[arg-type]

        monkeypatch.setattr(MirrorStore, "apply_delta", failing)
        message = publisher.delta(publisher.change(revoked(1, 3)))
        while one.mirror.view.seq != 2:
            publisher.send(one.broker, message)
            await asyncio.sleep(0.05)
        await one.reaches("synced", 2)
