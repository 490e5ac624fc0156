"""Decides which readings of a batch can be stored: known series, right type, finite value, plausible time. The others
are refused one by one with a code."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pulse_contracts.telemetry import Refused
from pulse_telemetry_gateway.model.ingest.batches import Batch
from pulse_telemetry_gateway.model.storage.columns import BOOL, FLOAT, INT, Columns, Ints

_NON_FINITE: Final = frozenset({"NaN", "Infinity", "-Infinity"})
_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """The gateway's series that a collector's series id stands for."""

    id: int
    type: int


class Screened(NamedTuple):
    """The readings that can be stored (None: there are none), and the refused ones."""

    columns: Columns | None
    refused: list[Refused]


@dataclass(frozen=True, slots=True)
class ResolvedSeries:
    """The gateway's series for the ids that a batch lists, in the same order. The type 255 marks an undeclared id."""

    ids: Ints
    types: NDArray[np.uint8]
    is_all_float: bool

    @classmethod
    def of(cls, local_ids: Sequence[int], refs: Mapping[int, SeriesRef]) -> "ResolvedSeries":
        """Looks the ids up in the declarations of their epoch."""
        known = [refs.get(local, _UNDECLARED) for local in local_ids]
        types = np.asarray([ref.type for ref in known], np.uint8)
        return cls(np.asarray([ref.id for ref in known], np.int64), types, bool((types == FLOAT).all()))


_UNDECLARED: Final = SeriesRef(-1, 255)


def screen(
    batches: Sequence[tuple[Batch, ResolvedSeries]], runs: Sequence[int], *, now: int, span: int
) -> list[Screened]:
    """Returns one result for each run. A run is a number of neighbouring batches with the same series that continue
    each other. `now` and `span` are microseconds: a reading further than `span` from `now` is refused.

    The batches are screened as one long column, because small batches cost mainly numpy's calls.
    """
    ends = [0, *accumulate(batch.n for batch, _ in batches)]
    starts, counts = np.asarray(ends[:-1], np.int64), np.diff(ends)
    t = np.concatenate([batch.dt for batch, _ in batches])
    t += np.repeat(np.asarray([batch.t0 for batch, _ in batches], np.int64), counts)
    x = np.concatenate([batch.x for batch, _ in batches])
    seq = np.arange(ends[-1], dtype=np.int64)
    seq += np.repeat(np.asarray([batch.lo for batch, _ in batches], np.int64) - starts, counts)
    refused: dict[int, Refused] = {}  # by place in the long column
    word = _words(batches, ends, refused)
    too_far = (t < now - span) | (t > now + span)  # a difference could wrap around
    if too_far.any():
        for i in np.flatnonzero(too_far).tolist():
            refused.setdefault(i, Refused(seq=int(seq[i]), code="implausible_time", detail=f"t={int(t[i])}"))
    bad = sorted(refused)
    screened: list[Screened] = []
    at = 0
    for run in runs:
        resolved, start, end = batches[at][1], ends[at], ends[at + run]
        at += run
        part = slice(start, end)
        columns = Columns(resolved.ids, resolved.types, seq[part], t[part], x[part], word[part])
        mine = bad[bisect_left(bad, start) : bisect_left(bad, end)] if bad else []
        if mine:
            keep = np.ones(end - start, np.bool_)
            keep[np.asarray(mine) - start] = False
            columns = columns.take(keep)
        screened.append(Screened(columns if len(columns) else None, [refused[i] for i in mine]))
    return screened


def _words(batches: Sequence[tuple[Batch, ResolvedSeries]], ends: Sequence[int], refused: dict[int, Refused]) -> Ints:
    parts = [
        batch.value.view(np.int64)
        if resolved.is_all_float and isinstance(batch.value, np.ndarray)
        else _mixed_words(batch, resolved, start, refused)
        for (batch, resolved), start in zip(batches, ends, strict=False)
    ]
    words = np.concatenate(parts)
    finite = np.isfinite(words.view(np.float64))
    if not finite.all():
        _refuse_non_finite(batches, ends, finite, refused)
    return words


def _refuse_non_finite(
    batches: Sequence[tuple[Batch, ResolvedSeries]],
    ends: Sequence[int],
    finite: NDArray[np.bool_],
    refused: dict[int, Refused],
) -> None:
    """Checks batches that hold only floats: the bits of an integer may look like any float, and mixed batches are
    already checked."""
    for i, (batch, resolved) in enumerate(batches):
        if resolved.is_all_float and isinstance(batch.value, np.ndarray):
            for at in np.flatnonzero(~finite[ends[i] : ends[i + 1]]).tolist():
                refused[ends[i] + at] = Refused(seq=batch.lo + at, code="not_finite")


def _mixed_words(batch: Batch, resolved: ResolvedSeries, start: int, refused: dict[int, Refused]) -> Ints:
    values = batch.value.tolist() if isinstance(batch.value, np.ndarray) else batch.value
    words = np.zeros(batch.n, np.int64)
    floats = words.view(np.float64)
    types = resolved.types.tolist()
    for i, (index, value) in enumerate(zip(batch.x.tolist(), values, strict=True)):
        kind = types[index]
        if kind == FLOAT and type(value) is float and -_MAX <= value <= _MAX:
            floats[i] = value
        elif (kind == INT and type(value) is int and -(2**63) <= value < 2**63) or (
            kind == BOOL and type(value) is bool
        ):
            words[i] = value
        elif kind == FLOAT and type(value) is int and abs(value) <= _EXACT:
            floats[i] = value  # JSON writes 5.0 as 5; exact up to 2**53
        else:
            refused[start + i] = _refusal(batch, i, kind, value)
    return words


_MAX: Final = float(np.finfo(np.float64).max)


def _refusal(batch: Batch, i: int, kind: int, value: object) -> Refused:
    seq = batch.lo + i
    if kind == 255:
        return Refused(seq=seq, code="unknown_series", detail=f"id {batch.series[batch.x[i]]}")
    is_named = isinstance(value, str) and value in _NON_FINITE
    if kind == FLOAT and (is_named or (isinstance(value, float) and not np.isfinite(value))):
        return Refused(seq=seq, code="not_finite")
    if kind == INT and type(value) is int:
        return Refused(seq=seq, code="out_of_range", detail="more than 64 bits")
    return Refused(seq=seq, code="wrong_type", detail=type(value).__name__)
