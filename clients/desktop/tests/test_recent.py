"""Recent values for charts: reductions keep extremes and the last value, memory is bounded, and no failure of theirs
reaches the collection."""

import math
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from pulse_desktop.core.model import Reading, Value
from pulse_desktop.core.recent.buckets import reduced, single
from pulse_desktop.core.recent.file import FILE, SET_ASIDE
from pulse_desktop.core.recent.memory import Memory
from pulse_desktop.core.recent.recent import Recent, selected

from .recent_values import COUNT, HOUR, LEVEL, MINUTE, NOON, SECOND, SetClock, levels, open_recent

VALUES = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=True, allow_infinity=True))


def extremes(values: list[Value]) -> tuple[Value, Value] | None:
    known = [value for value in values if not math.isnan(value)]
    return (min(known), max(known)) if known else None


@given(st.lists(st.tuples(st.integers(0, 10_000), VALUES), min_size=1), st.integers(1, 30))
def test_a_reduction_keeps_both_extremes_and_the_last_value(readings: list[tuple[int, Value]], most: int) -> None:
    made = reduced([single(t, t, value) for t, value in readings], 0, 10_001, most)
    assert len(made) <= most
    assert [bucket.t for bucket in made] == sorted(bucket.t for bucket in made)
    assert extremes([b.lo for b in made] + [b.hi for b in made]) == extremes([value for _, value in readings])
    newest = max(t for t, _ in readings)
    assert repr(made[-1].last) == repr([value for t, value in readings if t == newest][-1])
    assert sum(bucket.n for bucket in made) == len(readings)


@given(
    st.lists(st.tuples(st.integers(0, 7 * MINUTE), st.floats(-1e9, 1e9)), min_size=1, max_size=80),
    st.integers(1, 60),
)
def test_hours_of_readings_in_all_widths_keep_both_extremes_and_the_last_value(
    gaps: list[tuple[int, float]], most: int
) -> None:
    time = SetClock()
    memory = Memory(time.clock)
    for gap, value in gaps:
        time.pass_(gap)
        memory.record([Reading(1, time.now, value)])
        memory.tidy()
    points = selected(memory.held(1), ([], -1), NOON, time.now + 1, most)
    values = [value for _, value in gaps]
    assert len(points.t) <= most
    assert points.t == sorted(points.t)
    assert (min(points.lo), max(points.hi), points.last[-1]) == (min(values), max(values), values[-1])


async def test_few_readings_are_returned_as_they_are(tmp_path: Path) -> None:
    time = SetClock()
    recent = open_recent(tmp_path, time)
    made = levels(time, SECOND, 100, recent)
    points = (await recent.points([1, 99], NOON + 10 * SECOND, NOON + 20 * SECOND, 500))[1]
    assert points.is_raw
    assert list(zip(points.t, points.last, strict=True)) == [(t, value) for _, t, value in made[10:20]]
    assert (await recent.points([99], NOON, NOON + HOUR, 500))[99].t == []
    assert recent.newest(1) == made[-1]
    assert recent.per_second(1) == pytest.approx(1, abs=0.2)
    await recent.close()


async def test_a_range_of_hours_has_single_readings_only_where_it_is_new(tmp_path: Path) -> None:
    time = SetClock()
    recent = open_recent(tmp_path, time)
    levels(time, SECOND, 2 * 3_600, recent)
    points = (await recent.points([1], NOON, time.now, 20_000))[1]
    assert not points.is_raw
    steps = [b - a for a, b in zip(points.t, points.t[1:], strict=False)]
    assert steps[0] == MINUTE
    assert 5 * SECOND in steps
    assert steps[-1] == SECOND
    assert points.last[-1] == 2 * 3_600 - 1
    await recent.close()


async def test_buckets_of_24_hours_survive_a_restart_and_older_ones_are_deleted(tmp_path: Path) -> None:
    time = SetClock()
    recent = open_recent(tmp_path, time, (COUNT, LEVEL))
    levels(time, 20 * SECOND, 26 * 180, recent)
    await recent._write()
    recent.record([Reading(2, time.now, 2**60 + 1)])
    await recent.close()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    other = LEVEL.model_copy(update={"id": 7})  # a new buffer file has other ids
    recent = open_recent(tmp_path, time, (other, COUNT))
    points = (await recent.points([7], NOON, time.now, 20_000))[7]
    assert len(points.t) == 24 * 60
    assert points.t[0] == time.now - 24 * HOUR
    assert points.last[-1] == 26 * 180 - 1
    assert (points.lo[0], points.hi[0]) == (360.0, 362.0)
    assert (await recent.points([2], NOON, time.now + 1, 10))[2].last == [2**60 + 1]
    recent.record([Reading(7, time.now, math.nan)])
    await recent.close()
    recent = open_recent(tmp_path, time)
    newest = (await recent.points([1], time.now - MINUTE, time.now + 1, 500))[1]
    assert math.isnan(newest.last[-1])
    await recent.close()


async def test_a_corrupt_file_is_set_aside_said_once_and_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 500)
    time = SetClock()
    recent = open_recent(tmp_path, time)
    made = levels(time, SECOND, 10, recent)
    with capture_logs() as logs:
        assert (await recent.points([1], NOON, time.now, 500))[1].last == [float(i) for i in range(len(made))]
        await recent.close()
    said = [log for log in logs if log["log_level"] == "warning"]
    assert len(said) == 1
    assert SET_ASIDE in said[0]["error"]
    assert (tmp_path / SET_ASIDE).read_bytes().startswith(b"no database")
    assert sqlite3.connect(tmp_path / FILE).execute("SELECT sum(n) FROM bucket").fetchall() == [(10,)]


async def test_a_file_that_is_deleted_while_it_is_used_is_created_again(tmp_path: Path) -> None:
    time = SetClock()
    recent = open_recent(tmp_path, time)
    levels(time, SECOND, 10, recent)
    await recent.points([1], NOON, time.now, 500)
    for path in tmp_path.glob(f"{FILE}*"):
        path.unlink()
    await recent.close()
    assert (tmp_path / FILE).exists()


async def test_a_full_disk_is_left_to_others_and_charts_are_answered_from_memory(tmp_path: Path) -> None:
    time = SetClock()
    recent = open_recent(tmp_path, time, min_free=2**62)
    levels(time, SECOND, 10, recent)
    with capture_logs() as logs:
        for _ in range(3):
            await recent._write()
        assert len((await recent.points([1], NOON, time.now, 500))[1].t) == 10
    assert [log["error"].split(":")[0] for log in logs if log["log_level"] == "warning"] == ["full"]
    recent._file._min_free = 0
    await recent.close()
    recent = open_recent(tmp_path, time)
    assert len((await recent.points([1], NOON, time.now, 500))[1].t) == 1, "what waited was written later"
    await recent.close()


async def test_a_bug_is_logged_once_and_raises_nothing(tmp_path: Path) -> None:
    recent = open_recent(tmp_path, SetClock())
    with capture_logs() as logs:
        for _ in range(3):
            recent.record([Reading(1, NOON, "text")])  # type: ignore[arg-type]  # a bug of a caller
            recent.record([Reading(1, NOON, 1.0)])
    assert [log["event"] for log in logs] == ["recent_values_failed"]
    await recent.close()


def held_in(memory: Memory, series: int) -> tuple[int, int, int]:
    held = [memory.held(one) for one in range(series)]
    return sum(len(h.raw) for h in held), sum(len(h.fine) for h in held), sum(len(h.pending) for h in held)


def test_buckets_that_leave_because_the_clock_was_ahead_do_not_hide_present_ones() -> None:
    time = SetClock()
    memory = Memory(time.clock)
    time.now += 48 * HOUR
    for _ in range(800):
        memory.record([Reading(1, time.now, 1.0)])
        time.pass_(5 * SECOND)
    time.now = NOON
    for _ in range(800):
        memory.record([Reading(1, time.now, 2.0)])
        time.pass_(5 * SECOND)
    points = selected(memory.held(1), ([], -1), time.now - HOUR // 2, time.now, 20_000)
    assert set(points.last) == {2.0}
    assert len(points.t) == 360, "not in buckets of a minute"
    assert selected(memory.held(1), ([], -1), time.now - MINUTE, time.now, 500).is_raw


@pytest.mark.parametrize("series", [1, 2_000])
def test_memory_is_bounded_whatever_the_number_of_series(series: int) -> None:
    time = SetClock()
    memory = Memory(time.clock)
    for _ in range(400_000 // series):
        memory.record([Reading(one, time.now, 1.0) for one in range(series)])
        time.pass_(SECOND if series > 1 else SECOND // 100)
    memory.tidy()
    raw, fine, pending = held_in(memory, series)
    assert raw <= (200_000 if series > 1 else 6_000)
    assert fine <= 150_000
    assert pending <= 100_000


async def test_values_of_a_clock_that_was_ahead_do_not_displace_present_ones(tmp_path: Path) -> None:
    time = SetClock()
    recent = open_recent(tmp_path, time)
    levels(time, SECOND, 60, recent)
    time.now += 48 * HOUR
    levels(time, SECOND, 60, recent)
    time.now -= 48 * HOUR
    present = time.now
    levels(time, SECOND, 60, recent)
    points = (await recent.points([1], NOON, time.now, 500))[1]
    assert points.last[-1] == 59.0
    assert sum(t >= present for t in points.t) == 60
    await recent._write()
    await recent.close()
    file = sqlite3.connect(tmp_path / FILE)
    assert file.execute("SELECT count(*) FROM bucket WHERE t > ?", (time.now + HOUR,)).fetchall() == [(0,)]


async def test_a_window_that_asks_while_the_engine_ends_gets_what_is_in_memory(tmp_path: Path) -> None:
    time = SetClock()
    recent = open_recent(tmp_path, time)
    levels(time, SECOND, 10, recent)
    await recent.close()
    assert len((await recent.points([1], NOON, time.now, 500))[1].t) == 10


@pytest.mark.parametrize(("end", "most"), [(NOON, 10), (NOON + 1, 0), (NOON + 1, 20_001)])
async def test_a_question_without_a_meaning_is_refused(tmp_path: Path, end: int, most: int) -> None:
    recent: Recent = open_recent(tmp_path, SetClock())
    with pytest.raises(ValueError, match="cannot answer"):
        await recent.points([1], NOON, end, most)
    await recent.close()
