"""Buckets by the calendar: days of 23 and 25 hours, weeks from Monday, months of their own lengths, and what is
refused."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_telemetry_gateway.actions.history import check_range
from pulse_telemetry_gateway.model.errors import InvalidCalendar, InvalidRange, TooMuch
from pulse_telemetry_gateway.model.history.calendar import edges, zone_of
from pulse_telemetry_gateway.model.history.levels import Plan, Retained, by_edges

HOUR = 3_600_000_000
BERLIN = zone_of("Europe/Berlin")


def micros(text: str) -> int:
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return int(since / timedelta(microseconds=1))


def lengths(found: list[int]) -> list[float]:
    return [(b - a) / HOUR for a, b in pairwise(found)]


@pytest.mark.parametrize(
    ("first", "last", "every", "hours"),
    [
        ("2026-03-28T00:00+01:00", "2026-03-31T00:00+02:00", "1d", [24, 23, 24]),
        ("2026-10-24T00:00+02:00", "2026-10-27T00:00+01:00", "1d", [24, 25, 24]),
        ("2026-03-28T12:00+01:00", "2026-03-29T12:00+02:00", "1d", [12, 11]),
        ("2026-03-23T00:00+01:00", "2026-04-06T00:00+02:00", "1w", [167, 168]),
        ("2026-01-01T00:00+01:00", "2026-04-01T00:00+02:00", "1mo", [744, 672, 743]),
        ("2024-01-01T00:00+01:00", "2026-01-01T00:00+01:00", "1y", [8784, 8760]),
        ("2026-03-29T00:00+01:00", "2026-03-29T06:00+02:00", "1h", [1, 1, 1, 1, 1]),
        ("2026-11-29T00:10+01:00", "2026-11-29T01:00+01:00", "15m", [5 / 60, 0.25, 0.25, 0.25]),
        ("2026-11-01T00:00+01:00", "2026-11-01T00:00:10+01:00", "10s", [10 / 3600]),
    ],
)
def test_buckets_begin_where_the_calendar_says(first: str, last: str, every: str, hours: list[float]) -> None:
    found = edges(micros(first), micros(last), every, BERLIN, 5_000)
    assert lengths(found) == pytest.approx(hours)


def test_a_day_whose_midnight_is_skipped_begins_at_its_first_moment() -> None:
    found = edges(
        micros("2018-11-03T12:00-03:00"), micros("2018-11-05T12:00-02:00"), "1d", zone_of("America/Sao_Paulo"), 9
    )
    assert lengths(found) == [12, 23, 12]


@given(
    st.integers(-(2**50), 2**51),
    st.integers(1, 2**43),
    st.sampled_from(["30m", "7h", "1d", "2w", "3mo", "1y"]),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"]),
)
def test_edges_ascend_and_cover_exactly_the_requested_range(start: int, span: int, every: str, zone: str) -> None:
    found = edges(start, start + span, every, zone_of(zone), 10**6)
    assert (found[0], found[-1]) == (start, start + span)
    assert all(a < b for a, b in pairwise(found))


def test_too_many_buckets_are_refused() -> None:
    for every in ("1s", "1d"):
        with pytest.raises(TooMuch, match="more than 10 buckets"):
            edges(0, 24 * 365 * HOUR, every, UTC, 10)


@pytest.mark.parametrize("every", ["", "d", "0d", "1", "1x", "-1d", "1.5h", "100000s", "1M"])
def test_an_invalid_bucket_length_is_refused_with_the_valid_forms(every: str) -> None:
    with pytest.raises(InvalidCalendar, match="15m, 1h, 1d"):
        edges(0, HOUR, every, UTC, 10)


@pytest.mark.parametrize("zone", ["", "Nowhere", "../etc/passwd", "Europe/Berlin/x", "a" * 64, "\0"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidCalendar, match="not a known time zone"):
        zone_of(zone)


@pytest.mark.parametrize(
    ("start", "end", "unit"),
    [(1_764_374_400, 1_764_460_800, "seconds"), (1_764_374_400_000, 1_764_460_800_000, "milli")],
)
def test_a_range_in_seconds_or_milliseconds_is_refused_with_a_hint(start: int, end: int, unit: str) -> None:
    with pytest.raises(InvalidRange, match=f"microseconds.*looks like {unit}"):
        check_range(start, end)
    check_range(0, end)


def test_a_day_that_a_zone_skipped_has_no_bucket() -> None:
    apia = zone_of("Pacific/Apia")
    found = edges(micros("2011-12-28T12:00-10:00"), micros("2012-01-02T12:00+14:00"), "1d", apia, 20)
    assert all(a < b for a, b in pairwise(found))


def test_where_only_hours_are_kept_buckets_that_cut_an_hour_cannot_be_answered() -> None:
    kept = Retained(raw=2**52, minutes=2**52, hours=-(2**63))
    assert by_edges([0, 24 * HOUR, 48 * HOUR], 10**6, kept) == Plan("1h", (0, 24 * HOUR, 48 * HOUR), 24 * HOUR)
    assert by_edges([0, 24 * HOUR + HOUR // 2, 48 * HOUR], 10**6, kept) is None
