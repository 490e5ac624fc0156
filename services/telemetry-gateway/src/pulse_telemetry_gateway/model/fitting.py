"""Integers as a straight line and what is left of them: start + round(step * i) + offset[i], exactly, in few bytes.

PostgreSQL and numpy compute round(step * i) alike: one binary64 product, rounded half to even.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Offsets: TypeAlias = NDArray[np.int16] | NDArray[np.int32] | NDArray[np.int64]
_SAFE: Final = 2**52
"""A line that stays below it is the same in binary64 and in integers."""


@dataclass(frozen=True, slots=True)
class Line:
    """n integers. `offsets` of shape (n,) in the narrowest type that holds them, or None when all are 0."""

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
        """Bytes per integer: 0, 2, 4 or 8."""
        return 0 if self.offsets is None else self.offsets.dtype.itemsize


def line(start: int, step: float, n: int) -> Ints:
    """start + round(step * i) for i in [0, n)."""
    if step == 0.0:
        return np.full(n, start, np.int64)
    found: Ints = np.rint(step * np.arange(n)).astype(np.int64) + start
    return found


def fit_line(values: Ints) -> Line:
    """As times and sequence numbers are: nearly a line through the first and the last one."""
    n, first, last = len(values), int(values[0]), int(values[-1])
    step = (last - first) / (n - 1) if n > 1 else 0.0
    if int(values.max()) - int(values.min()) >= _SAFE or not abs(last - first) < _SAFE:
        return fit_level(values)
    return Line(first, step, _narrow(values - line(first, step, n)))


def fit_level(values: Ints) -> Line:
    """As values are: around the middle of what they span; what spans more than 32 bits is kept as it is."""
    low, high = int(values.min()), int(values.max())
    if high - low >= 2**32:
        return Line(0, 0.0, values)
    start = (low + high + 1) // 2
    return Line(start, 0.0, _narrow(values - start))


def fit(values: Ints) -> Line:
    """The narrower of both; the level if they are alike."""
    level, sloped = fit_level(values), fit_line(values)
    return sloped if sloped.width < level.width else level


def _narrow(offsets: Ints) -> Offsets | None:
    low, high = int(offsets.min()), int(offsets.max())
    if low == 0 == high:
        return None
    if low >= -(2**15) and high < 2**15:
        return offsets.astype(np.int16)
    if low >= -(2**31) and high < 2**31:
        return offsets.astype(np.int32)
    return offsets
