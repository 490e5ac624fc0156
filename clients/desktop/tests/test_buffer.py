"""The buffer on a real disk: durability, settling, overflow, and failures of the disk."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from structlog.testing import capture_logs

from pulse_contracts.ranges import EMPTY, count, normalized, subtract
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.buffer.journal import Journal
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BlockUnreadable, BufferLimits, Drop, Reading, Refusal, SeriesSpec, Settlement
from pulse_desktop.core.storage.opening import FILE

EPOCH = 77
NOISE = Random(1)


@dataclass
class ManualClock:
    """A clock that the test moves."""

    now: float = 0.0

    @property
    def clock(self) -> Clock:
        return Clock(lambda: int(self.now * 1e6), lambda: self.now)


@pytest.fixture
def manual() -> ManualClock:
    return ManualClock()


def open_buffer(folder: Path, manual: ManualClock, epoch: int = EPOCH, limits: BufferLimits | None = None) -> Buffer:
    buffer = Buffer(folder, epoch, limits or BufferLimits(), manual.clock)
    buffer.declare([SeriesSpec("level", "float")])
    return buffer


@pytest.fixture
def buffer(tmp_path: Path, manual: ManualClock) -> Iterator[Buffer]:
    buffer = open_buffer(tmp_path, manual)
    yield buffer
    buffer.close()


def some(n: int, start: int = 0) -> list[Reading]:
    return [Reading(1, start + i, NOISE.random()) for i in range(n)]


def test_readings_keep_their_identity_in_the_next_epoch(tmp_path: Path, manual: ManualClock) -> None:
    first = open_buffer(tmp_path, manual)
    readings = some(2_500)
    assert first.append(readings).committed == ((0, 2_500),)
    first.close()
    second = open_buffer(tmp_path, manual, epoch=78)
    assert second.holdings.pending == {EPOCH: ((0, 2_500),)}
    piece = second.read(EPOCH, 0, 2_500)
    assert piece is not None
    assert list(piece.readings) == readings
    assert second.epoch.ord == first.epoch.ord + 1
    second.close()


def test_ord_increases_even_when_every_epoch_is_settled(tmp_path: Path, manual: ManualClock) -> None:
    first = open_buffer(tmp_path, manual, epoch=1)
    first.append(some(3))
    first.close()
    second = open_buffer(tmp_path, manual, epoch=2)
    second.settle([Settlement(1, ((0, 3),))])
    second.close()
    third = open_buffer(tmp_path, manual, epoch=3)
    assert third.holdings.ords == {}
    assert third.epoch.ord == 2
    third.close()


def test_series_ids_are_permanent_and_another_type_is_another_series(tmp_path: Path, manual: ManualClock) -> None:
    buffer = open_buffer(tmp_path, manual)
    buffer.declare([SeriesSpec("level", "int"), SeriesSpec("other", "bool")])
    buffer.close()
    again = open_buffer(tmp_path, manual)
    assert [(s.id, s.name, s.type) for s in again.table] == [
        (1, "level", "float"),
        (2, "level", "int"),
        (3, "other", "bool"),
    ]
    again.close()


def test_an_invalid_series_is_not_added_to_the_table(buffer: Buffer) -> None:
    with pytest.raises(ValueError, match="name"):
        buffer.declare([SeriesSpec("ok", "int"), SeriesSpec("not a name", "int")])
    assert [s.name for s in buffer.declare([])] == ["level"]


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    cuts=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=8),
)
def test_settling_any_ranges_in_any_order_leaves_the_other_readings(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], cuts: list[tuple[int, int]]
) -> None:
    folder, manual = tmp_path_factory.mktemp("disk"), ManualClock()
    buffer = open_buffer(folder, manual)
    for size in sizes:
        buffer.append(some(size))
    whole, settled = ((0, sum(sizes)),), EMPTY
    for cut in cuts:
        settled = normalized([*settled, cut])
        buffer.settle([Settlement(EPOCH, normalized([cut]))])
        rest = subtract(whole, settled)
        assert buffer._store.holdings().of(EPOCH) == rest
        assert buffer.waiting == count(rest)
        for lo, hi in rest:
            piece = buffer.read(EPOCH, lo, hi)
            assert piece is not None
            assert len(piece.readings) == hi - lo
    buffer.close()


def test_a_refused_reading_is_quarantined_with_its_code(buffer: Buffer) -> None:
    buffer.append([Reading(1, 5, 0.1), Reading(1, 6, -0.0), Reading(1, 7, 0.3)])
    buffer.settle([Settlement(EPOCH, ((0, 3),), (Refusal(1, "out_of_range", "below"),))])
    row = buffer._store._db.execute("SELECT epoch, seq, series, t, value, code, detail FROM quarantine").fetchall()
    assert row == [(EPOCH, 1, "level", 6, "-0x0.0p+0", "out_of_range", "below")]
    assert (buffer.counts.settled, buffer.counts.refused, buffer.waiting) == (2, 1, 0)


def test_an_acknowledged_loss_is_deleted_and_an_unacknowledged_one_kept(tmp_path: Path, manual: ManualClock) -> None:
    buffer = open_buffer(tmp_path, manual)
    buffer.append(some(10))
    buffer.quarantine(EPOCH, 2, "unanswered")
    buffer.quarantine(EPOCH, 3, "unanswered")
    buffer.settle([Settlement(EPOCH, ((3, 4),))])
    buffer.close()
    again = open_buffer(tmp_path, manual, epoch=78)
    assert [(d.lo, d.hi, d.reason) for d in again.holdings.drops] == [(2, 3, "unreadable")]
    assert again.holdings.of(EPOCH) == ((0, 2), (4, 10))
    again.close()


def cap_pages(buffer: Buffer, more: int) -> None:
    db = buffer._store._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages + more}")


@pytest.mark.announces_log("buffer_unavailable")
def test_a_full_disk_assigns_no_numbers_and_recovers_without_a_loss(buffer: Buffer, manual: ManualClock) -> None:
    buffer.append(some(10))
    cap_pages(buffer, 0)
    while not buffer.fault:
        buffer.append(some(500))
    assert "full" in buffer.fault
    before = buffer.next
    assert buffer.append(some(500)).committed == ()
    assert buffer.next == before
    cap_pages(buffer, 10_000)
    manual.now += 2
    buffer.append(some(1))
    assert (buffer.fault, buffer.next) == ("", buffer.counts.produced)
    assert buffer.waiting == buffer.next


def test_a_disk_that_stays_full_is_logged_once(buffer: Buffer, manual: ManualClock) -> None:
    cap_pages(buffer, 0)
    with capture_logs() as lines:
        for _ in range(30):
            buffer.append(some(500))
            manual.now += 2
    assert [line["event"] for line in lines] == ["buffer_unavailable"]
    assert buffer.counts.lost_in_memory == 0


@pytest.mark.announces_log("buffer_unavailable")
def test_readings_that_the_ring_loses_are_counted(tmp_path: Path, manual: ManualClock) -> None:
    buffer = open_buffer(tmp_path, manual, limits=BufferLimits(ring=1_000))
    cap_pages(buffer, 0)
    for _ in range(40):
        buffer.append(some(500))
    lost = buffer.counts.lost_in_memory
    assert lost > 0
    cap_pages(buffer, 10_000)
    manual.now += 2
    buffer.append([])
    assert buffer.next + lost == buffer.counts.produced == 20_000
    buffer.close()


@pytest.mark.announces_log("buffer_unavailable")
def test_a_full_disk_can_still_settle_because_of_the_ballast(
    buffer: Buffer, manual: ManualClock, tmp_path: Path
) -> None:
    buffer.append(some(3_000))
    cap_pages(buffer, 0)
    buffer.append(some(3_000))
    assert buffer.fault
    buffer.settle([Settlement(EPOCH, ((0, 1_500),))])
    manual.now += 2
    buffer.append([])
    assert buffer._store.holdings().of(EPOCH)[0][0] == 1_500


@pytest.mark.announces_log("buffer_unavailable")
def test_a_read_only_file_is_reported_and_recovers(buffer: Buffer, manual: ManualClock) -> None:
    buffer._store._db.execute("PRAGMA query_only=1")
    assert buffer.append(some(5)).committed == ()
    assert "read-only" in buffer.fault
    manual.now += 2
    assert buffer.append(some(5)).committed == ((0, 5), (5, 10))
    assert buffer.fault == ""


@pytest.mark.announces_log("buffer_unavailable")
def test_a_commit_that_reported_a_failure_is_not_stored_twice(buffer: Buffer, manual: ManualClock) -> None:
    real = buffer._store.append

    def commit_then_fail(*args: object) -> object:
        real(*args)  # type: ignore[arg-type]
        buffer._store._db.execute("PRAGMA query_only=1")
        return real(*args)  # type: ignore[arg-type]

    buffer._store.append = commit_then_fail  # type: ignore[method-assign, assignment]
    assert buffer.append(some(5)).committed == ()
    manual.now += 2
    assert buffer.append(some(2)).committed == ((0, 5), (5, 7))


@pytest.mark.announces_log("buffer_corrupt")
@pytest.mark.announces_log("buffer_lost_readings")
@pytest.mark.announces_log("buffer_unavailable")
def test_a_corrupt_file_is_replaced_and_its_readings_are_declared_lost(tmp_path: Path, manual: ManualClock) -> None:
    buffer = open_buffer(tmp_path, manual)
    buffer.append(some(4_000))
    buffer._store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (tmp_path / FILE).open("r+b") as file:
        file.write(b"\0" * 20_000)
    buffer._store._db.execute("PRAGMA shrink_memory")
    lost: list[Drop] = []
    for _ in range(5):
        manual.now += 2
        lost += buffer.append(some(10)).lost
    assert [(d.lo, d.hi, d.reason) for d in lost] == [(0, 4_000, "unreadable")]
    assert buffer.fault == ""
    assert buffer.waiting == 50
    assert list(tmp_path.glob("buffer.corrupt-*"))
    assert [s.id for s in buffer.table] == [1]
    buffer.close()


@pytest.mark.announces_log("buffer_corrupt")
def test_a_file_that_is_corrupt_at_the_start_is_replaced(tmp_path: Path, manual: ManualClock) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database, " * 1_000)
    buffer = open_buffer(tmp_path, manual)
    assert buffer.append(some(1)).committed == ((0, 1),)
    assert list(tmp_path.glob("buffer.corrupt-*"))
    buffer.close()


@pytest.mark.announces_log("block_unreadable")
def test_an_unreadable_block_is_declared_lost_and_the_others_are_readable(buffer: Buffer) -> None:
    buffer.append(some(10))
    buffer.append(some(10))
    buffer._store._db.execute("UPDATE block SET data = x'00ff' WHERE lo = 0")
    with pytest.raises(BlockUnreadable) as caught:
        buffer.read(EPOCH, 0, 20)
    assert [(d.lo, d.hi, d.reason) for d in buffer.drop_unreadable(caught.value)] == [(0, 10, "unreadable")]
    piece = buffer.read(EPOCH, 10, 20)
    assert piece is not None
    assert len(piece.readings) == 10
    assert buffer.waiting == 10


_VICTIM = """
import sys
from pathlib import Path
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.buffer.journal import Journal
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec, Settlement
folder = Path(sys.argv[1])
buffer = Buffer(folder, int(sys.argv[2]), BufferLimits(), Clock(), Journal(folder / "journal"))
buffer.declare([SeriesSpec("level", "float")])
done = 0
while True:
    lo = buffer.next
    buffer.append([Reading(1, lo + i, (lo + i) / 7) for i in range(37)])
    if lo % 3 == 0:
        buffer.settle([Settlement(buffer.epoch.id, ((lo, lo + 5),))])
    print(buffer.next, flush=True)
"""


def test_a_killed_process_loses_no_committed_reading_and_the_journal_agrees(tmp_path: Path) -> None:
    for epoch in range(1, 5):
        with subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _VICTIM, str(tmp_path), str(epoch)], stdout=subprocess.PIPE, text=True
        ) as victim:
            assert victim.stdout is not None
            said = 0
            for line in victim.stdout:
                said = int(line)
                if said > 300 * epoch:
                    os.kill(victim.pid, signal.SIGKILL)
                    break
        buffer = Buffer(tmp_path, 1_000 + epoch, BufferLimits(), Clock())
        pending = buffer.holdings.of(epoch)
        reached = pending[-1][1]
        assert reached >= said
        for lo, hi in pending:
            piece = buffer.read(epoch, lo, min(hi, lo + 1_000))
            assert piece is not None
            assert [r.value for r in piece.readings] == [(lo + i) / 7 for i in range(len(piece.readings))]
        buffer.close()
        prepared, committed = read_journal(tmp_path / "journal", epoch)
        assert committed == ((0, committed[-1][1]),)
        assert said <= committed[-1][1] <= reached <= len(prepared)
        assert all(prepared[seq] == (seq / 7).hex() for seq in range(reached))


def read_journal(path: Path, epoch: int) -> tuple[dict[int, str], tuple[tuple[int, int], ...]]:
    prepared: dict[int, str] = {}
    committed = []
    for line in path.read_text("ascii").splitlines():
        match line.split(" "):
            case ["p", id_, seq, _, _, _, value] if int(id_) == epoch:
                prepared[int(seq)] = value
            case ["c", lo, hi, id_] if int(id_) == epoch:
                committed.append((int(lo), int(hi)))
    return prepared, normalized(committed)


def test_a_truncated_journal_line_does_not_damage_the_next_one(tmp_path: Path, manual: ManualClock) -> None:
    (tmp_path / "journal").write_text("p 76 0 level flo")
    buffer = Buffer(tmp_path, EPOCH, BufferLimits(), manual.clock, Journal(tmp_path / "journal"))
    buffer.declare([SeriesSpec("level", "float")])
    buffer.append([Reading(1, 1, 0.5)])
    buffer.close()
    assert read_journal(tmp_path / "journal", EPOCH) == ({0: (0.5).hex()}, ((0, 1),))


def test_the_journal_writes_exact_values_of_every_type(tmp_path: Path, manual: ManualClock) -> None:
    buffer = Buffer(tmp_path, EPOCH, BufferLimits(), manual.clock, Journal(tmp_path / "journal"))
    buffer.declare([SeriesSpec("a", "float"), SeriesSpec("b", "int"), SeriesSpec("c", "bool")])
    buffer.append([Reading(1, 1, float("nan")), Reading(2, 2, -(2**63)), Reading(3, 3, True)])
    buffer.close()
    assert (tmp_path / "journal").read_text("ascii").splitlines() == [
        "p 77 0 a float 1 nan",
        "p 77 1 b int 2 -9223372036854775808",
        "p 77 2 c bool 3 true",
        "c 0 3 77",
    ]
