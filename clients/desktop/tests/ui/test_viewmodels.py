"""What the pages show, decided without Qt: numbers, limits, backlog, lines with their gaps."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_desktop.client.port import Points, ReplayLimit, SeriesInfo, SourceInfo
from pulse_desktop.ui.viewmodels import charts, numbers, sources
from pulse_desktop.ui.viewmodels.backlog import BacklogWatch
from pulse_desktop.ui.viewmodels.condition import Condition, condition_of, say
from pulse_desktop.ui.viewmodels.limits import choices, limit_of
from pulse_desktop.ui.viewmodels.words import english as tr

from .states import CONNECTED, FAULT, FULL, NEARLY_FULL, NOW, OFFLINE, PAUSED, REPLAYING


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "on"),
        (False, "off"),
        (1_204_300, "1,204,300"),
        (59.7, "59.70"),
        (math.nan, "not a number"),
        (1e15, "1.000e+15"),
    ],
)
def test_a_value_is_shown_as_what_it_is(value: float, text: str) -> None:
    assert numbers.value(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(40, "40 s"), (192, "3 min 12 s"), (11_400, "3 h 10 min"), (187_200, "2 d 4 h")]
)
def test_a_span_has_at_most_two_units(seconds: float, text: str) -> None:
    assert numbers.span(seconds) == text


@given(st.floats(min_value=1e-9, max_value=1 - 1e-9))
def test_unfinished_work_is_never_shown_as_nothing_or_everything(share: float) -> None:
    assert numbers.percent(share) not in {"0 %", "100 %"}


@pytest.mark.parametrize(("value", "text"), [(2.4e9, "2.4 G"), (5.0, "5.0"), (0.0, "0.0")])
def test_marks_of_an_axis_have_the_decimals_of_their_distance(value: float, text: str) -> None:
    assert numbers.tick(value, 2e8 if value > 1e6 else 0.5) == text


@given(st.builds(ReplayLimit, is_paused=st.booleans(), rate=st.sampled_from([None, 0.5, 12.0, 1_000.0, 250_000.0])))
def test_the_limit_is_read_from_the_words_of_the_status(limit: ReplayLimit) -> None:
    assert limit_of(str(limit)) == limit
    assert limit.rate in choices(limit)


def test_the_gravest_condition_wins() -> None:
    found = [condition_of(one) for one in (CONNECTED, REPLAYING, PAUSED, OFFLINE, NEARLY_FULL, FULL, FAULT)]
    assert found == [
        Condition.LIVE,
        Condition.REPLAYING,
        Condition.PAUSED,
        Condition.OFFLINE,
        Condition.NEARLY_FULL,
        Condition.FULL,
        Condition.FAULT,
    ]


def test_the_number_of_a_system_error_is_not_shown() -> None:
    assert say(OFFLINE, tr).sentence.endswith(": Connection refused")


def test_the_progress_says_what_is_done_and_how_long_the_rest_takes() -> None:
    watch = BacklogWatch()
    watch.update(replace(REPLAYING, waiting=10_000, settled=0, settled_per_second=1_000.0))
    for second in range(1, 5):
        waiting, settled = 10_000 - 1_000 * second, 1_000 * second
        written = REPLAYING.written + second * 1_000_000
        progress = watch.update(
            replace(REPLAYING, written=written, waiting=waiting, settled=settled, settled_per_second=1_000.0)
        )
    assert progress is not None
    assert (progress.done, progress.total) == (4_000, 10_000)
    assert progress.seconds_left is not None
    assert watch.update(replace(CONNECTED, written=CONNECTED.written + 9_000_000)) is None


def test_a_gap_interrupts_the_line() -> None:
    times = [0, 1_000_000, 2_000_000, 60_000_000, 61_000_000]
    line = charts.line_of(Points(times, [1.0] * 5, [1.0] * 5, [1.0] * 5, is_raw=True), "float")
    assert [math.isnan(y) for y in line.y] == [False, False, False, True, False, False]


def test_a_bool_is_drawn_as_steps() -> None:
    line = charts.line_of(Points([0, 1_000_000], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], is_raw=True), "bool")
    assert list(zip(line.x, line.y, strict=True)) == [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]


@given(st.lists(st.floats(allow_infinity=True, allow_nan=True), min_size=1, max_size=20))
def test_a_range_is_finite_and_not_empty(values: list[float]) -> None:
    times = list(range(0, len(values) * 1_000_000, 1_000_000))
    line = charts.line_of(Points(times, values, values, values, is_raw=True), "float")
    low, high = charts.range_of([line], "float")
    assert low < high


@pytest.mark.parametrize("lowest", [-1.7e308, 1.6e308])
def test_the_range_of_a_chart_is_finite_whatever_a_device_sends(lowest: float) -> None:
    line = charts.Line([1.0, 2.0], [lowest, 1.7e308], [], [])
    low, high = charts.range_of([line], "float")
    assert low < high
    assert math.isfinite(high - low)
    assert numbers.tick(high, (high - low) / 5)
    assert numbers.tick(high, math.inf)


def test_sources_that_need_attention_come_first_with_their_error() -> None:
    some = [SourceInfo("a", "running", NOW, "", 3.0), SourceInfo("b", "waiting", NOW, "", 0.0)]
    failed = SourceInfo("c", "failed", NOW, "OSError: no route", 0.0)
    rows = sources.source_rows([*some, failed], tr)
    assert [(row.name, row.state, row.tone) for row in rows] == [
        ("c", "Failed", "crit"),
        ("b", "Waiting", "quiet"),
        ("a", "Collecting", "ok"),
    ]
    assert rows[0].note == f"{numbers.clock_time(NOW)} · OSError: no route"
    assert sources.subtitle([*some, failed], tr) == "1 of 3 collecting · 3.0 readings a second"


def test_a_series_without_a_reading_has_no_value_and_no_age() -> None:
    (row,) = sources.series_rows([SeriesInfo(1, "x", "bool", "", None, None, 0.0)], NOW, tr)
    assert (row.value, row.age, row.kind) == (numbers.NOTHING, numbers.NOTHING, "on or off")
