"""The collector's value objects: readings, series, epochs, losses, limits and failures. They do no I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from pulse_contracts.message import ValueType
from pulse_contracts.ranges import EMPTY, Range, Ranges
from pulse_contracts.telemetry import MAX_BATCH, MAX_ORD, DropReason, SeriesDeclaration, summary_epoch

Value = bool | int | float
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
BLOCK_READINGS = MAX_BATCH
"""Maximum number of readings in one stored block. One block then always fits into one batch."""


class Reading(NamedTuple):
    """One value of one series. `series`: the series id on this disk. `t`: microseconds since 1970, device clock."""

    series: int
    t: int
    value: Value


class UnfitValueError(ValueError):
    """A source returned a value of the wrong type for its series: a bug in the source."""


def check_value(kind: ValueType, value: Value) -> None:
    """Raises UnfitValueError unless `value` is exactly of type `kind` and fits 64 bits. Nothing is cast."""
    fits = type(value) is {"int": int, "float": float, "bool": bool}[kind]
    if not fits or (kind == "int" and not INT_MIN <= value <= INT_MAX):
        raise UnfitValueError(f"{value!r} is not {kind}")


@dataclass(frozen=True)
class SeriesSpec:
    """A series as its source describes it. `interval`: nominal time between two readings in microseconds."""

    name: str
    type: ValueType
    unit: str = ""
    display_name: str = ""
    interval: int | None = None


SeriesTable = tuple[SeriesDeclaration, ...]

SUMMARY_ORD = 0
"""`ord` of every summary epoch: older than any other epoch, so that a summary never becomes a latest value."""


@dataclass(frozen=True)
class Epoch:
    """The sequence of numbers that one process start assigns. `id` is random and identifies the epoch. `ord` orders
    the epochs of this disk."""

    id: int
    ord: int

    def above(self, newest: Sequence[tuple[int, int]]) -> "Epoch":
        """This epoch, with an `ord` above every other epoch in `newest`, a list of (ord, epoch id).

        After a backup was restored, the gateway may know another epoch with the same or a higher `ord`. Latest values
        would then never change. Values that no device can have reached are ignored, because nothing could follow them.
        """
        highest = max((ord_ for ord_, epoch in newest if epoch != self.id and ord_ < MAX_ORD), default=-1)
        return self if self.ord > highest else replace(self, ord=highest + 1)

    @property
    def summary_id(self) -> int:
        """Id of the epoch that numbers the summaries of this epoch."""
        return summary_epoch(self.id)

    @property
    def own_ids(self) -> frozenset[int]:
        """Ids of the two epochs in which only this process assigns numbers."""
        return frozenset((self.id, self.summary_id))


def by_age(epochs: Iterable[int], ords: Mapping[int, int]) -> list[int]:
    """Epoch ids, oldest first."""
    return sorted(epochs, key=lambda epoch: (ords.get(epoch, 0), epoch))


@dataclass(frozen=True)
class Drop:
    """Readings `[lo, hi)` of an epoch that are lost for `reason`. `first`, `last`: their times, if known."""

    epoch: int
    lo: int
    hi: int
    reason: DropReason
    first: int | None = None
    last: int | None = None

    @property
    def range(self) -> Range:
        """The lost sequence numbers."""
        return self.lo, self.hi


@dataclass(frozen=True)
class Refusal:
    """A reading that the gateway refused, or that the collector quarantined itself (code `unanswered`)."""

    seq: int
    code: str
    detail: str = ""


@dataclass(frozen=True)
class Settlement:
    """Settled ranges of one epoch: their readings leave the buffer, the refused ones go to the quarantine.
    `unconfirmed`: refusals that the gateway repeats until the collector confirms that its quarantine holds them."""

    epoch: int
    ranges: Ranges
    refused: tuple[Refusal, ...] = ()
    unconfirmed: Ranges = EMPTY


@dataclass(frozen=True)
class Holdings:
    """What the file holds: `ord` and unsettled ranges by epoch id, and losses without an acknowledgement. `kept`:
    settled ranges whose readings are still in the file."""

    ords: dict[int, int] = field(default_factory=dict)
    pending: dict[int, Ranges] = field(default_factory=dict)
    drops: tuple[Drop, ...] = ()
    highest_ord: int = 0
    kept: dict[int, Ranges] = field(default_factory=dict)

    def of(self, epoch: int) -> Ranges:
        """Unsettled ranges of one epoch."""
        return self.pending.get(epoch, EMPTY)


@dataclass(frozen=True)
class Slice:
    """Consecutive stored readings `[lo, lo + len(readings))` of one epoch."""

    epoch: int
    lo: int
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class BufferLimits:
    """The buffer is full at `max_bytes` on disk, at `max_readings`, or when the disk has only `min_free_bytes` left.
    A full disk never takes `FLOOR_BYTES` from the buffer. `ring`: readings kept in memory while the disk fails.
    `keep_settled`: seconds for which settled readings stay in the file, unless the buffer is full."""

    max_bytes: int = 1_000_000_000
    max_readings: int = 500_000_000
    min_free_bytes: int = 100_000_000
    ring: int = 50_000
    keep_settled: float = 0.0


FLOOR_BYTES = 1_000_000
"""The buffer may always use this much, however full the disk is."""


@dataclass(frozen=True)
class Evictable:
    """What may be evicted from a full buffer. `waiting`: readings in the file. `thinnable`: ranges of the running
    epoch that were never sent. `summary_next`: next sequence number for summaries. The store calls
    `announce(epoch, lo, readings)` before it commits summaries."""

    waiting: int
    thinnable: Ranges
    summary_next: int
    announce: Callable[[int, int, Sequence[Reading]], None]


@dataclass(frozen=True)
class Evicted:
    """What an append evicted from a full buffer. `summarised`: ranges of the new summaries in the summary epoch."""

    lost: tuple[Drop, ...] = ()
    summarised: Ranges = EMPTY


@dataclass(frozen=True)
class Appended:
    """The result of an append. `committed`: ranges of the running epoch that became durable. `lost`: readings evicted
    or missing. `summarised`: ranges of the summary epoch that became durable."""

    committed: tuple[Range, ...] = ()
    lost: tuple[Drop, ...] = ()
    summarised: Ranges = EMPTY


@dataclass(frozen=True)
class Usage:
    """`used`: bytes of pages in use without kept settled readings, `kept`: bytes of those. `limit`: maximum, lower on a
    full disk. `waiting`: unsettled readings, `max_waiting`: maximum. `free`: free bytes of the disk. `quarantined`:
    rows in the quarantine. `oldest`: time of the oldest waiting reading, microseconds."""

    used: int = 0
    kept: int = 0
    limit: int = 1
    waiting: int = 0
    max_waiting: int = 1
    free: int = 0
    quarantined: int = 0
    oldest: int | None = None

    @property
    def share(self) -> float:
        """How full the buffer is, 0 to 1."""
        return min(1.0, max(self.used / self.limit, self.waiting / self.max_waiting))


FailureKind = Literal["full", "read-only", "i/o error", "corrupt"]


class StoreFailure(Exception):  # a state of the world
    """The disk cannot be read or written: it is full, read-only or broken, or the file is corrupt."""

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail = kind, detail


class BlockUnreadable(Exception):  # a fact about one block
    """A stored block cannot be decoded. Its readings are lost and must be declared."""

    def __init__(self, epoch: int, lo: int, hi: int, detail: str) -> None:
        super().__init__(f"block [{lo}, {hi}) of epoch {epoch}: {detail}")
        self.epoch, self.lo, self.hi, self.detail = epoch, lo, hi, detail


@dataclass
class Counts:
    """Readings since the process started. `offered_again`: settled readings that the gateway no longer had."""

    produced: int = 0
    settled: int = 0
    offered_again: int = 0
    refused: int = 0
    dropped: int = 0
    lost_in_memory: int = 0
