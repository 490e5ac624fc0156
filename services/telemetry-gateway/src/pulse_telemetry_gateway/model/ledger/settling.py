"""Decides which readings of a group are new, submitted the ledger of their streams. Duplicates are dropped here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from pulse_contracts.message import Lane
from pulse_contracts.ranges import Range, subtract
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival, StreamChange, StreamKey
from pulse_telemetry_gateway.model.ledger.ranges import add, touches
from pulse_telemetry_gateway.model.storage.columns import Columns

ROW_READINGS: Final = 4_000
"""Most readings in one row of the log."""
ROW_GAP: Final = 10_000
"""Largest gap between neighbouring sequence numbers in one row: a row's range stays close to what it holds."""
Piece = tuple[Arrival, Columns]


@dataclass(frozen=True)
class Refusal:
    """The refused readings of one batch that this group settles."""

    stream: StreamKey
    seqs: list[int]
    codes: list[str]


@dataclass
class GroupChanges:
    """What a group adds: readings by (device id, epoch, ord, lane), and refusals. `duplicates` counts batches that
    added nothing, `held` batches that were held back."""

    pieces: dict[tuple[int, int, int, Lane], list[Piece]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    duplicates: int = 0
    held: int = 0


def settle(
    group: Sequence[Arrival], changes: Mapping[StreamKey, StreamChange], fragments_max: int | None = None
) -> GroupChanges:
    """Subtracts the settled numbers from each batch in turn and widens `changes` by the new ones. A stream with more
    than `fragments_max` ranges takes only what adds no further range. The rest is held back; the collector sends it
    again."""
    added = GroupChanges()
    for submitted in group:
        change = changes[submitted.device_id, submitted.epoch]
        arrival = submitted if submitted.is_numbered else submitted.numbered_from(change.next)
        fresh = list(subtract((arrival.wanted,), change.settled))
        if fragments_max is not None and adds_beyond(change.settled, arrival.wanted, fragments_max):
            added.held += arrival.batches
            continue
        _note(change, arrival)
        if not fresh:
            added.duplicates += arrival.batches
            continue
        for part in fresh:
            add(change.settled, part)
            add(change.added, part)
        refused = [(one.seq, one.code) for one in arrival.refused if _is_in(one.seq, fresh)]
        if refused:
            change.refused += len(refused)
            seqs, codes = zip(*refused, strict=True)
            added.refusals.append(Refusal((arrival.device_id, arrival.epoch), list(seqs), list(codes)))
        columns = _within(arrival.columns, fresh, arrival.wanted)
        if columns is not None and len(columns):
            change.stored += len(columns)
            key = (arrival.device_id, arrival.epoch, arrival.ord, arrival.lane)
            added.pieces.setdefault(key, []).append((arrival, columns))
    return added


def adds_beyond(settled: Sequence[Range], part: Range, fragments_max: int) -> bool:
    """Whether `part` would add a range to a stream that already has more than `fragments_max`."""
    return len(settled) > fragments_max and not touches(settled, part)


def rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Groups pieces into rows of the log. Neighbours share a row, because the cost of a commit grows with its rows."""
    found: list[list[Piece]] = []
    size, end = 0, 0
    for piece in sorted(pieces, key=lambda piece: int(piece[1].seq[0])):
        start, n = int(piece[1].seq[0]), len(piece[1])
        if not found or size + n > ROW_READINGS or start - end > ROW_GAP:
            found.append([])
            size = 0
        found[-1].append(piece)
        size, end = size + n, int(piece[1].seq[-1])
    return found


def _note(change: StreamChange, arrival: Arrival) -> None:
    change.next = max(change.next, arrival.wanted[1])
    if arrival.lane == "live":
        offset = arrival.received - arrival.sent
        change.clock_offset = offset if change.clock_offset is None else min(change.clock_offset, offset)


def _within(columns: Columns | None, fresh: list[Range], wanted: Range) -> Columns | None:
    if columns is None or fresh == [wanted]:
        return columns
    keep = np.zeros(len(columns), np.bool_)
    for lo, hi in fresh:
        keep |= (columns.seq >= lo) & (columns.seq < hi)
    return columns.take(keep)


def _is_in(seq: int, parts: list[Range]) -> bool:
    return any(lo <= seq < hi for lo, hi in parts)
