"""Which readings of a batch can be stored: known series, right type, finite, a plausible time. The rest is refused
one by one with a reason, and never costs its neighbours their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse_contracts.telemetry import ReadingBatch, Refused
from pulse_telemetry_gateway.model.columns import BOOL, FLOAT, INT, Columns, Ints

_NON_FINITE: Final = frozenset({"NaN", "Infinity", "-Infinity"})
_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """What a collector's own series id means here."""

    id: int
    type: int


@dataclass(frozen=True, slots=True)
class Screened:
    """The readings that may be stored (None: not one), and the refused ones."""

    columns: Columns | None
    refused: list[Refused]


def screen(batch: ReadingBatch, catalog: Mapping[int, SeriesRef], *, now: int, span: int) -> Screened:
    """`now` and `span` in microseconds: a reading further than `span` from `now` is refused."""
    refs = [catalog.get(local) for local in batch.series]
    n = len(batch.value)
    t = np.asarray(batch.dt, np.int64) + batch.t0
    x = np.asarray(batch.x, np.int64)
    kinds = np.asarray([ref.type if ref else 255 for ref in refs], np.uint8)
    seq = np.arange(batch.lo, batch.lo + n, dtype=np.int64)
    ids = np.asarray([ref.id if ref else -1 for ref in refs], np.int64)
    refused: dict[int, Refused] = {}
    word = _words(batch, kinds, refused)
    too_far = (t < now - span) | (t > now + span)  # no difference is taken: it could wrap around
    for i in np.nonzero(too_far)[0].tolist():
        refused.setdefault(i, Refused(seq=batch.lo + i, code="implausible_time", detail=f"t={int(t[i])}"))
    columns = Columns(ids, kinds, seq, t, x, word)
    if refused:
        keep = np.ones(n, np.bool_)
        keep[list(refused)] = False
        columns = columns.take(keep)
    columns = _compact(columns)
    return Screened(columns if len(columns) else None, [refused[i] for i in sorted(refused)])


def _words(batch: ReadingBatch, kinds: NDArray[np.uint8], refused: dict[int, Refused]) -> Ints:
    value = batch.value
    if (kinds == FLOAT).all() and set(map(type, value)) == {float}:
        reals = np.asarray(value, np.float64)
        for i in np.nonzero(~np.isfinite(reals))[0].tolist():
            refused[i] = Refused(seq=batch.lo + i, code="not_finite")
        return reals.view(np.int64)
    words = np.zeros(len(value), np.int64)
    floats = words.view(np.float64)
    types = kinds.tolist()
    for i, (index, given) in enumerate(zip(batch.x, value, strict=True)):
        kind = types[index]
        if kind == FLOAT and type(given) is float and -_MAX <= given <= _MAX:
            floats[i] = given
        elif (kind == INT and type(given) is int and -(2**63) <= given < 2**63) or (
            kind == BOOL and type(given) is bool
        ):
            words[i] = given
        elif kind == FLOAT and type(given) is int and abs(given) <= _EXACT:
            floats[i] = given  # JSON writes 5.0 as 5; exact up to 2**53
        else:
            refused[i] = _refusal(batch, i, kind, given)
    return words


_MAX: Final = float(np.finfo(np.float64).max)


def _refusal(batch: ReadingBatch, i: int, kind: int, given: object) -> Refused:
    seq = batch.lo + i
    if kind == 255:
        return Refused(seq=seq, code="unknown_series", detail=f"id {batch.series[batch.x[i]]}")
    is_named = isinstance(given, str) and given in _NON_FINITE
    if kind == FLOAT and (is_named or (isinstance(given, float) and not np.isfinite(given))):
        return Refused(seq=seq, code="not_finite")
    if kind == INT and type(given) is int:
        return Refused(seq=seq, code="out_of_range", detail="more than 64 bits")
    return Refused(seq=seq, code="wrong_type", detail=type(given).__name__)


def _compact(columns: Columns) -> Columns:
    """Only the series that occur: a stored batch names no stranger."""
    used = np.unique(columns.x)
    if len(used) == len(columns.series):
        return columns
    where = np.zeros(len(columns.series), np.int64)
    where[used] = np.arange(len(used))
    return Columns(columns.series[used], columns.types[used], columns.seq, columns.t, where[columns.x], columns.word)
