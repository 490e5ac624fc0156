"""How far one collector is: what it has acknowledged, what is in flight, and what to send next."""

import hashlib
import random
from dataclasses import dataclass, replace
from typing import Final, Literal

from pulse_contracts.backoff import retry_delay
from pulse_contracts.collectors import CollectorState
from pulse_contracts.mirror import MirrorState

Sendable = Literal["rekey", "snapshot", "delta"]
RETRY_FLOOR, RETRY_CAP = 5.0, 60.0
"""Seconds before an unacknowledged message is sent again: 5, 10, 20, 40, 60, 60, … with jitter."""
MAX_NONCES: Final = 64
SILENCE: Final = 150 * 1_000_000
"""Microseconds without a report after which messages wait for the next one. A collector that is connected reports once
a minute, so nothing is lost. And after a restore of this database, whose times are old, every collector reports first:
it may know revocations that the database has forgotten."""


@dataclass(frozen=True)
class Flight:
    """The message that the collector has not acknowledged yet.

    seq: the position after it. For a rekey: the number of the new key.
    asof: of a snapshot.
    attempts: how often it was sent.
    at: when it was sent last, in microseconds.
    """

    kind: Sendable
    seq: int
    asof: int
    attempts: int
    at: int


@dataclass(frozen=True)
class Progress:
    """The state of one collector's mirror as sync-publisher knows it.

    state: auth's state of the collector.
    gen: number of its enrolment. 0: not enrolled.
    key: number of the sealing key. next_key: number of the key that a rekey introduces; None without one.
    seq: position of the newest entry of its log.
    acked: position that the collector has applied. It does not exceed `seq`.
    sent: highest position that was sent in this enrolment.
    needs_snapshot: the collector needs its whole set.
    reported: the state in its newest report. None: no report since the enrolment.
    seen: when its newest report arrived, in microseconds. None: none, or only one that this database cannot explain.
    beat: number of the newest heartbeat to it. reported_n: highest heartbeat number that it reported.
    nonces: of its newest hellos and requests, newest last. Each is answered once.
    wiped_gen: newest enrolment that was wiped. 0: none.
    """

    device: str
    state: CollectorState = "enabled"
    gen: int = 1
    key: int = 0
    next_key: int | None = None
    seq: int = 0
    acked: int = 0
    sent: int = 0
    needs_snapshot: bool = True
    reported: MirrorState | None = None
    seen: int | None = None
    beat: int = 0
    reported_n: int = 0
    nonces: tuple[str, ...] = ()
    flight: Flight | None = None
    wiped_gen: int = 0
    keyed_at: int = 0

    @property
    def is_managed(self) -> bool:
        """Whether messages are sent to it."""
        return self.state == "enabled" and self.gen > 0

    @property
    def is_wiped(self) -> bool:
        """Whether its mirror was wiped in this enrolment, or is being wiped."""
        return self.gen > 0 and (self.wiped_gen >= self.gen or self.reported == "wiped")


def enrolled(old: Progress, gen: int) -> Progress:
    """The collector has new keys: it starts with an empty mirror. Its log continues."""
    return Progress(
        old.device,
        "enabled",
        gen,
        seq=old.seq,
        beat=old.beat,
        wiped_gen=old.wiped_gen,
    )


def next_message(progress: Progress) -> Sendable | None:
    """What to send next. None: nothing, or nothing before the collector has reported in this enrolment."""
    if not progress.is_managed or progress.is_wiped:
        return None
    if progress.next_key is not None:
        return "rekey"
    if progress.reported is None:
        return None
    if progress.needs_snapshot:
        return "snapshot"
    return "delta" if progress.acked < progress.seq else None


def is_silent(progress: Progress, now: int) -> bool:
    """Whether the collector is not connected, as far as its reports show."""
    return progress.seen is None or now - progress.seen > SILENCE


def takes_revocations(progress: Progress, now: int, rng: random.Random) -> bool:
    """Whether a delta with revocations is due to a collector that waits for its snapshot, which needs a current copy of
    the accounts. A revocation needs none. A new mirror has nothing to revoke, and in a rollback nobody signs in."""
    if progress.reported in {"new", "rollback"} or progress.acked >= progress.seq:
        return False
    due = send_time(progress, now, rng, "delta")
    return due is not None and due <= now


def send_time(progress: Progress, now: int, rng: random.Random, kind: Sendable | None = None) -> int | None:
    """When to send next, in microseconds. None: when something happens. It is never later than the retry of the message
    in flight, so a change is sent to a connected collector until it is acknowledged, for ever. `kind`: the message to
    send; None: `next_message`."""
    kind = kind or next_message(progress)
    if kind is None:
        return None
    if kind != "rekey" and is_silent(progress, now):
        return None
    flight = progress.flight
    if flight is None or flight.kind != kind:
        return now
    return flight.at + round(retry_delay(flight.attempts, RETRY_FLOOR, RETRY_CAP, rng) * 1_000_000)


def sent(progress: Progress, kind: Sendable, position: tuple[int, int], now: int) -> Progress:
    """The state after a message was sent. `position`: its `seq` (for a rekey the key number) and its `asof`."""
    seq, asof = position
    flight = progress.flight
    attempts = flight.attempts + 1 if flight is not None and flight.kind == kind else 1
    high = progress.sent if kind == "rekey" else max(progress.sent, seq)
    return replace(progress, flight=Flight(kind, seq, asof, attempts, now), sent=high)


def snapshot_asof(progress: Progress, counter: int, newest: int) -> int:
    """`asof` of the next snapshot. A repeat of the same position keeps it, and with it the id of the snapshot: then the
    collector needs only the parts that it has not received. `newest`: highest version of its records. `asof` is never
    below it, also if the counter was read before the last change: the collector would refuse every repeat."""
    flight = progress.flight
    if flight is not None and flight.kind == "snapshot" and flight.seq == progress.seq and flight.asof >= newest:
        return flight.asof
    return max(counter, newest)


def snapshot_id(progress: Progress, asof: int, set_: str, parts: int) -> str:
    """The id of a snapshot. Equal content gets an equal id, so that a collector completes a snapshot with parts of a
    repeat."""
    text = f"{progress.device}:{progress.gen}:{progress.key}:{progress.seq}:{asof}:{set_}:{parts}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def with_rekey(progress: Progress, reported: int | None = None) -> Progress:
    """A rekey begins, unless one is in progress that is new enough. `reported`: the unknown key number of a report."""
    known = max(progress.key, -1 if reported is None else reported)
    if progress.next_key is not None and progress.next_key > known:
        return progress
    return replace(progress, next_key=known + 1, flight=None)


def with_key_confirmed(progress: Progress, now: int) -> Progress:
    """A report under the new key arrived: the old key ends, and a full snapshot follows."""
    if progress.next_key is None:
        return progress
    return replace(
        progress, key=progress.next_key, next_key=None, flight=None, needs_snapshot=True, keyed_at=now, nonces=()
    )
