"""Range arithmetic compared with sets of numbers."""

import hypothesis.strategies as st
from hypothesis import given

from pulse_contracts.ranges import Ranges, count, intersect, normalized, subtract, union

pieces = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8).map(normalized)


def members(ranges: Ranges) -> set[int]:
    return {n for lo, hi in ranges for n in range(lo, hi)}


@given(pieces, pieces)
def test_range_arithmetic_is_set_arithmetic_in_normal_form(a: Ranges, b: Ranges) -> None:
    for got, expected in (
        (union(a, b), members(a) | members(b)),
        (intersect(a, b), members(a) & members(b)),
        (subtract(a, b), members(a) - members(b)),
    ):
        assert members(got) == expected
        assert got == normalized(got)
        assert count(got) == len(expected)
