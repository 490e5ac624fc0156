"""The charts of the dashboard: which series, which range, the line with its gaps and steps, and the last value."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pulse_contracts.message import ValueType
from pulse_desktop.client.port import Points, SeriesInfo
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.condition import Tone
from pulse_desktop.ui.viewmodels.words import Translate

MOST_CHARTS = 6
FIRST_CHARTS = 4
_LIVE_SECONDS = 10.0
_STALE_INTERVALS = 5
_FARTHEST = 1e300
"""A range that is twice as wide is still a finite number."""
_GAP_INTERVALS = 4
"""A gap is longer than this many usual intervals. It is never bridged."""


@dataclass(frozen=True)
class Span:
    """A range that a person can choose. `seconds`: its length; `every`: seconds between two refreshes."""

    key: str
    seconds: int
    every: float


SPANS = (Span("1m", 60, 0.2), Span("5m", 300, 0.5), Span("1h", 3_600, 5.0), Span("24h", 86_400, 30.0))


def span_label(span: Span, tr: Translate) -> str:
    """The range on its button."""
    return {"1m": tr("1 min"), "5m": tr("5 min"), "1h": tr("1 h"), "24h": tr("24 h")}[span.key]


def choose(series: Sequence[SeriesInfo], wanted: Sequence[str]) -> list[SeriesInfo]:
    """The series to show: the wanted ones that exist, in their order; without any, the first numeric ones."""
    by_name = {one.name: one for one in series}
    found = [by_name[name] for name in wanted if name in by_name]
    if found:
        return found[:MOST_CHARTS]
    numeric = [one for one in series if one.type != "bool"]
    return numeric[:FIRST_CHARTS] or list(series[:FIRST_CHARTS])


@dataclass(frozen=True)
class Line:
    """What a chart draws. `x`: seconds since 1970 UTC; NaN in `y`, `lo` and `hi` interrupts the line. `lo` and `hi` are
    empty for raw readings."""

    x: list[float]
    y: list[float]
    lo: list[float]
    hi: list[float]

    @property
    def has_points(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.x)

    def limits(self) -> tuple[float, float] | None:
        """The lowest and highest finite value; None without one."""
        finite = [value for values in (self.y, self.lo, self.hi) for value in values if math.isfinite(value)]
        return (min(finite), max(finite)) if finite else None


def line_of(points: Points, kind: ValueType) -> Line:
    """The line of a series. A bool is drawn as steps: its value holds until the next reading."""
    if not points.t:
        return Line([], [], [], [])
    gap = _gap(points.t)
    x: list[float] = []
    y: list[float] = []
    lo: list[float] = []
    hi: list[float] = []
    previous: int | None = None
    for t, last, low, high in zip(points.t, points.last, points.lo, points.hi, strict=True):
        if previous is not None and kind != "bool" and t - previous > gap:
            _append(x, y, lo, hi, at=(previous + t) / 2e6, values=(math.nan, math.nan, math.nan))
        if previous is not None and kind == "bool":
            _append(x, y, lo, hi, at=t / 1e6, values=(y[-1], lo[-1], hi[-1]))
        _append(x, y, lo, hi, at=t / 1e6, values=(last, low, high))
        previous = t
    return Line(x, y, [], []) if points.is_raw else Line(x, y, lo, hi)


def _append(  # four parallel lists are what the plot wants
    x: list[float], y: list[float], lo: list[float], hi: list[float], *, at: float, values: tuple[float, float, float]
) -> None:
    x.append(at)
    for column, value in zip((y, lo, hi), values, strict=True):
        column.append(value if math.isfinite(value) else math.nan)


def _gap(times: Sequence[int]) -> float:
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    return max(1, steps[len(steps) // 2]) * _GAP_INTERVALS if steps else math.inf


def range_of(lines: Iterable[Line], kind: ValueType) -> tuple[float, float]:
    """The vertical range of a chart, with a margin. Never empty."""
    if kind == "bool":
        return (-0.1, 1.1)
    limits = [one for line in lines if (one := line.limits()) is not None]
    if not limits:
        return (0.0, 1.0)
    low, high = (
        max(-_FARTHEST, min(_FARTHEST, one)) for one in (min(low for low, _ in limits), max(high for _, high in limits))
    )
    margin = (high - low) * 0.08 or max(abs(high) * 0.02, 0.5)
    return (low - margin, high + margin)


@dataclass(frozen=True)
class Reading:
    """The newest reading of a series as a chart shows it."""

    figure: str
    unit: str
    badge: str
    tone: Tone
    note: str


def reading_of(series: SeriesInfo, now: int, tr: Translate) -> Reading:
    """`now`: microseconds since 1970 UTC. A value is live while it comes at its usual rate,
    otherwise its age is shown."""
    if series.t is None:
        return Reading(numbers.NOTHING, series.unit, tr("No reading"), "quiet", tr("Nothing was read yet"))
    age = max(0.0, (now - series.t) / 1e6)
    usual = _STALE_INTERVALS / series.per_second if series.per_second > 0 else 0.0
    pace = tr("{rate} readings/s").format(rate=numbers.rate(series.per_second))
    note = tr("{kind} · {pace} · last {age} ago").format(kind=_kind(series.type, tr), pace=pace, age=numbers.span(age))
    figure = numbers.value(series.value, tr)
    if age <= max(_LIVE_SECONDS, usual):
        return Reading(figure, series.unit, tr("Live"), "ok", note)
    return Reading(figure, series.unit, tr("Last value {age} ago").format(age=numbers.span(age)), "warn", note)


def _kind(kind: ValueType, tr: Translate) -> str:
    return {"int": tr("Whole number"), "float": tr("Decimal number"), "bool": tr("On or off")}[kind]
