"""What the collector talks about: readings, series, lives, losses. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from pulse_contracts.message import ValueType
from pulse_contracts.telemetry import MAX_BATCH, MAX_ORD, DropReason, SeriesDeclaration
from pulse_desktop.core.ranges import EMPTY, Range, Ranges

Value = bool | int | float
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
BLOCK_READINGS = MAX_BATCH
"""Readings in one stored block at most, so that one block never needs two batches."""


class Reading(NamedTuple):
    """One value of one series. `series`: the disk's own id; `t`: microseconds since 1970 by the device's clock."""

    series: int
    t: int
    value: Value


class UnfitValueError(ValueError):
    """A source gave a value that its series cannot hold: a programming error of the source."""


def check_value(kind: ValueType, value: Value) -> None:
    """Raises UnfitValueError unless `value` is exactly of `kind` (no silent cast) and fits 64 bits."""
    fits = type(value) is {"int": int, "float": float, "bool": bool}[kind]
    if not fits or (kind == "int" and not INT_MIN <= value <= INT_MAX):
        raise UnfitValueError(f"{value!r} is not {kind}")


@dataclass(frozen=True)
class SeriesSpec:
    """A series as its source describes it. `interval`: nominal distance of two readings in microseconds."""

    name: str
    type: ValueType
    unit: str = ""
    display_name: str = ""
    interval: int | None = None


_SUMMARY = 0x5A17_0F_7415_DECADE
SUMMARY_ORD = 0
"""Summaries count as older than any life, so that latest values never move to one of them."""


@dataclass(frozen=True)
class Life:
    """One life of the counter: `epoch` is its identity (random), `ord` its place in time on this disk."""

    epoch: int
    ord: int

    def above(self, newest: Sequence[tuple[int, int]]) -> "Life":
        """Another life with an equal or higher `ord` (a restored disk) would freeze latest values: the same life, above
        it. A number that no device can have reached is not followed, or none would be left for the lives to come."""
        highest = max((ord_ for ord_, epoch in newest if epoch != self.epoch and ord_ < MAX_ORD), default=-1)
        return self if self.ord > highest else replace(self, ord=highest + 1)

    @property
    def summary(self) -> int:
        """The epoch of this life's summaries: as fresh and as random as its own."""
        return self.epoch ^ _SUMMARY

    @property
    def own(self) -> frozenset[int]:
        """Both epochs that only this process can have given numbers of."""
        return frozenset((self.epoch, self.summary))


def by_age(epochs: Iterable[int], ords: Mapping[int, int]) -> list[int]:
    """Oldest first."""
    return sorted(epochs, key=lambda epoch: (ords.get(epoch, 0), epoch))


@dataclass(frozen=True)
class Drop:
    """Readings `[lo, hi)` of an epoch that are lost for `reason`; `first`, `last`: when they were taken, if known."""

    epoch: int
    lo: int
    hi: int
    reason: DropReason
    first: int | None = None
    last: int | None = None

    @property
    def range(self) -> Range:
        """Its sequence numbers."""
        return self.lo, self.hi


@dataclass(frozen=True)
class Refusal:
    """A reading that was refused, by the gateway or by ourselves (`unanswered`)."""

    seq: int
    code: str
    detail: str = ""


@dataclass(frozen=True)
class Settlement:
    """Ranges of one epoch that are settled: their readings leave the buffer, the refused ones into the quarantine.
    `told`: what the gateway said was refused; to be confirmed once none of it can be lost any more."""

    epoch: int
    ranges: Ranges
    refused: tuple[Refusal, ...] = ()
    told: Ranges = EMPTY


@dataclass(frozen=True)
class Holdings:
    """What the disk holds when the process starts."""

    ords: dict[int, int] = field(default_factory=dict)
    pending: dict[int, Ranges] = field(default_factory=dict)
    drops: tuple[Drop, ...] = ()
    highest_ord: int = 0

    def of(self, epoch: int) -> Ranges:
        """Unsettled readings of one epoch."""
        return self.pending.get(epoch, EMPTY)


@dataclass(frozen=True)
class Slice:
    """Consecutive readings `[lo, lo + len(readings))` of one epoch, as they were stored."""

    epoch: int
    lo: int
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class BufferLimits:
    """The buffer is full at `max_bytes` on disk, at `max_readings`, or when growing would leave less than
    `min_free_bytes` of the disk to others (it then stays as large as it is, and may always have `FLOOR_BYTES`).
    `ring`: readings in memory while the disk refuses."""

    max_bytes: int = 1_000_000_000
    max_readings: int = 500_000_000
    min_free_bytes: int = 100_000_000
    ring: int = 50_000


FLOOR_BYTES = 1_000_000
"""What the buffer may use however full the disk is."""


@dataclass(frozen=True)
class Room:
    """What an append may do to a full buffer. `waiting`: readings on the disk; `thinnable`: ranges of the running life
    that were never sent; `summary_next`: the next number of its summaries; `announce(epoch, lo, readings)` is called
    before summaries are committed."""

    waiting: int
    thinnable: Ranges
    summary_next: int
    announce: Callable[[int, int, Sequence[Reading]], None]


@dataclass(frozen=True)
class Cost:
    """What an append did to a full buffer: losses, and the range that summaries got in the life's summary epoch."""

    lost: tuple[Drop, ...] = ()
    summarised: Ranges = EMPTY


@dataclass(frozen=True)
class Usage:
    """`used`: bytes of pages in use, of `limit` (which a full disk makes smaller). `waiting`: readings, of
    `max_waiting`. `free`: bytes that the disk has left. `quarantined`: rows kept of what was refused. `oldest`: when
    the oldest waiting reading was taken."""

    used: int = 0
    limit: int = 1
    waiting: int = 0
    max_waiting: int = 1
    free: int = 0
    quarantined: int = 0
    oldest: int | None = None

    @property
    def share(self) -> float:
        """How full the buffer is: 0 to 1."""
        return min(1.0, max(self.used / self.limit, self.waiting / self.max_waiting))


FailureKind = Literal["full", "read-only", "i/o error", "corrupt"]


class StoreFailure(Exception):  # a state of the world
    """The disk does not take or give: full, read-only, broken, or the file is corrupt."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


class BlockUnreadable(Exception):  # a fact about one block
    """A stored block does not decode: its readings are lost and have to be declared."""

    def __init__(self, epoch: int, lo: int, hi: int, detail: str) -> None:
        super().__init__(f"block [{lo}, {hi}) of epoch {epoch}: {detail}")
        self.epoch, self.lo, self.hi, self.detail = epoch, lo, hi, detail


SeriesTable = tuple[SeriesDeclaration, ...]


@dataclass(frozen=True)
class Appended:
    """What became durable (`committed`, ranges of the running life), what that cost (`lost`), and what is kept of that
    (`summarised`, ranges of the life's summary epoch)."""

    committed: tuple[Range, ...] = ()
    lost: tuple[Drop, ...] = ()
    summarised: Ranges = EMPTY


@dataclass
class Counts:
    """Readings since the process started."""

    produced: int = 0
    settled: int = 0
    refused: int = 0
    dropped: int = 0
    lost_in_memory: int = 0
