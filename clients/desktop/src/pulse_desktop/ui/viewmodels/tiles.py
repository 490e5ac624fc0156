"""The tiles of the pages: a label, a figure with its unit, and one line that explains it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulse_desktop.client.port import SourceInfo
from pulse_desktop.core.mirror.driver import MirrorView
from pulse_desktop.core.status.snapshot import Snapshot
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.condition import Condition, Tone, condition_of, is_backlog, say
from pulse_desktop.ui.viewmodels.words import Translate


@dataclass(frozen=True)
class Tile:
    """`note`: the line below the figure, in the colour of `tone`."""

    label: str
    figure: str
    unit: str = ""
    note: str = ""
    tone: Tone = "quiet"


def dashboard_tiles(snapshot: Snapshot | None, sources: Sequence[SourceInfo], tr: Translate) -> tuple[Tile, ...]:
    """Readings per second, buffered locally, time to full or oldest unsent, sources running."""
    return (_rate(snapshot, tr), _buffered(snapshot, tr), _outlook(snapshot, tr), sources_tile(sources, tr))


def sync_tiles(snapshot: Snapshot | None, tr: Translate) -> tuple[Tile, ...]:
    """Oldest unsent, on disk, settled, credential mirror."""
    return (_oldest(snapshot, tr), _on_disk(snapshot, tr), _settled(snapshot, tr), _mirror(snapshot, tr))


def sources_tile(sources: Sequence[SourceInfo], tr: Translate) -> Tile:
    """How many sources run, and which one does not."""
    running = sum(source.state == "running" for source in sources)
    failed = [source for source in sources if source.state == "failed"]
    unit = tr("of {count}").format(count=numbers.count(len(sources))) if sources else ""
    figure = numbers.count(running) if sources else numbers.NOTHING
    label = tr("Sources running")
    if not sources:
        return Tile(label, figure, unit, tr("No source is configured"))
    if len(failed) == 1:
        return Tile(label, figure, unit, tr("{name} failed").format(name=failed[0].name), "warn")
    if failed:
        return Tile(label, figure, unit, tr("{count} failed").format(count=len(failed)), "warn")
    if running < len(sources):
        return Tile(label, figure, unit, tr("{count} waiting").format(count=len(sources) - running))
    return Tile(label, figure, unit, tr("All running"), "ok")


def _rate(snapshot: Snapshot | None, tr: Translate) -> Tile:
    label = tr("Readings per second")
    if snapshot is None:
        return Tile(label, numbers.NOTHING)
    note = tr("{count} since the start").format(count=numbers.count(snapshot.produced))
    if snapshot.lost_in_memory:
        lost = numbers.count(snapshot.lost_in_memory)
        return Tile(
            label,
            numbers.rate(snapshot.produced_per_second),
            "/s",
            tr("{count} lost: the disk is full").format(count=lost),
            "crit",
        )
    return Tile(label, numbers.rate(snapshot.produced_per_second), "/s", note)


def _buffered(snapshot: Snapshot | None, tr: Translate) -> Tile:
    label = tr("Buffered locally")
    if snapshot is None:
        return Tile(label, numbers.NOTHING)
    if not is_backlog(snapshot):
        # a few live readings are always on their way
        return Tile(label, numbers.count(snapshot.waiting), tr("readings"), tr("All older readings delivered"), "ok")
    said = say(snapshot, tr)
    return Tile(label, numbers.count(snapshot.waiting), tr("readings"), said.word, said.tone)


def _outlook(snapshot: Snapshot | None, tr: Translate) -> Tile:
    """The time until the buffer is full while it fills; otherwise the age of the oldest reading."""
    if snapshot is None:
        return Tile(tr("Oldest unsent"), numbers.NOTHING)
    condition = condition_of(snapshot)
    used = tr("{share} of the buffer used").format(share=numbers.percent(snapshot.buffer_fill))
    if condition is Condition.FULL:
        return Tile(tr("Time to full"), tr("Full"), "", tr("The oldest readings are thinned"), "crit")
    if snapshot.full_in is not None and (is_backlog(snapshot) or condition is Condition.NEARLY_FULL):
        tone: Tone = "warn" if condition is Condition.NEARLY_FULL else "quiet"
        return Tile(tr("Time to full"), numbers.span(snapshot.full_in), "", used, tone)
    if snapshot.oldest_waiting_age is None:
        return Tile(tr("Oldest unsent"), tr("None"), "", tr("Everything is delivered"), "ok")
    return Tile(tr("Oldest unsent"), numbers.span(snapshot.oldest_waiting_age), "", used)


def _oldest(snapshot: Snapshot | None, tr: Translate) -> Tile:
    label = tr("Oldest unsent")
    if snapshot is None:
        return Tile(label, numbers.NOTHING)
    if snapshot.oldest_waiting is None:
        return Tile(label, tr("None"), "", tr("Everything is delivered"), "ok")
    age = tr("{age} ago").format(age=numbers.span(snapshot.oldest_waiting_age or 0.0))
    return Tile(label, numbers.clock_time(snapshot.oldest_waiting), "", age)


def _on_disk(snapshot: Snapshot | None, tr: Translate) -> Tile:
    label = tr("On disk")
    if snapshot is None:
        return Tile(label, numbers.NOTHING)
    figure, unit = numbers.size(snapshot.buffer_bytes)
    limit = " ".join(numbers.size(snapshot.buffer_max_bytes))
    condition = condition_of(snapshot)
    tones: dict[Condition, Tone] = {Condition.FULL: "crit", Condition.NEARLY_FULL: "warn"}
    share = numbers.percent(snapshot.buffer_fill)
    note = tr("of {limit} · {share} used").format(limit=limit, share=share)
    return Tile(label, figure, unit, note, tones.get(condition, "quiet"))


def _settled(snapshot: Snapshot | None, tr: Translate) -> Tile:
    label = tr("Settled since the start")
    if snapshot is None:
        return Tile(label, numbers.NOTHING)
    note = tr("{dropped} dropped · {refused} refused").format(
        dropped=numbers.count(snapshot.dropped), refused=numbers.count(snapshot.refused)
    )
    tone: Tone = "warn" if snapshot.dropped or snapshot.refused else "quiet"
    return Tile(label, numbers.count(snapshot.settled), "", note, tone)


def _mirror(snapshot: Snapshot | None, tr: Translate) -> Tile:
    label = tr("Credential mirror")
    if snapshot is None:
        return Tile(label, numbers.NOTHING)
    view = snapshot.mirror
    if view is None:
        return Tile(label, numbers.NOTHING, "", tr("This collector is not enrolled"))
    note, tone = _mirror_note(view, tr)
    return Tile(label, numbers.count(view.count), tr("accounts"), note, tone)


def _mirror_note(view: MirrorView, tr: Translate) -> tuple[str, Tone]:
    if view.problem:
        return view.problem, "crit"
    if view.is_clock_suspect:
        return tr("Clock suspect: nobody signs in offline"), "crit"
    if view.fresh_age is None:
        return tr("Never confirmed by the server"), "warn"
    return tr("Confirmed {age} ago").format(age=numbers.span(view.fresh_age)), "quiet"
