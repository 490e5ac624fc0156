"""Warnings before the buffer is full: once each at 50, 80 and 95 %, with the time left."""

from pulse_desktop.core.status.fill import FillWatch


def filled(watch: FillWatch, shares: list[float], every: float = 1.0) -> list[float]:
    """The shares at which a new level was reached."""
    return [share for i, share in enumerate(shares) if watch.update(share, i * every, is_losing=False).is_new]


def test_each_level_warns_once_on_the_way_up() -> None:
    assert filled(FillWatch(), [i / 100 for i in range(101)]) == [0.50, 0.80, 0.95]


def test_a_level_warns_again_only_after_a_clear_drop() -> None:
    assert filled(FillWatch(), [0.49, 0.51, 0.49, 0.51, 0.48, 0.52]) == [0.51]
    assert filled(FillWatch(), [0.51, 0.44, 0.51]) == [0.51, 0.51]


def test_the_time_left_is_computed_from_the_recent_rate() -> None:
    watch = FillWatch()
    for second in range(600):
        fill = watch.update(0.1 + second * 0.001, float(second), is_losing=False)
    assert fill.seconds_left is not None
    assert 295 <= fill.seconds_left <= 310


def test_a_draining_or_constant_buffer_has_no_time_left() -> None:
    watch = FillWatch()
    for second in range(600):
        fill = watch.update(0.9 - second * 0.001, float(second), is_losing=False)
    assert fill.seconds_left is None
    still = FillWatch()
    assert [still.update(0.6, t, is_losing=False).seconds_left for t in (0.0, 1.0, 2.0)] == [None, None, None]


def test_a_buffer_that_loses_readings_is_full() -> None:
    assert FillWatch().update(0.98, 0.0, is_losing=True).seconds_left == 0
