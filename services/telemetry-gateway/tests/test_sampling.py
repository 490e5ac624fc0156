"""M4 never loses an extreme, whatever the order of the parts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pulse_telemetry_gateway.model.history.sampling import Window, m4

POINTS = st.lists(
    st.tuples(st.integers(0, 999), st.floats(-1e9, 1e9)), min_size=1, max_size=120, unique_by=lambda p: p[0]
)
WINDOW = Window(0, 1000, 7)


def sample(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    t = np.asarray([p[0] for p in points], np.int64)
    v = np.asarray([p[1] for p in points], np.float64)
    return [points[i] for i in m4(t, v, WINDOW)]


@given(POINTS)
def test_each_bucket_keeps_its_first_last_minimum_and_maximum(points: list[tuple[int, float]]) -> None:
    kept = sample(points)
    width = -(-1000 // 7)
    assert set(kept) <= set(points)
    assert [p[0] for p in kept] == sorted(p[0] for p in kept)
    for bucket in {t // width for t, _ in points}:
        here = [p for p in points if p[0] // width == bucket]
        mine = [p for p in kept if p[0] // width == bucket]
        assert len(mine) <= 4
        assert (min(here)[0], max(here)[0]) == (min(mine)[0], max(mine)[0])
        values, kept_values = [v for _, v in here], [v for _, v in mine]
        assert (min(values), max(values)) == (min(kept_values), max(kept_values))


@given(POINTS, st.integers(0, 120))
def test_sampling_part_by_part_gives_the_same_extremes(points: list[tuple[int, float]], cut: int) -> None:
    whole = sample(points)
    in_parts = sample([*sample(points[:cut]), *points[cut:]]) if points[:cut] else whole
    assert next(t for t, _ in in_parts) == next(t for t, _ in whole)
    assert {max(v for _, v in in_parts), min(v for _, v in in_parts)} == {
        max(v for _, v in whole),
        min(v for _, v in whole),
    }
