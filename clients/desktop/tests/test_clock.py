"""Jumps of the wall clock are detected, and drift is not."""

import hypothesis.strategies as st
from hypothesis import given

from pulse_desktop.core.clock import Clock, JumpWatch


@given(st.lists(st.tuples(st.floats(0, 100), st.one_of(st.just(0.0), st.floats(-1e6, 1e6))), max_size=20))
def test_a_jump_is_told_once_with_its_size_and_drift_is_not(steps: list[tuple[float, float]]) -> None:
    now, ahead = [1_000.0], [0.0]
    watch = JumpWatch(Clock(lambda: int((now[0] + ahead[0]) * 1e6), lambda: now[0]))
    for passed, by in steps:
        now[0] += passed
        ahead[0] += by
        found = watch.jump()
        if abs(by) < 0.99:
            assert found is None
        elif abs(by) > 1.01:
            assert found is not None
            assert abs(found - by) < 0.01
        assert watch.jump() is None
