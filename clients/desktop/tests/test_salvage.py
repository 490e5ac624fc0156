"""A corrupt buffer is replaced and logged: readable readings are kept, the others are declared lost."""

import shutil
import sqlite3
from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from pulse_contracts.ranges import count, normalized, subtract
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Drop, Reading, SeriesSpec
from pulse_desktop.core.storage.opening import FILE

NOISE = Random(2)
NOON = 1_790_000_000_000_000
CLOCK = Clock(lambda: NOON, lambda: 0.0)


def open_buffer(folder: Path, epoch: int) -> Buffer:
    buffer = Buffer(folder, epoch, BufferLimits(), CLOCK)
    buffer.declare([SeriesSpec("level", "float")])
    return buffer


def left_behind(folder: Path, n: int = 20_000) -> None:
    buffer = open_buffer(folder, 1)
    for lo in range(0, n, 1_000):
        buffer.append([Reading(1, lo + i, NOISE.random()) for i in range(1_000)])
    buffer.close()


def spoil(file: Path, at: float, size: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(int(file.stat().st_size * at) // 4096 * 4096)
        opened.write(b"\xee" * size)


def spoil_index(file: Path) -> None:
    """Destroys the index of the blocks, so that opening the file finds the damage."""
    db = sqlite3.connect(file)
    page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'block_place'").fetchone()[0]
    db.close()
    with file.open("r+b") as opened:
        opened.seek((page - 1) * 4096)
        opened.write(b"\xee" * 4096)


def test_the_corrupt_file_is_kept_under_its_date_and_logged(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database, " * 1_000)
    with capture_logs() as lines:
        buffer = open_buffer(tmp_path, 2)
    (line,) = (one for one in lines if one["event"] == "buffer_corrupt")
    assert line["log_level"] == "error"
    assert line["kept_as"] == "buffer.corrupt-20260921T141320Z"
    assert "unknown" in line["lost_at_most"]
    assert (tmp_path / line["kept_as"]).read_bytes().startswith(b"this is not a database")
    buffer.close()


@pytest.mark.announces_log("buffer_corrupt")
def test_a_second_corruption_in_the_same_second_overwrites_no_file(tmp_path: Path) -> None:
    for text in (b"first bad file ", b"second bad file "):
        (tmp_path / FILE).write_bytes(text * 1_000)
        open_buffer(tmp_path, 2).close()
        for suffix in ("-wal", "-shm"):
            (tmp_path / (FILE + suffix)).unlink(missing_ok=True)
    assert len(list(tmp_path.glob("buffer.corrupt-*Z"))) == 1
    assert len(list(tmp_path.glob("buffer.corrupt-*Z-2"))) == 1


@pytest.mark.announces_log("buffer_corrupt")
@pytest.mark.parametrize("at", [0.35, 0.5, 0.8])
def test_readable_readings_are_kept_and_the_others_declared_lost(tmp_path: Path, at: float) -> None:
    left_behind(tmp_path)
    expected = values(tmp_path / FILE)
    spoil(tmp_path / FILE, at, 12_288)
    spoil_index(tmp_path / FILE)
    buffer = open_buffer(tmp_path, 2)
    found = buffer.holdings
    lost = normalized(d.range for d in found.drops)
    assert 0 < count(lost) < 10_000
    assert normalized([*found.of(1), *lost]) == ((0, 20_000),)
    assert subtract(found.of(1), lost) == found.of(1)
    for lo, hi in found.of(1):
        for start in range(lo, hi, 1_000):
            piece = buffer.read(1, start, min(hi, start + 1_000))
            assert piece is not None
            assert [r.value for r in piece.readings] == expected[start : start + len(piece.readings)]
    assert {d.reason for d in found.drops} == {"unreadable"}
    assert buffer.epoch.ord == 2
    buffer.close()


def values(file: Path) -> list[float | int]:
    copy = file.with_name("copy.db")
    shutil.copy(file, copy)
    folder = file.with_name("copied")
    folder.mkdir()
    shutil.copy(copy, folder / FILE)
    buffer = Buffer(folder, 9, BufferLimits(), CLOCK)
    out = []
    for lo in range(0, 20_000, 1_000):
        piece = buffer.read(1, lo, lo + 1_000)
        assert piece is not None
        out += [r.value for r in piece.readings]
    buffer.close()
    return out


@pytest.mark.announces_log("buffer_corrupt")
def test_unacknowledged_losses_survive_a_corruption(tmp_path: Path) -> None:
    left_behind(tmp_path, 2_000)
    buffer = open_buffer(tmp_path, 2)
    buffer.quarantine(1, 5, "unanswered")
    buffer.close()
    db = sqlite3.connect(tmp_path / FILE)
    root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'gone'").fetchone()[0]
    db.close()
    with (tmp_path / FILE).open("r+b") as opened:
        opened.seek((root - 1) * 4096)
        opened.write(b"\xee" * 4096)
    buffer = open_buffer(tmp_path, 3)
    assert Drop(1, 5, 6, "unreadable", 0, 999) in buffer.holdings.drops
    assert buffer.holdings.of(1) == ((0, 5), (6, 2_000))
    buffer.close()
