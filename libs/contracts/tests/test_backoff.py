"""Back-off: growing and bounded delays with jitter."""

import random

from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.backoff import backoff, retry_delay

_BOUNDS = st.floats(0.001, 1_000)


def test_the_delay_doubles_up_to_its_cap() -> None:
    assert [backoff(n, 1, 300) for n in range(12)] == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@given(st.integers(0, 10**9), _BOUNDS, _BOUNDS, st.integers())
def test_a_delay_with_jitter_is_between_half_and_all_of_the_backoff(
    n: int, floor: float, cap: float, seed: int
) -> None:
    bound = backoff(n, floor, cap)
    assert bound / 2 <= retry_delay(n, floor, cap, random.Random(seed)) <= bound <= cap
