"""Parses the times that plain devices write: numbers of four sizes, numeric text, and ISO 8601."""

import re
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Final

from pulse_contracts.times import to_micros

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,12})?")
_FRACTION: Final = re.compile(r"([.,][0-9]+)")
_LEAST_SECONDS: Final = 10**8
"""1973-03-03. A smaller number is a duration, a counter or an uptime."""
_UNITS: Final = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))
"""Below each bound, the number of microseconds in one unit: seconds, milliseconds, microseconds. Above: nanoseconds."""
_MOST_NANOSECONDS: Final = 10**19


def micros_of(content: object, zone: tzinfo = UTC) -> int | None:
    """The time in microseconds since 1970 UTC. None when `content` is not a time.

    Numbers and numeric text are seconds, milliseconds, microseconds or nanoseconds, told apart by their size. Other
    text is ISO 8601 with a date and a time; `zone` applies when the text has none.
    """
    if isinstance(content, bool):
        return None
    if isinstance(content, int | float):
        return _of_number(Decimal(content)) if abs(content) < _MOST_NANOSECONDS else None  # false for NaN
    if isinstance(content, str) and len(content) <= 64:
        text = content.strip()
        if _NUMBER.fullmatch(text):
            try:
                return _of_number(Decimal(text))
            except InvalidOperation:
                return None
        return _of_text(text, zone)
    return None


def _of_number(number: Decimal) -> int | None:
    if number < _LEAST_SECONDS or number >= _MOST_NANOSECONDS:
        return None
    for bound, factor in _UNITS:
        if number < bound:
            return round(number * factor)  # a float of seconds is inexact by some nanoseconds
    return round(number / 1_000)


def _of_text(text: str, zone: tzinfo) -> int | None:
    if len(text) < 16 or text[4:5] != "-":  # a date or a time of day alone is not an instant
        return None
    text = _FRACTION.sub(lambda found: "." + found[1][1:7].ljust(6, "0"), text, count=1)
    try:
        found = datetime.fromisoformat(text.replace(" ", "T", 1) if text[10:11] == " " else text)
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    return to_micros(found)
