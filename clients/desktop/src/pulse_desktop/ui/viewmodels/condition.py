"""The condition of the collector in one word, a colour and a sentence: connecting, offline, replaying, full, …"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from pulse_desktop.core.status.fill import LEVELS
from pulse_desktop.core.status.snapshot import Snapshot
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.words import Translate

Tone = Literal["ok", "accent", "warn", "crit", "quiet"]
"""The colour of a state. It always accompanies a word."""

REPLAY_FROM = 1_000
"""Fewer waiting readings than this are live readings on their way, not a backlog."""
_OLD_SECONDS = 10.0
"""A waiting reading this old belongs to a backlog, however few there are."""


class Condition(Enum):
    """The most important thing to know about the collector; the last that applies wins."""

    STARTING = "starting"
    LIVE = "live"
    CONNECTING = "connecting"
    REPLAYING = "replaying"
    PAUSED = "paused"
    OFFLINE = "offline"
    REFUSED = "refused"
    NEARLY_FULL = "nearly_full"
    FULL = "full"
    FAULT = "fault"


TONES: dict[Condition, Tone] = {
    Condition.STARTING: "quiet",
    Condition.LIVE: "ok",
    Condition.CONNECTING: "quiet",
    Condition.REPLAYING: "accent",
    Condition.PAUSED: "warn",
    Condition.OFFLINE: "warn",
    Condition.REFUSED: "crit",
    Condition.NEARLY_FULL: "warn",
    Condition.FULL: "crit",
    Condition.FAULT: "crit",
}


@dataclass(frozen=True)
class Said:
    """A state as a person reads it. `word`: for a badge. `sentence`: what is, then what to do."""

    word: str
    sentence: str
    tone: Tone


def is_backlog(snapshot: Snapshot) -> bool:
    """Whether old readings wait, and not only live readings on their way."""
    return snapshot.waiting >= REPLAY_FROM or (snapshot.oldest_waiting_age or 0.0) >= _OLD_SECONDS


def is_paused(snapshot: Snapshot) -> bool:
    """Whether the operator has paused the backlog."""
    return snapshot.replay.startswith("paused")


def condition_of(snapshot: Snapshot | None) -> Condition:
    """The condition of the collector; STARTING before the first snapshot."""
    if snapshot is None:
        return Condition.STARTING
    if snapshot.fault:
        return Condition.FAULT
    if snapshot.full_in == 0 or snapshot.buffer_fill >= 1:
        return Condition.FULL
    if snapshot.buffer_fill >= LEVELS[1]:
        return Condition.NEARLY_FULL
    return _link(snapshot)


def link_of(snapshot: Snapshot | None) -> Condition:
    """The condition of the connection alone, for the status bar."""
    return Condition.STARTING if snapshot is None else _link(snapshot)


def _link(snapshot: Snapshot) -> Condition:
    if snapshot.link == "refused":
        return Condition.REFUSED
    if snapshot.link == "connecting":
        return Condition.CONNECTING
    if snapshot.link != "connected":
        return Condition.OFFLINE
    if not is_backlog(snapshot):
        return Condition.LIVE
    return Condition.PAUSED if is_paused(snapshot) else Condition.REPLAYING


def say(snapshot: Snapshot | None, tr: Translate) -> Said:
    """The condition in words."""
    condition = condition_of(snapshot)
    if snapshot is None:
        return Said(tr("Starting"), tr("The collector is starting"), TONES[condition])
    return Said(_word(condition, tr), _sentence(condition, snapshot, tr), TONES[condition])


def say_link(snapshot: Snapshot | None, tr: Translate) -> Said:
    """The connection in words, for the status bar."""
    condition = link_of(snapshot)
    words = {
        Condition.STARTING: tr("Starting"),
        Condition.CONNECTING: tr("Connecting"),
        Condition.OFFLINE: tr("Offline"),
        Condition.REFUSED: tr("Refused by the broker"),
    }
    tone = TONES[condition] if condition in words else "ok"
    sentence = _sentence(condition, snapshot, tr) if snapshot is not None else ""
    return Said(words.get(condition, tr("Connected")), sentence, tone)


def _word(condition: Condition, tr: Translate) -> str:
    return {
        Condition.STARTING: tr("Starting"),
        Condition.LIVE: tr("Connected"),
        Condition.CONNECTING: tr("Connecting"),
        Condition.REPLAYING: tr("Connected · replaying"),
        Condition.PAUSED: tr("Replay paused"),
        Condition.OFFLINE: tr("Offline"),
        Condition.REFUSED: tr("Refused"),
        Condition.NEARLY_FULL: tr("Nearly full"),
        Condition.FULL: tr("Full"),
        Condition.FAULT: tr("Fault"),
    }[condition]


def _sentence(condition: Condition, snapshot: Snapshot, tr: Translate) -> str:
    left = "" if snapshot.full_in is None else numbers.span(snapshot.full_in)
    detail = re.sub(r"^\[Errno \d+\] ", "", snapshot.link_detail)  # people read the words
    texts = {
        Condition.STARTING: tr("The collector is starting"),
        Condition.LIVE: tr("Readings are delivered as they come"),
        Condition.CONNECTING: tr("Readings are kept on this disk until the broker answers"),
        Condition.REPLAYING: tr("Readings kept while the broker was unreachable are being replayed in order"),
        Condition.PAUSED: tr("Old readings wait until the replay is resumed. Live readings are delivered"),
        Condition.OFFLINE: tr("Readings are kept on this disk and delivered when the broker answers"),
        Condition.REFUSED: tr("The broker refuses this collector. Readings are kept on this disk"),
        Condition.NEARLY_FULL: tr("Full in {left}. Reconnect, or free disk space").format(left=left)
        if left
        else tr("{share} of the buffer is used. Reconnect, or free disk space").format(
            share=numbers.percent(snapshot.buffer_fill)
        ),
        Condition.FULL: tr(
            "The oldest readings are thinned, then dropped. Reconnect, or raise the limit of the buffer"
        ),
        Condition.FAULT: snapshot.fault,
    }
    text = texts[condition]
    return f"{text}: {detail}" if detail and condition in {Condition.OFFLINE, Condition.REFUSED} else text
