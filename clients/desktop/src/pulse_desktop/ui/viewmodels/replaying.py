"""The card at the top of the sync page, and the controls of the replay."""

from dataclasses import dataclass

from pulse_desktop.core.status.snapshot import Snapshot
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.backlog import Progress
from pulse_desktop.ui.viewmodels.condition import Condition, Said, Tone, condition_of, link_of, say
from pulse_desktop.ui.viewmodels.words import Translate


@dataclass(frozen=True)
class ReplayCard:
    """`share`: 0 to 1, for the bar. `left`, `right`: the lines below the bar."""

    title: str
    badge: str
    tone: Tone
    share: float
    figure: str
    left: str
    right: str


def replay_card(snapshot: Snapshot | None, progress: Progress | None, tr: Translate) -> ReplayCard:
    """How far the backlog is delivered."""
    said = say(snapshot, tr)
    if snapshot is None or progress is None:
        title = tr("Starting") if snapshot is None else tr("No backlog")
        return ReplayCard(title, said.word, said.tone, 1.0 if snapshot else 0.0, "", said.sentence, "")
    link = link_of(snapshot)
    left = tr("{done} of {total} readings acknowledged").format(
        done=numbers.count(progress.done), total=numbers.count(progress.total)
    )
    title = tr("Replaying offline buffer") if link is Condition.REPLAYING else tr("Readings wait on this disk")
    return ReplayCard(
        title, said.word, said.tone, progress.share, numbers.percent(progress.share), left, _right(link, progress, tr)
    )


def _right(link: Condition, progress: Progress, tr: Translate) -> str:
    if link is not Condition.REPLAYING:
        return tr("Live readings only") if link is Condition.PAUSED else tr("Waiting for the broker")
    rate = tr("{rate} readings/s").format(rate=numbers.rate(progress.per_second))
    if progress.seconds_left is None:
        return rate
    return rate + " · " + tr("about {span} left").format(span=numbers.span(progress.seconds_left))


def status_text(snapshot: Snapshot | None, progress: Progress | None, tr: Translate) -> Said | None:
    """The replay in the status bar; None without a backlog that is being replayed."""
    if snapshot is None or progress is None:
        return None
    link = link_of(snapshot)
    if link is Condition.REPLAYING:
        text = tr("Replaying {share}").format(share=numbers.percent(progress.share))
        return Said(text, say(snapshot, tr).sentence, "accent")
    if link is Condition.PAUSED:
        text = tr("Replay paused · {count} wait").format(count=numbers.count(snapshot.waiting))
        return Said(text, say(snapshot, tr).sentence, "warn")
    return None


def buffer_text(snapshot: Snapshot | None, tr: Translate) -> str:
    """The buffer in the status bar: `2.1 MB of 1.0 GB`."""
    if snapshot is None:
        return numbers.NOTHING
    used, limit = " ".join(numbers.size(snapshot.buffer_bytes)), " ".join(numbers.size(snapshot.buffer_max_bytes))
    text = tr("{used} of {limit}").format(used=used, limit=limit)
    if condition_of(snapshot) is Condition.NEARLY_FULL and snapshot.full_in is not None:
        text += " · " + tr("full in {span}").format(span=numbers.span(snapshot.full_in))
    return text
