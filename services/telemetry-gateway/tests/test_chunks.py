"""Chunks and roll-ups without a database: readings are restored exactly, and merging does not depend on the order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.storage.chunks import READINGS_MAX, Readings, chunks_of, decimals, join, unpack
from pulse_telemetry_gateway.model.storage.columns import BOOL, FLOAT, INT
from pulse_telemetry_gateway.model.storage.lines import fit, fit_level, fit_line
from pulse_telemetry_gateway.model.storage.rollups import Rollups, coarser, merge, of_readings, ranks
from pulse_telemetry_gateway.model.storage.rollups import join as join_rollups
from pulse_telemetry_gateway.model.storage.runs import Runs

INT64 = st.integers(-(2**63), 2**63 - 1)
NATURAL = st.integers(0, 2**63 - 1)
REALS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-1000, 1000, places=3).map(float),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324]),
)
T = 1_767_225_600_000_000


def whole(column: NDArray[np.generic]) -> Runs:
    """One run."""
    return Runs(np.zeros(1, np.int64), np.asarray([len(column)]))


@given(st.lists(NATURAL, min_size=1, max_size=50))
def test_a_fitted_line_returns_its_integers(values: list[int]) -> None:
    given_ = np.asarray(values, np.int64)
    for how in (fit_line, fit_level, fit):
        (one,) = how(given_, whole(given_))
        assert one.values(len(values)).tolist() == values


@given(st.lists(INT64, min_size=1, max_size=50))
def test_any_integers_are_kept_exactly(values: list[int]) -> None:
    given_ = np.asarray(values, np.int64)
    (one,) = fit(given_, whole(given_))
    assert one.values(len(values)).tolist() == values


@given(st.lists(st.lists(st.one_of(INT64, st.integers(0, 9), st.just(7)), min_size=1, max_size=9), min_size=1))
def test_runs_fitted_together_equal_runs_fitted_alone(runs: list[list[int]]) -> None:
    column = np.asarray([value for run in runs for value in run], np.int64)
    sizes = np.asarray([len(run) for run in runs])
    for how in (fit_line, fit_level, fit):
        together = how(column, Runs(np.cumsum(sizes) - sizes, sizes))
        for run, line in zip(runs, together, strict=True):
            alone = np.asarray(run, np.int64)
            (expected,) = how(alone, whole(alone))
            assert line.values(len(run)).tolist() == run
            assert (line.start, line.step, line.width) == (expected.start, expected.step, expected.width)


def test_regular_times_cost_nothing_and_jitter_two_bytes() -> None:
    regular = T + np.arange(3_000) * 1_000_000
    assert fit_line(regular, whole(regular))[0].width == 0
    jitter = np.random.default_rng(1).integers(-5_000, 5_000, 3_000)
    assert fit_line(regular + jitter, whole(regular))[0].width == 2


ROWS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, 65_536, 65_537, 2**31 - 1]),
        st.sampled_from([0, 1, 2**63 - 1]),
        st.sampled_from([-(2**61), 0, 1, 2, 2**61]),
        st.integers(0, 3),
    ),
    max_size=30,
)


@given(ROWS, st.sampled_from(["as given", "ascending", "interleaved"]))
def test_readings_are_sorted_by_series_epoch_time_and_number(rows: list[tuple[int, ...]], order: str) -> None:
    if order != "as given":
        rows.sort()
    if order == "interleaved":  # in order within each series, like the readings of a device
        rows.sort(key=lambda row: row[1:])
    series, epoch, t, seq = (np.asarray([row[i] for row in rows], np.int64) for i in range(4))
    place = np.arange(len(rows))
    found = Readings(series, np.zeros(len(rows), np.uint8), epoch, seq, t, place, np.zeros(len(rows), np.bool_))
    ordered = found.in_order()
    assert ordered.word.tolist() == sorted(range(len(rows)), key=lambda at: (*rows[at], at))
    for name in ("series", "epoch", "t", "seq"):
        assert getattr(ordered, name).tolist() == getattr(found, name)[ordered.word].tolist()


def divisor_of(*reals: float) -> float:
    """The divisor of the only run. 0: the numbers are not decimals."""
    column = np.asarray(reals)
    return float(decimals(column, whole(column))[1][0])


@given(st.lists(st.lists(REALS, min_size=1, max_size=40), min_size=1, max_size=5))
def test_decimals_are_used_only_when_every_bit_is_restored(runs: list[list[float]]) -> None:
    column, sizes = np.asarray([value for run in runs for value in run]), np.asarray([len(run) for run in runs])
    together = Runs(np.cumsum(sizes) - sizes, sizes)
    wholes, divisors = decimals(column, together)
    is_taken = together.spread(divisors) > 0
    back = wholes[is_taken] / together.spread(divisors)[is_taken]
    assert back.view(np.int64).tolist() == column[is_taken].view(np.int64).tolist()
    assert divisors.tolist() == [divisor_of(*run) for run in runs]


def test_sensor_values_are_stored_as_decimals() -> None:
    assert divisor_of(21.5, 21.37, -3.0) == 100.0
    assert divisor_of(-0.0) == 0.0
    assert divisor_of(np.pi) == 0.0
    assert divisor_of(*[0.5] * 40, np.pi) == 0.0
    assert divisor_of(-2_000_000.0, 2_000_000.123) == 1e3
    assert divisor_of(-2_000_000_000.0, 2_000_000_000.1) == 0.0


@st.composite
def readings(draw: st.DrawFn) -> Readings:
    """Readings of three series of three types and two epochs, over two days."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 2 * 86_400), INT64, REALS, st.booleans()),
            max_size=60,
        )
    )
    kind = np.asarray([row[0] for row in rows], np.uint8)
    words = [
        row[3] if row[0] == INT else int(np.float64(row[4]).view(np.int64)) if row[0] == FLOAT else row[3] & 1
        for row in rows
    ]
    return Readings(
        kind.astype(np.int64) + 1,
        kind,
        np.asarray([row[1] for row in rows], np.int64),
        np.arange(len(rows), dtype=np.int64),
        T + np.asarray([row[2] for row in rows], np.int64) * 1_000_000,
        np.asarray(words, np.int64),
        np.asarray([row[5] for row in rows], np.bool_),
    )


def rows_of(found: Readings) -> list[tuple[int, ...]]:
    """The readings without `late`."""
    names = ("series", "kind", "epoch", "seq", "t", "word")
    return sorted(zip(*(getattr(found, name).tolist() for name in names), strict=True))


@given(readings())
def test_chunks_return_their_readings(found: Readings) -> None:
    chunks = list(chunks_of(found.in_order()))
    assert sum(chunk.late for chunk in chunks) == found.late.sum()
    back = join([unpack(chunk, (INT, FLOAT, BOOL)[chunk.series - 1]) for chunk in chunks])
    assert rows_of(back) == rows_of(found)
    for chunk in chunks:
        t = chunk.t.values(chunk.n)
        assert chunk.span == (t[0], t[-1])
        assert (np.diff(t) >= 0).all()


def test_a_chunk_holds_a_bounded_number_of_readings() -> None:
    n = 3 * READINGS_MAX - 1
    zeros = np.zeros(n, np.int64)
    many = Readings(zeros, zeros.astype(np.uint8), zeros, np.arange(n), T + np.arange(n), zeros, zeros.astype(bool))
    assert [chunk.n for chunk in chunks_of(many)] == [3_980, 3_980, 3_979]


def same(one: Rollups, other: Rollups) -> bool:
    """Equal except for the last bits of a sum, which depend on the order."""
    exact = (n for n in Rollups.__slots__ if n != "total")
    return all(getattr(one, n).tolist() == getattr(other, n).tolist() for n in exact)


@given(readings(), st.integers(0, 60), st.integers(0, 60), st.sampled_from([60_000_000, 3_600_000_000]))
def test_merging_roll_ups_does_not_depend_on_their_order(found: Readings, one: int, two: int, width: int) -> None:
    one, two = sorted((one, two))
    everything = of_readings(found, width)
    parts = [of_readings(found.take(np.arange(len(found))[part]), width) for part in (
        slice(0, one), slice(one, two), slice(two, None)
    )]  # fmt: skip
    a, b, c = parts
    left = merge(join_rollups([merge(join_rollups([a, b])), c]))
    right = merge(join_rollups([a, merge(join_rollups([c, b]))]))
    assert same(left, everything)
    assert same(right, everything)


@given(readings())
def test_hours_made_of_minutes_equal_hours_made_of_readings(found: Readings) -> None:
    minutes = of_readings(found, 60_000_000)
    assert same(coarser(minutes, 3_600_000_000), of_readings(found, 3_600_000_000))


@given(readings())
def test_roll_ups_name_real_readings_and_the_true_extremes(found: Readings) -> None:
    minutes = of_readings(found, 60_000_000)
    assert int(minutes.n.sum()) == len(found)
    for i in range(len(minutes)):
        mine = (found.series == minutes.series[i]) & (found.t // 60_000_000 * 60_000_000 == minutes.bucket[i])
        t, word = found.t[mine], found.word[mine]
        value = word.view(np.float64) if minutes.kind[i] == FLOAT else word
        pairs = set(zip(t.tolist(), word.tolist(), strict=True))
        for name in ("first", "last", "low", "high"):
            assert (int(getattr(minutes, f"t_{name}")[i]), int(getattr(minutes, name)[i])) in pairs
        low, high = (w.view(value.dtype) for w in (minutes.low[i], minutes.high[i]))
        assert (low, high) == (value.min(), value.max())
        assert (minutes.t_first[i], minutes.t_last[i]) == (t.min(), t.max())


@given(REALS, REALS)
def test_ranks_are_in_the_order_of_the_values(one: float, other: float) -> None:
    words = np.asarray([one, other]).view(np.int64)
    first, second = ranks(words, np.asarray([FLOAT, FLOAT], np.uint8)).tolist()
    if one < other:
        assert first < second
