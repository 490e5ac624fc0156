"""Chunks: the readings of one series and epoch within a day, as arrays that plain SQL can read (0002_chunks.sql)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.storage.columns import FLOAT, Columns, Ints
from pulse_telemetry_gateway.model.storage.lines import Line, fit, fit_line
from pulse_telemetry_gateway.model.storage.runs import Runs

READINGS_MAX: Final = 3_980
"""Most readings in a chunk: its arrays of 2, 4 and 8 bytes then fill TOAST's pieces of 1,996 bytes (3,600 readings cost
a tenth more)."""
DAY: Final = 86_400_000_000
LATE_AFTER: Final = 60_000_000
"""A reading that arrived this many microseconds after its own time was late."""
_DIVISORS: Final = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)
_PROBE: Final = 16


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of many series, one element each: `series` (gateway id), `kind` (number of the type), `epoch`, `seq`,
    `t` (microseconds), `word` (the value's 64 bits), `late`."""

    series: Ints
    kind: NDArray[np.uint8]
    epoch: Ints
    seq: Ints
    t: Ints
    word: Ints
    late: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.t)

    def take(self, index: Ints | NDArray[np.bool_]) -> "Readings":
        """Selects or reorders readings."""
        return Readings(*(getattr(self, name)[index] for name in self.__slots__))

    def in_order(self) -> "Readings":
        """Sorted by series, epoch, time and sequence number. Readings of a series usually arrive in order: grouping
        them by series and checking the order costs much less than sorting by four columns."""
        found = self.take(_by_series(self.series))
        if _are_ascending((found.series, found.epoch, found.t, found.seq)):
            return found
        return found.take(np.lexsort((found.seq, found.t, found.epoch, found.series)))


def _by_series(series: Ints) -> NDArray[np.intp]:
    """Groups readings by series, and keeps their order within each series."""
    if not len(series):
        return np.empty(0, np.intp)
    least = int(series.min())
    if int(series.max()) - least < 2**16:
        return np.argsort((series - least).astype(np.uint16), kind="stable")  # numpy sorts these by radix
    return np.argsort(series, kind="stable")


def _are_ascending(columns: Sequence[Ints]) -> bool:
    """Whether the rows are sorted by the first column, equal ones by the second, and so on."""
    is_less = np.zeros(max(0, len(columns[0]) - 1), np.bool_)
    is_equal = ~is_less
    for column in columns:
        is_less |= is_equal & (column[:-1] < column[1:])
        is_equal &= column[:-1] == column[1:]
    return bool((is_less | is_equal).all())


def gather(batches: Sequence[tuple[int, int, Columns]]) -> Readings:
    """The readings of stored batches, scaled as (epoch, received in microseconds, columns)."""
    parts = [
        Readings(
            columns.series[columns.x],
            columns.types[columns.x],
            np.full(len(columns), epoch, np.int64),
            columns.seq,
            columns.t,
            columns.word,
            received - columns.t > LATE_AFTER,
        )
        for epoch, received, columns in batches
    ]
    return join(parts)


def join(parts: Sequence[Readings]) -> Readings:
    """Concatenates readings."""
    if not parts:
        none = np.empty(0, np.int64)
        return Readings(none, np.empty(0, np.uint8), none, none, none, none, np.empty(0, np.bool_))
    return Readings(*(np.concatenate([getattr(p, name) for p in parts]) for name in Readings.__slots__))


@dataclass(frozen=True, slots=True)
class Chunk:
    """n readings of one series and epoch. Either `reals` (binary64) holds the values, or `value` divided by
    `divisor`."""

    series: int
    epoch: int
    n: int
    late: int
    t: Line
    seq: Line
    value: Line
    divisor: float
    reals: NDArray[np.float64] | None

    @property
    def span(self) -> tuple[int, int]:
        """Times of the first and the last reading."""
        last = 0 if self.t.offsets is None else int(self.t.offsets[-1])
        return self.t.start, self.t.start + round(self.t.step * (self.n - 1)) + last


def chunks_of(readings: Readings) -> list[Chunk]:
    """Divides sorted readings at series, epochs and UTC days, and into full chunks and a remainder."""
    if not len(readings):
        return []
    is_first = np.zeros(len(readings), np.bool_)
    for column in (readings.series, readings.epoch, readings.t // DAY):
        is_first[1:] |= column[1:] != column[:-1]
    runs = Runs.cut(is_first).at_most(READINGS_MAX)
    word, divisors = _wholes(readings, runs)
    columns = (readings.series[runs.starts], readings.epoch[runs.starts], runs.sizes, runs.total(readings.late * 1))
    fitted = (fit_line(readings.t, runs), fit_line(readings.seq, runs), fit(word, runs))
    reals = [
        readings.word[lo : lo + n].view(np.float64) if divisor == 0.0 else None
        for lo, n, divisor in zip(runs.starts.tolist(), runs.sizes.tolist(), divisors, strict=True)
    ]
    divided = [divisor or 1.0 for divisor in divisors]
    return list(map(Chunk, *(column.tolist() for column in columns), *fitted, divided, reals))


def _wholes(readings: Readings, runs: Runs) -> tuple[Ints, list[float]]:
    """The values as integers, and the divisor of each run. The divisor 0 means that the run needs binary64."""
    is_float = readings.kind[runs.starts] == FLOAT
    if not is_float.any():
        return readings.word, [1.0] * len(is_float)
    if is_float.all():
        whole, divisors = decimals(readings.word.view(np.float64), runs)
        return whole, divisors.tolist()
    has_real = runs.spread(is_float)
    whole, divisors = decimals(np.where(has_real, readings.word, 0).view(np.float64), runs)
    return np.where(has_real, whole, readings.word), np.where(is_float, divisors, 1.0).tolist()


def decimals(reals: NDArray[np.float64], runs: Runs) -> tuple[Ints, NDArray[np.float64]]:
    """For each run, integers and a power of ten whose quotients are its (finite) numbers, bit for bit. Both are 0 when
    there are none within 32 bits. Sensors and JSON give decimals, which fit integers of two or four bytes."""
    whole = np.zeros(len(reals), np.int64)
    divisors = np.zeros(len(runs.starts))
    left = np.flatnonzero(runs.high(np.abs(reals)) < 2**31)
    for divisor in _DIVISORS:
        likely = left[_are_exact(reals, divisor, *runs.places(left, _PROBE))] if len(left) else left
        if not len(likely):
            continue
        places, among = runs.places(likely, READINGS_MAX)
        is_exact = _are_exact(reals, divisor, places, among)
        scaled = np.rint(reals[places] * divisor).astype(np.int64)
        fits = is_exact & (among.high(scaled) - among.low(scaled) < 2**32)
        whole[places] = np.where(among.spread(fits), scaled, 0)
        divisors[likely[fits]] = divisor
        left = np.setdiff1d(left, likely[is_exact], assume_unique=True)
    return whole, divisors


def _are_exact(reals: NDArray[np.float64], divisor: float, places: Ints, runs: Runs) -> NDArray[np.bool_]:
    some = reals[places]
    again = np.rint(some * divisor).astype(np.int64) / divisor  # through an integer, which has no -0.0
    return runs.every(again.view(np.int64) == some.view(np.int64))


def unpack(chunk: Chunk, kind: int) -> Readings:
    """The readings, ordered by time. A chunk does not record which of them were late: the first `late` ones are
    marked."""
    n = chunk.n
    if kind == FLOAT:
        reals = chunk.reals if chunk.reals is not None else chunk.value.values(n) / chunk.divisor
        word = reals.view(np.int64)
    else:
        word = chunk.value.values(n)
    return Readings(
        np.full(n, chunk.series, np.int64),
        np.full(n, kind, np.uint8),
        np.full(n, chunk.epoch, np.int64),
        chunk.seq.values(n),
        chunk.t.values(n),
        word,
        np.arange(n) < chunk.late,
    )
