"""A full disk: a small file system mounted for the test, if that is allowed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from pulse_contracts.ranges import count
from pulse_desktop.core.buffer import ballast
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec, Settlement

NOISE = Random(3)
NOW = [0.0]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(  # noqa: S603
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)],  # noqa: S607
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


def some(n: int) -> list[Reading]:
    return [Reading(1, i, NOISE.random()) for i in range(n)]


def fill_up(disk: Path) -> None:
    """Another file takes every free byte."""
    with (disk / "other").open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


@pytest.mark.announces_log("buffer_unavailable")
@pytest.mark.announces_log("ballast_freed")
def test_a_full_disk_assigns_no_numbers_allows_deletes_and_loses_nothing(disk: Path) -> None:
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
    assert buffer._store.holdings().of(7)[0][0] == settled, "settled readings are deleted on a full disk"
    (disk / "other").unlink()
    NOW[0] += 2
    buffer.append(some(1))
    assert buffer.fault == ""
    assert buffer.next == buffer.counts.produced
    assert count(buffer._store.holdings().of(7)) == buffer.next - settled
    buffer.usage()
    assert (disk / ballast.FILE).stat().st_size == ballast.SIZE, "the ballast was created again"
    buffer.close()
