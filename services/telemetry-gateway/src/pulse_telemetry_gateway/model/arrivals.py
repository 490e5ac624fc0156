"""What a group commit takes and gives: batches on their way into the log, and what is known once they are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pulse_contracts.message import Lane
from pulse_telemetry_gateway.model.columns import Columns
from pulse_telemetry_gateway.model.ranges import Range

StreamKey = tuple[int, int]
"""(device id, epoch)."""


class Arrival(NamedTuple):
    """One screened batch, or so many `batches` that follow each other. `wanted` is the whole range, `refused` the
    sequence numbers that were refused with codes. When it is not `numbered`, the sequence numbers count from 0 and the
    ledger gives it the next ones of its stream."""

    device_id: int
    epoch: int
    ord: int
    wanted: Range
    lane: Lane
    sent: int
    received: int
    columns: Columns | None
    refused: tuple[tuple[int, str], ...]
    is_numbered: bool = True
    batches: int = 1

    def numbered_from(self, lo: int) -> "Arrival":
        """The same batch with the sequence numbers from `lo` on."""
        columns = self.columns
        if columns is not None:
            columns = replace(columns, seq=columns.seq + lo)
        refused = tuple((seq + lo, code) for seq, code in self.refused)
        wanted = (lo, lo + self.wanted[1])
        return self._replace(wanted=wanted, columns=columns, refused=refused, is_numbered=True)


@dataclass(frozen=True, slots=True)
class StreamState:
    """One life of a device's counter as the ledger has it. `unconfirmed`: refused readings that its collector has not
    confirmed. `has_readings`: not only declared losses."""

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


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why nothing of a batch was taken, and never will be."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Again:
    """`refused`: the refused readings (number, code) within `ranges` that their collector has not confirmed."""

    ranges: Sequence[Range]
    refused: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class GroupResult:
    """After the commit: the ledger of every stream in the group, the two newest lives per device, the new rows, and
    by place in the group what was rejected. `unconfirmed`: what has to be told again, for each stream that has any.
    `held`: batches that were held back, for they would tear their stream into too many pieces."""

    settled: dict[StreamKey, list[Range]]
    newest: dict[int, list[tuple[int, int]]]
    logged: list[Logged]
    duplicates: int = 0
    rejected: Mapping[int, Rejection] = field(default_factory=dict)
    unconfirmed: Mapping[StreamKey, Again] = field(default_factory=dict)
    held: int = 0


@dataclass(slots=True)
class StreamChange:
    """What a group adds to one stream. `was`: None when it is new."""

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
        """Nothing yet, but that its `ord` is claimed to be so high."""
        if was is None:
            return cls(claimed, [])
        return cls(max(claimed, was.ord), list(was.settled), was, next=was.next)

    @property
    def is_change(self) -> bool:
        """Whether anything is to be written."""
        return self.was is None or bool(self.added) or (self.ord, self.next) != (self.was.ord, self.was.next)

    @property
    def unconfirmed(self) -> int:
        """Refused readings that the collector has not confirmed."""
        return self.refused + (0 if self.was is None else self.was.unconfirmed)

    @property
    def has_readings(self) -> bool:
        """Whether the epoch exists: it holds a reading, and not only declared losses."""
        return self.stored + self.refused > 0 or (self.was is not None and self.was.has_readings)
