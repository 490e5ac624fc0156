"""A full buffer: it thins, then drops the oldest readings. Every loss is recorded, and readings that the gateway may
have are never summarised."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from pulse_contracts.ranges import Ranges, count, normalized, union
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.buffer.journal import Journal
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Drop, Reading, SeriesSpec, Settlement
from pulse_desktop.core.storage import eviction, store
from pulse_desktop.core.storage.thinning import SMALLEST_BUCKET, bucket_for, thin

EPOCH = 77
NOISE = Random(1)
SMALL = BufferLimits(max_bytes=300_000)


def open_buffer(folder: Path, limits: BufferLimits = SMALL, epoch: int = EPOCH, journal: Path | None = None) -> Buffer:
    buffer = Buffer(folder, epoch, limits, Clock(), Journal(journal) if journal else None)
    buffer.declare([SeriesSpec("level", "float"), SeriesSpec("count", "int")])
    return buffer


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    buffer = open_buffer(tmp_path)
    yield buffer
    buffer.close()


def some(n: int, start: int = 0) -> list[Reading]:
    return [Reading(1 + i % 2, start + i, NOISE.random() if i % 2 == 0 else NOISE.getrandbits(40)) for i in range(n)]


def fill(buffer: Buffer, groups: int = 80) -> list[Drop]:
    lost: list[Drop] = []
    for _ in range(groups):
        lost += buffer.append(some(500, buffer.next)).lost
    return lost


# -- which readings are kept


def test_the_first_lowest_highest_and_last_of_each_bucket_are_kept_unchanged_and_in_order() -> None:
    values = [5.0, 1.0, 7.0, 6.0, 2.0, 2.0, 9.0, 3.0]
    readings = [Reading(1, 100 + i, v) for i, v in enumerate(values)]
    assert thin(readings, 8) == [readings[i] for i in (0, 1, 6, 7)]
    assert thin(readings, 4) == [readings[i] for i in (0, 1, 2, 3, 4, 6, 7)]


def test_each_series_is_thinned_separately_and_incomplete_buckets_too() -> None:
    readings = [Reading(1 + i % 2, i, i if i % 2 else float(-i)) for i in range(50)]
    for series in (1, 2):
        mine = [r for r in readings if r.series == series]
        kept = [r for r in thin(readings, 16) if r.series == series]
        assert kept == thin(mine, 16)
        assert (kept[0], kept[-1]) == (mine[0], mine[-1])


def test_nan_is_neither_lowest_nor_highest() -> None:
    nan = float("nan")
    readings = [Reading(1, i, v) for i, v in enumerate([nan, 3.0, nan, 1.0, 2.0, nan])]
    assert [r.t for r in thin(readings, 6)] == [0, 1, 3, 5]


def test_the_bucket_grows_with_the_summaries_until_they_take_half() -> None:
    buckets = [bucket_for(share / 100) for share in range(50)]
    assert buckets[0] == SMALLEST_BUCKET
    assert all(a is not None and b is not None and b in (a, 2 * a) for a, b in pairwise(buckets))
    assert buckets[-1] == SMALLEST_BUCKET * 128
    assert bucket_for(0.5) is None


# -- thin


def test_a_full_buffer_thins_its_oldest_readings_and_accounts_for_every_number(buffer: Buffer) -> None:
    thinned: Ranges = ()
    for _ in range(80):
        appended = buffer.append(some(500, buffer.next))
        found = buffer._store.holdings()
        recorded = normalized(d.range for d in found.drops if d.epoch == EPOCH)
        assert normalized([*found.of(EPOCH), *recorded]) == ((0, buffer.next),)
        assert count(found.of(EPOCH)) + count(recorded) == buffer.next, "never both"
        thinned = union(thinned, normalized(d.range for d in appended.lost if d.reason == "thinned"))
    assert thinned[0][0] == 0
    usage = buffer.usage()
    assert usage is not None
    assert usage.used <= SMALL.max_bytes
    assert usage.share > 0.8
    assert buffer.waiting == count(found.of(EPOCH)) + count(found.of(buffer.epoch.summary_id))


def test_summaries_are_unchanged_readings_in_an_epoch_with_ord_0(buffer: Buffer) -> None:
    produced: dict[int, Reading] = {}
    while not buffer._store.holdings().drops:
        readings = some(500, buffer.next)
        produced |= {r.t: r for r in readings}
        summarised = buffer.append(readings).summarised
    assert summarised[0][0] == 0
    found = buffer._store.holdings()
    assert found.ords[buffer.epoch.summary_id] == 0
    assert found.of(buffer.epoch.summary_id) == summarised
    piece = buffer.read(buffer.epoch.summary_id, *summarised[0])
    assert piece is not None
    assert all(produced[r.t] == r for r in piece.readings)
    ((lo, hi),) = normalized(d.range for d in found.drops)
    assert len(piece.readings) * 2 < hi - lo
    times = [r.t for r in piece.readings]
    assert times == sorted(times)
    assert lo <= times[0] < times[-1] < hi


def test_readings_that_were_read_for_sending_are_never_thinned(buffer: Buffer) -> None:
    buffer.append(some(3_000))
    assert buffer.read(EPOCH, 500, 2_500) is not None
    lost = fill(buffer)
    thinned = normalized(d.range for d in lost if d.reason == "thinned")
    assert thinned
    assert all(hi <= 500 or lo >= 2_500 for lo, hi in thinned)


def test_an_earlier_epoch_is_never_thinned_because_it_may_have_been_sent(tmp_path: Path) -> None:
    first = open_buffer(tmp_path)
    first.append(some(24_000))
    first.close()
    second = open_buffer(tmp_path, epoch=78)
    lost = fill(second, groups=200)
    assert {d.reason for d in lost if d.epoch == EPOCH} == {"overflow"}
    assert {d.reason for d in lost if d.epoch == 78} >= {"thinned"}
    second.close()


def test_readings_that_cannot_be_thinned_are_dropped_oldest_first(buffer: Buffer) -> None:
    for _ in range(80):
        buffer.append(some(500))
        buffer.read(EPOCH, buffer.next - 500, buffer.next)
    drops = buffer._store.holdings().drops
    assert {d.reason for d in drops} == {"overflow"}
    assert normalized(d.range for d in drops)[0][0] == 0
    assert len(normalized(d.range for d in drops)) == 1


def test_readings_are_dropped_when_summaries_would_not_be_smaller(tmp_path: Path) -> None:
    buffer = open_buffer(tmp_path)
    many = [SeriesSpec(f"s.{i}", "float") for i in range(3_000)]
    ids = [s.id for s in buffer.declare(many) if s.name.startswith("s.")]
    reasons = set()
    for turn in range(20):
        readings = [Reading(i, turn * 3_000 + n, NOISE.random()) for n, i in enumerate(ids)]
        reasons |= {d.reason for d in buffer.append(readings).lost}
    assert reasons == {"overflow"}
    buffer.close()


def test_summaries_use_at_most_half_of_the_buffer_and_the_newest_readings_stay(buffer: Buffer) -> None:
    fill(buffer, groups=900)
    found = buffer._store.holdings()
    rows = buffer._store._db.execute(
        "SELECT sum(length(data)) FROM block WHERE epoch = ?", (buffer.epoch.summary_id,)
    ).fetchone()
    assert 0 < rows[0] < 0.65 * SMALL.max_bytes
    newest = found.of(EPOCH)[-1]
    assert newest[1] == buffer.next
    assert newest[1] - newest[0] >= count(found.of(EPOCH)) * 0.9


def test_the_numbers_of_summaries_continue_after_every_summary_is_settled(buffer: Buffer) -> None:
    ranges: list[tuple[int, int]] = []
    for _ in range(200):
        for lo, hi in buffer.append(some(500)).summarised:
            ranges.append((lo, hi))
            buffer.settle([Settlement(buffer.epoch.summary_id, ((lo, hi),))])
    assert len(ranges) > 2
    assert all(a[1] == b[0] for a, b in pairwise(ranges))


def test_the_journal_has_every_summary_before_its_commit(tmp_path: Path) -> None:
    buffer = open_buffer(tmp_path, journal=tmp_path / "journal")
    fill(buffer)
    summary = buffer.epoch.summary_id
    held = buffer._store.holdings().of(summary)
    lines = [line.split(" ") for line in (tmp_path / "journal").read_text("ascii").splitlines()]
    prepared = {int(p[2]) for p in lines if p[0] == "p" and int(p[1]) == summary}
    committed = normalized((int(p[1]), int(p[2])) for p in lines if p[0] == "c" and int(p[3]) == summary)
    assert committed[-1][1] == held[-1][1]
    assert prepared == set(range(committed[-1][1]))
    buffer.close()


def test_a_failed_append_changes_nothing(buffer: Buffer, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(buffer, groups=10)
    monkeypatch.setattr(buffer._store, "_limits", BufferLimits(max_bytes=30_000))
    before = buffer._store.holdings()

    def evict_then_fail(*args: object) -> object:
        eviction.evict(*args)  # type: ignore[arg-type]
        raise OSError("unplugged")

    monkeypatch.setattr(store, "evict", evict_then_fail)
    with pytest.raises(OSError, match="unplugged"):
        buffer.append(some(500))
    assert buffer._store.holdings() == before


# -- the other limits


def test_the_number_of_readings_limits_the_buffer_too(tmp_path: Path) -> None:
    buffer = open_buffer(tmp_path, BufferLimits(max_readings=10_000))
    fill(buffer)
    assert 5_000 < buffer.waiting <= 10_000
    usage = buffer.usage()
    assert usage is not None
    assert usage.share == pytest.approx(buffer.waiting / 10_000)
    buffer.close()


def test_the_buffer_stops_growing_when_other_files_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = open_buffer(tmp_path, BufferLimits(min_free_bytes=2**60))
    fill(buffer, groups=400)
    usage = buffer.usage()
    assert usage is not None
    assert usage.limit < 1_200_000, "about the floor, because the disk has less free"
    assert usage.used <= usage.limit
    assert usage.free == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)
    assert buffer._store.holdings().drops
    buffer.close()
