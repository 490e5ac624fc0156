"""Chunks: the readings of one series and one life within a day, as arrays that plain SQL can read (0002_chunks.sql)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.columns import FLOAT, Columns, Ints
from pulse_telemetry_gateway.model.fitting import Line, fit, fit_line

READINGS_MAX: Final = 3_980
"""In a chunk: arrays of 2, 4 and 8 bytes of it then fill TOAST's pieces of 1,996 bytes (3,600 cost a tenth more)."""
DAY: Final = 86_400_000_000
LATE_AFTER: Final = 60_000_000
"""A reading that was received this long (microseconds) after its own time was late."""
_DIVISORS: Final = (1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6)
_PROBE: Final = 16


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of many series, one element each: `series` (gateway id), `kind` (of its type), `epoch`, `seq`, `t`
    (microseconds), `word` (the value's 64 bits), `late`."""

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
        """Some of them, or another order."""
        return Readings(*(getattr(self, name)[index] for name in self.__slots__))

    def in_order(self) -> "Readings":
        """By series, epoch, time, sequence number."""
        return self.take(np.lexsort((self.seq, self.t, self.epoch, self.series)))


def gather(batches: Sequence[tuple[int, int, Columns]]) -> Readings:
    """The readings of stored batches, given as (epoch, received in microseconds, columns)."""
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
    """All of them, one after the other."""
    if not parts:
        none = np.empty(0, np.int64)
        return Readings(none, np.empty(0, np.uint8), none, none, none, none, np.empty(0, np.bool_))
    return Readings(*(np.concatenate([getattr(p, name) for p in parts]) for name in Readings.__slots__))


@dataclass(frozen=True, slots=True)
class Chunk:
    """n readings of one series and epoch. Either `reals` (binary64) holds the values, or `value` times 1 / divisor."""

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
        """Times of the first and of the last reading."""
        last = 0 if self.t.offsets is None else int(self.t.offsets[-1])
        return self.t.start, self.t.start + round(self.t.step * (self.n - 1)) + last


def chunks_of(readings: Readings) -> Iterator[Chunk]:
    """Cuts readings that are `in_order` at series, epochs and UTC days, and into full chunks and a rest."""
    if not len(readings):
        return
    key = np.stack((readings.series, readings.epoch, readings.t // DAY))
    cuts = [0, *(np.flatnonzero((np.diff(key) != 0).any(axis=0)) + 1).tolist(), len(readings)]
    for start, end in pairwise(cuts):
        for lo in range(start, end, READINGS_MAX):
            yield _chunk(readings, slice(lo, min(end, lo + READINGS_MAX)))


def _chunk(readings: Readings, where: slice) -> Chunk:
    word = readings.word[where]
    value, divisor, reals = Line(0, 0.0, None), 1.0, None
    if int(readings.kind[where.start]) == FLOAT:
        found = decimals(word.view(np.float64))
        if found is None:
            reals = word.view(np.float64)
        else:
            value, divisor = fit(found[0]), found[1]
    else:
        value = fit(word)
    t = readings.t[where]
    first = Line(int(t[0]), 0.0, None) if len(t) == 1 else fit_line(t)
    return Chunk(
        series=int(readings.series[where.start]),
        epoch=int(readings.epoch[where.start]),
        n=len(word),
        late=int(readings.late[where].sum()),
        t=first,
        seq=fit_line(readings.seq[where]),
        value=value,
        divisor=divisor,
        reals=reals,
    )


def decimals(reals: NDArray[np.float64]) -> tuple[Ints, float] | None:
    """Integers and a power of ten whose quotients are these numbers, bit for bit; None if there are none within 32
    bits. Sensors and JSON give decimals, and an integer of two or four bytes holds them."""
    if np.abs(reals).max() >= 2**31:
        return None
    for divisor in _DIVISORS:
        if _is_exact(reals[:_PROBE], divisor) and _is_exact(reals, divisor):
            whole = np.rint(reals * divisor).astype(np.int64)
            return (whole, divisor) if int(whole.max()) - int(whole.min()) < 2**32 else None
    return None


def _is_exact(reals: NDArray[np.float64], divisor: float) -> bool:
    again = np.rint(reals * divisor).astype(np.int64) / divisor  # through an integer: it has no -0.0
    return np.array_equal(again.view(np.int64), reals.view(np.int64))


def unpack(chunk: Chunk, kind: int) -> Readings:
    """The readings, in order of time. Which of them were late is not kept: the first `late` are said to be."""
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
