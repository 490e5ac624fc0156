"""Pending readings of a browser are bounded, keep the extremes, and report every loss."""

import json

from pulse_telemetry_gateway.live.pending import READING_BYTES, Pending, Point, Slice, encode


def test_an_empty_lane_that_lost_readings_reports_it_once() -> None:
    pending = Pending(100)
    before = pending.is_empty
    pending.conflated.add("backlog")
    during = pending.is_empty
    (part,) = pending.take()
    assert (part.lane, part.is_conflated, part.points) == ("backlog", True, {})
    assert (before, during, pending.is_empty) == (True, False, True)


def test_beyond_the_bound_the_first_last_and_extreme_readings_of_each_series_are_kept() -> None:
    pending = Pending(100 * READING_BYTES)
    for start in range(0, 10_000, 50):
        pending.add("live", start % 100, [(start + i, float((start + i) % 977)) for i in range(50)])
        assert pending.size <= 100 * READING_BYTES
    (part,) = pending.take()
    assert part.is_conflated
    points = [point for series in part.points.values() for point in series]
    assert (min(points), max(points)) == ((0, 0.0), (9_999, 9_999.0 % 977))
    assert max(v for _, v in points) == 976.0


def test_the_backlog_is_conflated_before_the_live_lane() -> None:
    pending = Pending(100 * READING_BYTES)
    pending.add("live", 1, [(t, t) for t in range(40)])
    pending.add("backlog", 1, [(t, t) for t in range(80)])
    live, backlog = pending.take()
    assert (live.count, live.is_conflated) == (40, False)
    assert (backlog.count, backlog.is_conflated) == (2, True)


def test_shared_slices_are_never_changed() -> None:
    shared = Slice("live", {1: [(t, float(t)) for t in range(90)]}, is_conflated=False)
    pending = Pending(100 * READING_BYTES)
    pending.absorb(shared)
    pending.add("live", 1, [(t, float(t)) for t in range(90, 180)])
    assert shared.count == 90


def test_the_estimated_bytes_of_a_reading_are_an_upper_bound() -> None:
    points: list[Point] = [(2**62, -(2**63) + i) for i in range(500)]
    points += [(2**62, -1.2345678901234567e-300)] * 500
    part = Slice("live", {2**31 - series: points for series in range(1, 101)}, is_conflated=False)
    frame = encode(1, 2**62, {"d" * 32: 2**53}, part)
    assert len(frame.text) <= part.count * READING_BYTES + 1_000
    head, _, body = frame.text.partition("[")
    name, content = json.loads("[" + body)
    assert (head, name, len(content["v"])) == ("42/live,1", "frame", 100_000)
    assert content["v"][0] == -(2**63)
