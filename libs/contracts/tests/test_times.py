"""Times: exact conversions in both directions."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.times import from_micros, to_micros


@given(st.datetimes(timezones=st.timezones()))
def test_a_time_survives_the_conversion_to_microseconds_and_back(at: datetime) -> None:
    assert from_micros(to_micros(at)) == at.astimezone(UTC)


def test_zero_is_the_unix_epoch() -> None:
    assert from_micros(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert to_micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005


def test_a_time_without_a_time_zone_is_rejected() -> None:
    with pytest.raises(TypeError):
        to_micros(datetime(2026, 1, 1))  # noqa: DTZ001  # the case under test
