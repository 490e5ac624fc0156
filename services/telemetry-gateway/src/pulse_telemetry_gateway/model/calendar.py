"""Buckets of time by the calendar of a time zone: `1d` in Europe/Berlin is 23, 24 or 25 hours long."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from pulse_contracts.errors import DomainError

_EVERY: Final = re.compile(r"([1-9][0-9]{0,4})(s|m|h|d|w|mo|y)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600}
_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY: Final = date(1970, 1, 5)


class BadCalendar(DomainError):
    """`every` is a number and a unit (s, m, h, d, w, mo, y), such as `15m` or `1d`; `tz` is a time zone of the IANA
    database, such as `Europe/Berlin`."""

    code, status = "invalid_calendar", 422


def zone_of(name: str) -> tzinfo:
    """Raises BadCalendar when there is no such time zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise BadCalendar(f"{name[:60]!r} is not a known time zone: Europe/Berlin, America/New_York, UTC, …") from error


def edges(start: int, end: int, every: str, zone: tzinfo, most: int) -> list[int]:
    """Where the buckets of [start, end) begin, then `end`; in microseconds. The first and the last one may be shorter.

    Days, weeks (from Monday), months and years begin at midnight in `zone`; seconds, minutes and hours count on from
    midnight of the first day. Raises BadCalendar: for what is no such text, and for more than `most` buckets.
    """
    found = _EVERY.fullmatch(every)
    if found is None:
        raise BadCalendar(f"every={every[:20]!r} is not a number and a unit: 15m, 1h, 1d, 1w, 1mo, 1y")
    count, unit = int(found[1]), found[2]
    first = (_1970 + timedelta(microseconds=start)).astimezone(zone).date()
    inner: list[int] = []
    if unit in _SECONDS:
        width = count * _SECONDS[unit] * 1_000_000
        origin = _midnight(first, zone)
        if (end - start) // width > most:
            raise BadCalendar(f"every={every} makes more than {most} buckets: choose a longer one or a shorter range")
        at = origin + ((start - origin) // width + 1) * width
        inner = list(range(at, end, width))
    else:
        place = _place(first, unit) // count
        while (at := _midnight(_day(place * count, unit), zone)) < end:
            if at > start:
                inner.append(at)
            if len(inner) > most:
                raise BadCalendar(
                    f"every={every} makes more than {most} buckets: choose a longer one or a shorter range"
                )
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
    """Its first day."""
    try:
        if unit in {"d", "w"}:
            return _MONDAY + timedelta(days=place * (7 if unit == "w" else 1))
        return date(place // 12, place % 12 + 1, 1) if unit == "mo" else date(place, 1, 1)
    except (OverflowError, ValueError) as error:
        raise BadCalendar("the range reaches beyond the years 1 to 9999") from error


def _midnight(day: date, zone: tzinfo) -> int:
    """When the day begins. Where midnight is skipped, the first moment after it."""
    since = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) - _1970
    return (since.days * 86_400 + since.seconds) * 1_000_000
