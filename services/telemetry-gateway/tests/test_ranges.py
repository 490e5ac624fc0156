"""Range arithmetic compared with sets of numbers."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pulse_telemetry_gateway.model.ledger import ranges

RANGE = st.tuples(st.integers(0, 60), st.integers(0, 60)).filter(lambda r: r[0] < r[1])
RANGES = st.lists(RANGE, max_size=12)


def numbers(parts: list[tuple[int, int]]) -> set[int]:
    return {n for lo, hi in parts for n in range(lo, hi)}


@given(RANGES)
def test_a_union_holds_the_same_numbers_and_is_canonical(parts: list[tuple[int, int]]) -> None:
    merged = ranges.union(parts)
    assert numbers(merged) == numbers(parts)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(merged))


@given(RANGE, RANGES)
def test_subtract_leaves_exactly_what_is_not_settled(wanted: tuple[int, int], parts: list[tuple[int, int]]) -> None:
    settled = ranges.union(parts)
    assert numbers(ranges.subtract(wanted, settled)) == numbers([wanted]) - numbers(settled)


@given(RANGES, RANGES)
def test_covering_gives_whole_settled_ranges_that_touch(
    wanted: list[tuple[int, int]], parts: list[tuple[int, int]]
) -> None:
    settled = ranges.union(parts)
    want = numbers(wanted)
    assert ranges.covering(wanted, settled) == [part for part in settled if numbers([part]) & want]


@given(RANGES, RANGE)
def test_clip_cuts_to_the_window(parts: list[tuple[int, int]], window: tuple[int, int]) -> None:
    settled = ranges.union(parts)
    assert numbers(ranges.clip(settled, window)) == numbers(settled) & numbers([window])


@given(RANGES)
def test_count_counts(parts: list[tuple[int, int]]) -> None:
    assert ranges.count(ranges.union(parts)) == len(numbers(parts))


@given(RANGES, RANGE)
def test_adding_in_place_is_the_union(parts: list[tuple[int, int]], part: tuple[int, int]) -> None:
    settled = ranges.union(parts)
    grown = list(settled)
    ranges.add(grown, part)
    assert grown == ranges.union([*settled, part])
