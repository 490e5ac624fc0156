"""A short campaign against the credential mirror with every kind of fault, and a judge that finds tampering."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.resilience.mirror_campaign import MirrorPlan, run_mirror
from tests.resilience.mirror_faults import MIRROR_FAULTS
from tests.resilience.mirror_judge import Book, differences, differing_sets, records
from tests.resilience.mirror_world import REFUSED, MirrorSize, MirrorWorld, wait_for

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(900)]
SEED = int(os.environ.get("SEED", "20261130"))
"""A fixed seed, so that a failure can be repeated. `python -m tests.resilience --mirror` draws one."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder outside pytest's, which another session makes private."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def test_after_every_kind_of_fault_all_mirrors_agree_within_a_minute(folder: Path) -> None:
    report = run_mirror(MirrorPlan(len(MIRROR_FAULTS), SEED, MirrorSize(20, 1_000)), folder / "world")
    print(report.as_text())
    assert report.problems == []
    assert set(report.faults) == set(MIRROR_FAULTS)
    assert report.refused > len(MIRROR_FAULTS)
    assert report.allowed > 0
    assert report.changes["revoke"] > len(MIRROR_FAULTS) / 2


def test_the_judge_finds_tampering_with_a_mirror(folder: Path) -> None:
    with MirrorWorld.opened(folder / "world", MirrorSize(1, 20), ()) as world:
        book, device = Book(), world.devices[0]
        wait_for(lambda: differences(world, book) == [], 60, "the first snapshots arrive")
        device.proxy.cut()
        (person,) = world.fetch("SELECT id, version FROM users.account WHERE email = 'person-1@example.org'")
        path, tag = f"/api/users/{person['id']}/toggle-status", f'"{person["version"]}"'
        world.admin.insist("PUT", path, tag=tag)
        found = differing_sets(world, book)
        assert any("without a right to it" in text for text in found), found
        wait_for(lambda: any(" is at " in text for text in differences(world, book)), 30, "the change waits for it")
        device.proxy.heal()
        wait_for(lambda: differences(world, book) == [], 60, "the mirrors agree")
        assert device.signs_in("person-1@example.org", world.admin.password) == REFUSED
        assert device.signs_in("person-2@example.org", world.admin.password) == 0

        device.end()
        book.acknowledged[device.name].add(revoked := str(person["id"]))
        (live,) = [row[0] for row in records(device) if row[2] == "live"][:1]
        for problem, statement, *values in (
            ("RISEN", "UPDATE record SET state = 'live' WHERE account = ?", revoked),
            ("keeps data of", "UPDATE record SET email_tag = 'kept' WHERE account = ?", revoked),
            ("has other data of", "UPDATE record SET hash = ? WHERE account = ?", "0" * 64, live),
            ("lacks account", "DELETE FROM record WHERE account = ?", live),
            ("has another digest", "UPDATE record SET ver = ver + 1"),
            ("is at", "UPDATE position SET applied = applied - 1"),
            ("is resync", "UPDATE position SET state = 'resync'"),
        ):
            before = changed(device.state / "state.db", statement, *values)
            assert any(problem in text for text in differences(world, book)), problem
            (device.state / "state.db").write_bytes(before)
        assert differences(world, book) == []


def changed(file: Path, statement: str, *values: str) -> bytes:
    """Executes a statement, and returns the file's content from before. No process uses the file."""
    for sql, parameters in (("PRAGMA wal_checkpoint(TRUNCATE)", ()), (statement, values)):
        before = file.read_bytes()
        with closing(sqlite3.connect(file)) as connection:  # the last connection that closes empties the log
            connection.execute(sql, parameters)
            connection.commit()
    return before
