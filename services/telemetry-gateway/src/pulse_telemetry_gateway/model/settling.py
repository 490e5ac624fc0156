"""What of a group of batches is new, given the ledger of their streams: pure, and the heart of "nothing twice"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from pulse_contracts.message import Lane
from pulse_telemetry_gateway.model.arrivals import Arrival, StreamChange, StreamKey
from pulse_telemetry_gateway.model.columns import Columns
from pulse_telemetry_gateway.model.ranges import Range, add, subtract, touches

ROW_READINGS: Final = 4_000
"""Readings in one row of the log at most."""
ROW_GAP: Final = 10_000
"""Sequence numbers between neighbours in one row at most: a row's range stays close to what it holds."""
Piece = tuple[Arrival, Columns]


@dataclass(frozen=True)
class Refusal:
    """The refused readings of one batch that are settled by it."""

    stream: StreamKey
    seqs: list[int]
    codes: list[str]


@dataclass
class News:
    """What a group adds: readings by (device id, epoch, ord, lane), refusals, and how many batches added nothing or
    were held back."""

    pieces: dict[tuple[int, int, int, Lane], list[Piece]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    duplicates: int = 0
    held: int = 0


def settle(
    group: Sequence[Arrival], changes: Mapping[StreamKey, StreamChange], fragments_max: int | None = None
) -> News:
    """Subtracts what is settled from each batch, one after the other, and widens `changes` by what is new. A stream in
    more than `fragments_max` pieces takes only what adds no piece: the rest is held back, and comes again."""
    news = News()
    for given in group:
        change = changes[given.device_id, given.epoch]
        arrival = given if given.is_numbered else given.numbered_from(change.next)
        fresh = subtract(arrival.wanted, change.settled)
        if fragments_max is not None and adds_beyond(change.settled, arrival.wanted, fragments_max):
            news.held += arrival.batches
            continue
        _note(change, arrival)
        if not fresh:
            news.duplicates += arrival.batches
            continue
        for part in fresh:
            add(change.settled, part)
            add(change.added, part)
        refused = [(one.seq, one.code) for one in arrival.refused if _is_in(one.seq, fresh)]
        if refused:
            change.refused += len(refused)
            seqs, codes = zip(*refused, strict=True)
            news.refusals.append(Refusal((arrival.device_id, arrival.epoch), list(seqs), list(codes)))
        columns = _within(arrival.columns, fresh, arrival.wanted)
        if columns is not None and len(columns):
            change.stored += len(columns)
            key = (arrival.device_id, arrival.epoch, arrival.ord, arrival.lane)
            news.pieces.setdefault(key, []).append((arrival, columns))
    return news


def adds_beyond(settled: Sequence[Range], part: Range, fragments_max: int) -> bool:
    """Whether the part would be one more piece of a stream that is in too many already."""
    return len(settled) > fragments_max and not touches(settled, part)


def rows(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Neighbours that arrived together become one row of the log, for it is rows that cost."""
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
