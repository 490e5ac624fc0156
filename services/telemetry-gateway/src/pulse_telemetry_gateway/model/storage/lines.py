"""Integers as a straight line plus offsets: start + round(step * i) + offset[i], exact and in few bytes.

PostgreSQL and numpy compute round(step * i) alike: one binary64 product, rounded half to even.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.storage.columns import Ints
from pulse_telemetry_gateway.model.storage.runs import Runs

Offsets: TypeAlias = NDArray[np.int16] | NDArray[np.int32] | NDArray[np.int64]
_SAFE: Final = 2**52
"""A line below this value is the same in binary64 and in integers."""


@dataclass(frozen=True, slots=True)
class Line:
    """n integers. `offsets` has shape (n,) and the narrowest type that holds them. None: all offsets are 0."""

    start: int
    step: float
    offsets: Offsets | None

    def values(self, n: int) -> Ints:
        """The integers, of shape (n,)."""
        found = line(self.start, self.step, n)
        if self.offsets is not None:
            found += self.offsets
        return found

    @property
    def width(self) -> int:
        """Bytes per offset: 0, 2, 4 or 8."""
        return 0 if self.offsets is None else self.offsets.dtype.itemsize


def line(start: int, step: float, n: int) -> Ints:
    """start + round(step * i) for i in [0, n)."""
    if step == 0.0:
        return np.full(n, start, np.int64)
    found: Ints = np.rint(step * np.arange(n)).astype(np.int64) + start
    return found


def fit_line(values: Ints, runs: Runs) -> list[Line]:
    """Fits times and sequence numbers: a line through the first and the last one of each run."""
    first, last = values[runs.starts], values[runs.starts + runs.sizes - 1]
    is_safe = _span(values, runs) < _SAFE
    step = np.where(is_safe, (last - first) / np.maximum(runs.sizes - 1, 1), 0.0)
    start = np.where(is_safe, first, 0)
    along = np.arange(len(values)) - runs.spread(runs.starts)
    return _lines(start, step, values - np.rint(runs.spread(step) * along).astype(np.int64) - runs.spread(start), runs)


def fit_level(values: Ints, runs: Runs) -> list[Line]:
    """Fits values: a constant in the middle of their span. A span of more than 32 bits is kept as it is."""
    span = _span(values, runs)
    half = (np.minimum(span, 2**32) + np.uint64(1)) // np.uint64(2)
    start = np.where(span < 2**32, runs.low(values) + half.astype(np.int64), 0)
    return _lines(start, np.zeros(len(start)), values - runs.spread(start), runs)


def fit(values: Ints, runs: Runs) -> list[Line]:
    """The narrower of both fits; the level when they are equal."""
    both = zip(fit_level(values, runs), fit_line(values, runs), strict=True)
    return [sloped if sloped.width < level.width else level for level, sloped in both]


def _span(values: Ints, runs: Runs) -> NDArray[np.uint64]:
    """The greatest minus the least, unsigned: the difference may wrap around."""
    span: NDArray[np.uint64] = (runs.high(values) - runs.low(values)).view(np.uint64)
    return span


def _lines(start: Ints, step: NDArray[np.float64], offsets: Ints, runs: Runs) -> list[Line]:
    low, high = runs.low(offsets), runs.high(offsets)
    width = np.full(len(start), 8)
    width[(low >= -(2**31)) & (high < 2**31)] = 4
    width[(low >= -(2**15)) & (high < 2**15)] = 2
    width[(low == 0) & (high == 0)] = 0
    narrow: dict[int, Offsets] = {w: offsets.astype(f"i{w}") for w in set(width.tolist()) - {0}}
    rows = zip(*(column.tolist() for column in (start, step, width, runs.starts, runs.sizes)), strict=True)
    return [Line(at, by, narrow[w][lo : lo + n] if w else None) for at, by, w, lo, n in rows]
