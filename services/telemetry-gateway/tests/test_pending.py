"""What waits for a browser: bounded, extremes kept, and a loss is never silent."""

from pulse_telemetry_gateway.live.pending import Pending


def test_a_lane_that_lost_something_and_holds_nothing_still_says_so_once() -> None:
    pending = Pending(100)
    before = pending.is_empty
    pending.conflated.add("backlog")
    during = pending.is_empty
    (part,) = pending.take()
    assert (part.lane, part.is_conflated, part.t) == ("backlog", True, [])
    assert (before, during, pending.is_empty) == (True, False, True)


def test_beyond_the_bound_first_last_and_extremes_of_each_series_stay() -> None:
    pending = Pending(100)
    for start in range(0, 10_000, 50):
        pending.add("live", start % 100, [(start + i, float((start + i) % 977)) for i in range(50)])
        assert pending.counts["live"] <= 100
    (part,) = pending.take()
    assert part.is_conflated
    assert (min(part.t), max(part.t)) == (0, 9_999)
    assert (min(part.v), max(part.v)) == (0.0, 976.0)
