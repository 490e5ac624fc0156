"""Merging small blocks of waiting readings changes no reading."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec, Settlement
from pulse_desktop.core.storage.compaction import YOUNGEST

EPOCH = 77


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    buffer = Buffer(tmp_path, EPOCH, BufferLimits(), Clock())
    buffer.declare([SeriesSpec("level", "float")])
    yield buffer
    buffer.close()


def some(n: int, start: int) -> list[Reading]:
    noise = Random(start)
    return [Reading(1, start + i, round(noise.random(), 2)) for i in range(n)]


def fill(buffer: Buffer, groups: int = 600, size: int = 10) -> list[Reading]:
    out: list[Reading] = []
    for _ in range(groups):
        group = some(size, buffer.next)
        buffer.append(group)
        out += group
    return out


def blocks(buffer: Buffer) -> list[tuple[int, int]]:
    return [tuple(row) for row in buffer._store._db.execute("SELECT lo, hi FROM block ORDER BY id")]


def read_all(buffer: Buffer) -> list[Reading]:
    out: list[Reading] = []
    for lo, hi in buffer._store.holdings().of(EPOCH):
        for start in range(lo, hi, 1_000):
            piece = buffer._store.read(EPOCH, start, min(hi, start + 1_000))
            assert piece is not None
            out += piece.readings
    return out


def test_merged_blocks_are_fewer_and_smaller_and_have_the_same_readings(buffer: Buffer) -> None:
    readings = fill(buffer)
    size = "SELECT sum(length(data)) FROM block"
    before = buffer._store._db.execute(size).fetchone()[0]
    for _ in range(3):
        buffer.usage()
    assert blocks(buffer)[:3] == [(0, 1_000), (1_000, 2_000), (2_000, 3_000)]
    assert len(blocks(buffer)) <= YOUNGEST + 110
    assert buffer._store._db.execute(size).fetchone()[0] < 0.75 * before
    assert read_all(buffer) == readings
    assert buffer.waiting == 6_000


def test_the_newest_blocks_are_not_merged(buffer: Buffer) -> None:
    fill(buffer, groups=YOUNGEST)
    before = blocks(buffer)
    buffer.usage()
    assert blocks(buffer) == before


def test_partly_settled_and_unreadable_blocks_are_not_merged(buffer: Buffer) -> None:
    fill(buffer)
    buffer.settle([Settlement(EPOCH, ((995, 1_003),))])
    buffer._store._db.execute("UPDATE block SET data = x'00ff' WHERE lo = 2500")
    held = buffer._store.holdings()
    for _ in range(3):
        buffer.usage()
    assert buffer._store.holdings() == held
    assert (2_500, 2_510) in blocks(buffer)


def test_any_range_of_a_merged_block_can_be_settled(buffer: Buffer) -> None:
    readings = fill(buffer)
    for _ in range(3):
        buffer.usage()
    buffer.settle([Settlement(EPOCH, ((0, 1_500), (2_345, 2_346)))])
    assert buffer._store.holdings().of(EPOCH) == ((1_500, 2_345), (2_346, 6_000))
    assert read_all(buffer) == readings[1_500:2_345] + readings[2_346:]


def test_merging_continues_after_the_buffer_was_empty(buffer: Buffer) -> None:
    fill(buffer, groups=1_000)
    for _ in range(5):
        buffer.usage()
    buffer.settle([Settlement(EPOCH, ((0, buffer.next),))])
    start = buffer.next
    fill(buffer, groups=500)
    for _ in range(3):
        buffer.usage()
    assert blocks(buffer)[0] == (start, start + 1_000)


def test_a_disk_without_space_for_merging_is_not_a_failure(buffer: Buffer) -> None:
    fill(buffer)
    db = buffer._store._db
    db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")
    for _ in range(3):
        assert buffer.usage() is not None
    assert buffer.fault == ""
