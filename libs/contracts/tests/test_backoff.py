"""Back-off: bounded, growing, with jitter."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.backoff import retry_delay


@given(st.integers(1, 10_000), st.floats(0.001, 10), st.floats(0.001, 1_000), st.integers())
def test_a_delay_lies_between_half_and_the_whole_of_its_bound(n: int, floor: float, cap: float, seed: int) -> None:
    bound = min(cap, floor * 2 ** min(n - 1, 16))
    assert bound / 2 <= retry_delay(n, floor, cap, random.Random(seed)) <= bound


def test_zero_failures_have_no_delay() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        retry_delay(0, 1, 1, random.Random(1))
