"""The rows of the page about sources: each source with its state, and each series with its newest value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pulse_desktop.client.port import SeriesInfo, SourceInfo
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.condition import Tone
from pulse_desktop.ui.viewmodels.words import Translate


@dataclass(frozen=True)
class SourceRow:
    """`note`: since when, and the last error."""

    name: str
    rate: str
    note: str
    state: str
    tone: Tone


@dataclass(frozen=True)
class SeriesRow:
    """One series. `age`: of its newest reading."""

    name: str
    kind: str
    value: str
    unit: str
    rate: str
    age: str


def subtitle(sources: Sequence[SourceInfo], tr: Translate) -> str:
    """How many collect, and how fast."""
    if not sources:
        return tr("No source is configured")
    running = numbers.count(sum(source.state == "running" for source in sources))
    rate = numbers.rate(sum(source.per_second for source in sources))
    text = tr("{running} of {count} collecting · {rate} readings a second")
    return text.format(running=running, count=numbers.count(len(sources)), rate=rate)


def source_rows(sources: Iterable[SourceInfo], tr: Translate) -> list[SourceRow]:
    """What needs attention first, then by name."""
    ordered = sorted(sources, key=lambda source: (_ORDER.get(source.state, 0), source.name))
    return [_source(source, tr) for source in ordered]


_ORDER = {"failed": 1, "waiting": 2, "running": 3}


def _source(source: SourceInfo, tr: Translate) -> SourceRow:
    since = numbers.clock_time(source.since)
    words: dict[str, tuple[str, Tone]] = {
        "running": (tr("Collecting"), "ok"),
        "failed": (tr("Failed"), "crit"),
        "waiting": (tr("Waiting"), "quiet"),
    }
    word, tone = words.get(source.state, (source.state, "quiet"))
    note = f"{since} · {source.error}" if source.error else since
    return SourceRow(source.name, f"{numbers.rate(source.per_second)} /s", note, word, tone)


def series_rows(series: Iterable[SeriesInfo], now: int, tr: Translate) -> list[SeriesRow]:
    """By name. `now`: microseconds since 1970 UTC."""
    kinds = {"int": tr("whole number"), "float": tr("decimal number"), "bool": tr("on or off")}
    return [
        SeriesRow(
            one.name,
            kinds[one.type],
            numbers.value(one.value, tr),
            one.unit,
            f"{numbers.rate(one.per_second)} /s",
            numbers.NOTHING if one.t is None else numbers.span((now - one.t) / 1e6),
        )
        for one in sorted(series, key=lambda one: one.name)
    ]
