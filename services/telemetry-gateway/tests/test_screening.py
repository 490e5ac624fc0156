"""Single readings are refused with a code, and their neighbours are kept."""

import pytest

from pulse_contracts.telemetry import ReadingBatch
from pulse_telemetry_gateway.model.ingest.batches import Batch
from pulse_telemetry_gateway.model.ingest.screening import ResolvedSeries, Screened, SeriesRef, screen
from pulse_telemetry_gateway.model.storage.columns import BOOL, FLOAT, INT

CATALOG = {1: SeriesRef(101, INT), 2: SeriesRef(102, FLOAT), 3: SeriesRef(103, BOOL)}
NOW = 1_750_000_000_000_000
SPAN = 3653 * 86_400_000_000


def screened(values: list[tuple[int, object]], dt: list[int] | None = None) -> Screened:
    batch = ReadingBatch.model_validate_json(
        ReadingBatch(
            epoch=1,
            ord=1,
            catalog=1,
            lo=10,
            lane="live",
            sent=NOW,
            series=[1, 2, 3, 9],
            t0=NOW,
            dt=dt or [0] * len(values),
            x=[{1: 0, 2: 1, 3: 2, 9: 3}[series] for series, _ in values],
            value=[value for _, value in values],
        ).model_dump_json()
    )
    return screen([(Batch.of(batch), ResolvedSeries.of(batch.series, CATALOG))], [1], now=NOW, span=SPAN)[0]


def test_good_readings_of_every_type_are_kept_with_their_values() -> None:
    good: list[tuple[int, object]] = [(1, -(2**63)), (1, 2**63 - 1), (2, -0.0), (2, 5e-324), (3, True), (3, False)]
    found = screened(good)
    assert found.refused == []
    assert found.columns is not None
    assert [repr(v) for v in found.columns.values()] == [repr(v) for _, v in good]
    assert found.columns.seq.tolist() == list(range(10, 16))
    assert found.columns.series[found.columns.x].tolist() == [101, 101, 102, 102, 103, 103]


@pytest.mark.parametrize(
    ("series", "value", "code"),
    [
        (9, 1, "unknown_series"),
        (1, 1.5, "wrong_type"),
        (1, True, "wrong_type"),
        (1, 2**63, "out_of_range"),
        (1, "7", "wrong_type"),
        (2, True, "wrong_type"),
        (2, float("nan"), "not_finite"),
        (2, float("-inf"), "not_finite"),
        (2, 2**53 + 1, "wrong_type"),
        (2, None, "wrong_type"),
        (2, {"a": [1]}, "wrong_type"),
        (2, [1.0], "wrong_type"),
        (3, 1, "wrong_type"),
        (3, {"a": [1]}, "wrong_type"),
    ],
)
def test_a_bad_reading_is_refused_and_its_neighbours_stay(series: int, value: object, code: str) -> None:
    found = screened([(2, 1.0), (series, value), (2, 3.0)])
    assert [(r.seq, r.code) for r in found.refused] == [(11, code)]
    assert found.columns is not None
    assert found.columns.values() == [1.0, 3.0]
    assert found.columns.seq.tolist() == [10, 12]


def test_a_time_beyond_ten_years_is_refused_and_one_just_within_is_not() -> None:
    found = screened([(2, 1.0), (2, 2.0), (2, 3.0)], dt=[-SPAN, SPAN + 1, -SPAN - 1])
    assert [(r.seq, r.code) for r in found.refused] == [(11, "implausible_time"), (12, "implausible_time")]


def test_a_time_so_far_away_that_the_difference_wraps_around_is_refused() -> None:
    batch = ReadingBatch(
        epoch=1, ord=1, catalog=1, lo=0, lane="live", sent=NOW, series=[2],
        t0=-(2**62), dt=[NOW - 2**62, 2**62], x=[0, 0], value=[1.0, 2.0],
    )  # fmt: skip
    found = screen([(Batch.of(batch), ResolvedSeries.of(batch.series, CATALOG))], [1], now=NOW, span=SPAN)[0]
    assert [r.code for r in found.refused] == ["implausible_time", "implausible_time"]


def test_a_batch_of_bad_readings_has_no_columns() -> None:
    assert screened([(9, 1), (9, 2)]).columns is None


def test_an_integer_is_accepted_for_a_float_series() -> None:
    found = screened([(2, 5)])
    assert found.columns is not None
    assert repr(found.columns.values()) == "[5.0]"


def floats(lo: int, values: list[float], dt: int = 0) -> tuple[Batch, ResolvedSeries]:
    n = len(values)
    batch = ReadingBatch(
        epoch=1, ord=1, catalog=1, lo=lo, lane="live", sent=NOW, series=[2],
        t0=NOW, dt=[dt] * n, x=[0] * n, value=values,
    )  # fmt: skip
    return Batch.of(batch), ResolvedSeries.of([2], CATALOG)


def test_batches_screened_together_equal_batches_screened_alone() -> None:
    mixed = ReadingBatch(
        epoch=1, ord=1, catalog=1, lo=500, lane="live", sent=NOW, series=[3, 1, 9],
        t0=NOW, dt=[1, 2, 3, 4], x=[0, 1, 2, 0], value=[True, 7, 1, 1],
    )  # fmt: skip
    group = [
        floats(0, [1.0, 2.0]),
        (Batch.of(mixed), ResolvedSeries.of(mixed.series, CATALOG)),
        floats(100, [1.0, float("nan"), 3.0]),
        floats(200, [4.0], dt=SPAN + 1),
        floats(300, [5.0]),
    ]
    alone = [screen([item], [1], now=NOW, span=SPAN)[0] for item in group]
    together = screen(group, [1] * len(group), now=NOW, span=SPAN)
    assert [[(r.seq, r.code) for r in found.refused] for found in together] == [
        [], [(502, "unknown_series"), (503, "wrong_type")], [(101, "not_finite")], [(200, "implausible_time")], [],
    ]  # fmt: skip
    for one, other in zip(alone, together, strict=True):
        assert one.refused == other.refused
        assert (one.columns is None) == (other.columns is None)
        if one.columns is not None and other.columns is not None:
            for name in ("seq", "t", "x", "word", "series", "types"):
                assert getattr(one.columns, name).tolist() == getattr(other.columns, name).tolist()
