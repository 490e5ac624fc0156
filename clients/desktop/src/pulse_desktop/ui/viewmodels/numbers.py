"""Numbers, spans of time, ages and sizes as text. Figures have thousands separators, see `use_marks`."""

import math
from datetime import datetime

from pulse_desktop.ui.viewmodels.words import Translate, english

NOTHING = "\N{EN DASH}"
"""Stands where there is no value."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

_marks: dict[int, str] = {}


def use_marks(group: str, decimal: str) -> None:
    """The marks between groups of three digits, and before decimals. The language of the process decides."""
    _marks.clear()
    _marks.update({ord(","): group, ord("."): decimal})


def _marked(text: str) -> str:
    return text.translate(_marks)


def count(value: float) -> str:
    """A whole number: `12,480`."""
    return _marked(f"{value:,.0f}")


def rate(per_second: float) -> str:
    """Readings per second: `1,248`, below ten with one decimal."""
    return _marked(f"{per_second:,.0f}" if per_second >= 10 or per_second == 0 else f"{per_second:,.1f}")


def percent(share: float) -> str:
    """`share`: 0 to 1. Never `100 %` before everything is done, never `0 %` when there is something."""
    whole = round(100 * share)
    if 0 < share < 1:
        whole = min(99, max(1, whole))
    return f"{whole} %"


def size(count_: float) -> tuple[str, str]:
    """Bytes as figure and decimal unit: `("2.1", "MB")`."""
    for unit, divisor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count_ >= divisor:
            scaled = count_ / divisor
            return _marked(f"{scaled:,.1f}" if scaled < 100 else f"{scaled:,.0f}"), unit
    return _marked(f"{count_:,.0f}"), "B"


def tick(value_: float, spacing: float) -> str:
    """A number on an axis whose marks are `spacing` apart, from a million on with a prefix: `2.4 G`."""
    for prefix, divisor in ((" T", 1e12), (" G", 1e9), (" M", 1e6)):
        if abs(value_) >= divisor:
            return _fixed(value_ / divisor, spacing / divisor) + prefix
    return _marked(f"{value_:.2e}") if 0 < abs(value_) < 1e-4 else _fixed(value_, spacing)


def _fixed(value_: float, spacing: float) -> str:
    if not math.isfinite(spacing) or abs(value_) >= 1e15:
        return _marked(f"{value_:.3g}")
    decimals = max(0, math.ceil(-math.log10(spacing) - 1e-9)) if spacing > 0 else 0
    return _marked(f"{value_:,.{min(decimals, 6)}f}")


def span(seconds: float) -> str:
    """A span of time in at most two units: `40 s`, `3 min 12 s`, `3 h 10 min`, `2 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    for big, small, unit, smaller in ((_MINUTE, 1, "min", "s"), (_HOUR, _MINUTE, "h", "min"), (_DAY, _HOUR, "d", "h")):
        if whole < {_MINUTE: _HOUR, _HOUR: 2 * _DAY, _DAY: math.inf}[big]:
            rest = whole % big // small
            return f"{whole // big} {unit}" + (f" {rest} {smaller}" if rest else "")
    raise AssertionError("unreachable")


def clock_time(micros: int) -> str:
    """The local time of day with seconds. `micros`: microseconds since 1970 UTC."""
    return datetime.fromtimestamp(micros / 1e6).astimezone().strftime("%H:%M:%S")


def value(value_: float | bool | None, tr: Translate = english) -> str:  # noqa: FBT001  # a reading, not a flag
    """A reading as what it is: `on` and `off`, whole numbers in full, floats with about four significant digits."""
    if value_ is None:
        return NOTHING
    if isinstance(value_, bool):
        return tr("on") if value_ else tr("off")
    if isinstance(value_, int):
        return _marked(f"{value_:,}")
    if not math.isfinite(value_):
        return tr("not a number") if math.isnan(value_) else ("∞" if value_ > 0 else "-∞")
    if value_ != 0 and not 1e-3 <= abs(value_) < 1e12:
        return _marked(f"{value_:.3e}")
    decimals = 0 if value_ == 0 else max(0, 3 - max(0, math.floor(math.log10(abs(value_)))))
    return _marked(f"{value_:,.{min(decimals, 3)}f}")
