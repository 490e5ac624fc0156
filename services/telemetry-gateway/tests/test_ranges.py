"""The ledger's ranges compared with sets of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.ranges import normalized
from pulse_telemetry_gateway.model.ledger import ranges

RANGE = st.tuples(st.integers(0, 60), st.integers(0, 60)).filter(lambda r: r[0] < r[1])
RANGES = st.lists(RANGE, max_size=12)


def numbers(parts: list[tuple[int, int]]) -> set[int]:
    return {n for lo, hi in parts for n in range(lo, hi)}


@given(RANGES, RANGES)
def test_covering_gives_whole_settled_ranges_that_touch(
    wanted: list[tuple[int, int]], parts: list[tuple[int, int]]
) -> None:
    settled = list(normalized(parts))
    want = numbers(wanted)
    assert ranges.covering(wanted, settled) == [part for part in settled if numbers([part]) & want]


@given(RANGES, RANGE)
def test_adding_in_place_is_the_union(parts: list[tuple[int, int]], part: tuple[int, int]) -> None:
    settled = list(normalized(parts))
    grown = list(settled)
    ranges.add(grown, part)
    assert grown == list(normalized([*settled, part]))
