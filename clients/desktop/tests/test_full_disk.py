"""A disk that is really full: a small file system of its own, where that may be mounted."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from pulse_desktop.core.buffer import ballast
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec, Settlement
from pulse_desktop.core.ranges import count

NOISE = Random(3)
NOW = [0.0]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)],  # noqa: S607
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("no file system may be mounted here: needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


def some(n: int) -> list[Reading]:
    return [Reading(1, i, NOISE.random()) for i in range(n)]


def fill_up(disk: Path) -> None:
    """Somebody else takes every byte that is left."""
    with (disk / "other").open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


@pytest.mark.announces_log("ballast_freed")
def test_a_full_disk_stops_numbers_lets_deletes_go_on_and_loses_nothing(disk: Path) -> None:
    buffer = Buffer(disk, 7, BufferLimits(max_bytes=10**9, min_free_bytes=0), Clock(lambda: 0, lambda: NOW[0]))
    buffer.declare([SeriesSpec("level", "float")])
    assert (disk / ballast.FILE).stat().st_size == ballast.SIZE
    buffer.append(some(5_000))
    fill_up(disk)
    while not buffer.fault:
        buffer.append(some(1_000))
    assert "full" in buffer.fault
    stopped = buffer.next
    assert buffer.append(some(1_000)).committed == ()
    assert buffer.next == stopped, "no number without a commit"
    settled = stopped // 2
    buffer.settle([Settlement(7, ((0, settled),))])
    NOW[0] += 2
    buffer.append([])
    assert not (disk / ballast.FILE).exists() or not buffer.fault
    assert buffer._store.holdings().of(7)[0][0] == settled, "a full disk can still forget what is safe"
    (disk / "other").unlink()
    NOW[0] += 2
    buffer.append(some(1))
    assert buffer.fault == ""
    assert buffer.next == buffer.counts.produced
    assert count(buffer._store.holdings().of(7)) == buffer.next - settled
    buffer.usage()
    assert (disk / ballast.FILE).stat().st_size == ballast.SIZE, "the ballast is back for the next time"
    buffer.close()
