"""What a group commit takes and returns: messages of devices, screened batches, and what is known after the commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

from pulse_bus import Reject
from pulse_contracts.message import Lane
from pulse_contracts.ranges import Range
from pulse_contracts.telemetry import Refused
from pulse_telemetry_gateway.model.storage.columns import Columns

M = TypeVar("M")
StreamKey = tuple[int, int]
"""(device id, epoch)."""


class DeviceMessage(NamedTuple, Generic[M]):
    """A message and the device that sent it. `received` in microseconds, `size` of the payload in bytes."""

    device: str
    message: M
    received: int
    size: int


class Arrival(NamedTuple):
    """A screened batch, or several batches of one stream that follow each other without a gap.

    wanted: all sequence numbers of the batches, as [first, end).
    columns: the readings that can be stored. None: there are none.
    refused: the readings that cannot be stored.
    is_numbered: False when the sequence numbers count from 0; the ledger then assigns the next ones of the stream.
    joints: where the second and each later batch begins.
    """

    device: str
    device_id: int
    epoch: int
    ord: int
    wanted: Range
    lane: Lane
    sent: int
    received: int
    columns: Columns | None
    refused: Sequence[Refused] = ()
    is_numbered: bool = True
    joints: tuple[int, ...] = ()

    @property
    def batches(self) -> int:
        """How many messages it came in."""
        return len(self.joints) + 1

    def numbered_from(self, lo: int) -> "Arrival":
        """The same batch with the sequence numbers from `lo` on."""
        columns = self.columns
        if columns is not None:
            columns = replace(columns, seq=columns.seq + lo)
        refused = [one.model_copy(update={"seq": one.seq + lo}) for one in self.refused]
        wanted = (lo, lo + self.wanted[1])
        return self._replace(wanted=wanted, columns=columns, refused=refused, is_numbered=True)

    def split(self) -> "list[Arrival]":
        """The batches, each by itself."""
        if not self.joints:
            return [self]
        return [self._part(*part) for part in pairwise((self.wanted[0], *self.joints, self.wanted[1]))]

    def _part(self, lo: int, hi: int) -> "Arrival":
        columns = self.columns
        if columns is not None:
            columns = columns.take((columns.seq >= lo) & (columns.seq < hi))
        return self._replace(
            wanted=(lo, hi),
            columns=columns if columns is not None and len(columns) else None,
            refused=[one for one in self.refused if lo <= one.seq < hi],
            joints=(),
        )


@dataclass(frozen=True, slots=True)
class StreamState:
    """What the ledger knows of one epoch. unconfirmed: refused readings that the collector has not confirmed.
    has_readings: True when at least one reading was stored or refused; declared losses alone do not count."""

    ord: int
    settled: list[Range]
    next: int
    unconfirmed: int = 0
    has_readings: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """One row that a group appended to the log."""

    device_id: int
    pos: int
    lane: Lane
    columns: Columns


class AckPart(NamedTuple):
    """Part of an acknowledgement: settled ranges, and the refused readings within them."""

    ranges: Sequence[Range]
    refused: Sequence[Refused]


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What is known after a group commit.

    settled: the whole ledger of each stream in the group.
    newest: the two newest epochs of each device, as (ord, epoch).
    logged: the new rows of the log.
    duplicates: batches that added nothing.
    rejected: by place in the group, why nothing of an arrival was taken and never will be.
    unconfirmed: for each stream that has any, the ranges to acknowledge again and the refused readings in them that
        the collector has not confirmed.
    held: batches that were not taken because they would split their stream into too many ranges.
    """

    settled: dict[StreamKey, list[Range]]
    newest: dict[int, list[tuple[int, int]]]
    logged: list[Logged]
    duplicates: int = 0
    rejected: Mapping[int, Reject] = field(default_factory=dict)
    unconfirmed: Mapping[StreamKey, AckPart] = field(default_factory=dict)
    held: int = 0


@dataclass(slots=True)
class StreamChange:
    """What a group adds to one stream. `was` is None when the stream is new."""

    ord: int
    settled: list[Range]
    was: StreamState | None = None
    added: list[Range] = field(default_factory=list)
    stored: int = 0
    refused: int = 0
    dropped: int = 0
    next: int = 0
    clock_offset: int | None = None

    @classmethod
    def of(cls, claimed: int, was: StreamState | None) -> "StreamChange":
        """An empty change of the stream `was`, whose `ord` is at least `claimed`."""
        if was is None:
            return cls(claimed, [])
        return cls(max(claimed, was.ord), list(was.settled), was, next=was.next)

    @property
    def is_change(self) -> bool:
        """Whether there is anything to write."""
        return self.was is None or bool(self.added) or (self.ord, self.next) != (self.was.ord, self.was.next)

    @property
    def unconfirmed(self) -> int:
        """Refused readings that the collector has not confirmed, including those of this change."""
        return self.refused + (0 if self.was is None else self.was.unconfirmed)

    @property
    def has_readings(self) -> bool:
        """Whether the epoch holds a reading. Declared losses alone do not count."""
        return self.stored + self.refused > 0 or (self.was is not None and self.was.has_readings)
