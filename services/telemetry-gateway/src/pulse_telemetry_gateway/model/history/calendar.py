"""Buckets by the calendar of a time zone: a day in Europe/Berlin has 23, 24 or 25 hours."""

import re
from datetime import date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from pulse_contracts.times import from_micros, to_micros
from pulse_telemetry_gateway.model.errors import InvalidCalendar, TooMuch

_EVERY: Final = re.compile(r"([1-9][0-9]{0,4})(s|m|h|d|w|mo|y)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600}
_MONDAY: Final = date(1970, 1, 5)


def zone_of(name: str) -> tzinfo:
    """Raises InvalidCalendar when the time zone is unknown."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise InvalidCalendar(f"{name[:60]!r} is not a known time zone, such as Europe/Berlin or UTC") from error


def edges(start: int, end: int, every: str, zone: tzinfo, most: int) -> list[int]:
    """The start of each bucket of [start, end), then `end`, in microseconds. The first and the last bucket may be
    shorter.

    Days, weeks (from Monday), months and years start at midnight in `zone`. Seconds, minutes and hours are counted from
    midnight of the first day. Raises InvalidCalendar when `every` is invalid, and TooMuch for more than `most` buckets.
    """
    found = _EVERY.fullmatch(every)
    if found is None:
        raise InvalidCalendar(f"every={every[:20]!r} is not a number and a unit, such as 15m, 1h, 1d, 1w, 1mo or 1y")
    count, unit = int(found[1]), found[2]
    first = from_micros(start).astimezone(zone).date()
    inner: list[int] = []
    if unit in _SECONDS:
        width = count * _SECONDS[unit] * 1_000_000
        origin = _midnight(first, zone)
        if (end - start) // width > most:
            raise TooMuch(f"every={every} makes more than {most} buckets: choose longer buckets or a shorter range")
        at = origin + ((start - origin) // width + 1) * width
        inner = list(range(at, end, width))
    else:
        place = _place(first, unit) // count
        while (at := _midnight(_day(place * count, unit), zone)) < end:
            if at > start:
                inner.append(at)
            if len(inner) > most:
                raise TooMuch(f"every={every} makes more than {most} buckets: choose longer buckets or a shorter range")
            place += 1
    return [start, *dict.fromkeys(inner), end]  # a day that a zone skipped (Pacific/Apia, 2011-12-30) has no length


def _place(day: date, unit: str) -> int:
    """The number of the day, week, month or year."""
    if unit == "d":
        return (day - _MONDAY).days
    if unit == "w":
        return (day - _MONDAY).days // 7
    return day.year * 12 + day.month - 1 if unit == "mo" else day.year


def _day(place: int, unit: str) -> date:
    """The first day of that number."""
    try:
        if unit in {"d", "w"}:
            return _MONDAY + timedelta(days=place * (7 if unit == "w" else 1))
        return date(place // 12, place % 12 + 1, 1) if unit == "mo" else date(place, 1, 1)
    except (OverflowError, ValueError) as error:
        raise InvalidCalendar("the buckets reach beyond the years 1 to 9999: choose shorter ones") from error


def _midnight(day: date, zone: tzinfo) -> int:
    """Start of the day. Where midnight is skipped, the first moment after it."""
    return to_micros(datetime(day.year, day.month, day.day, tzinfo=zone))
