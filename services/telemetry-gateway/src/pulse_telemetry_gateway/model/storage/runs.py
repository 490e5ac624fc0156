"""Runs of neighbouring elements in a column, and operations on all runs at once. A Python loop over short runs would
cost more than their readings."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.storage.columns import Ints

S = TypeVar("S", bound=np.generic)
_LARGEST: Final = np.int64(2**63 - 1)


@dataclass(frozen=True, slots=True)
class Runs:
    """Where each run starts, and how many elements it has (at least one). Together the runs are the whole column."""

    starts: Ints
    sizes: Ints

    @classmethod
    def cut(cls, is_first: NDArray[np.bool_]) -> "Runs":
        """A run starts at each True, and at 0 in any case."""
        starts = np.flatnonzero(is_first)
        if not len(starts) or starts[0]:
            starts = np.concatenate(([0], starts))
        return cls(starts, np.diff(starts, append=len(is_first)))

    def at_most(self, size: int) -> "Runs":
        """Divides the runs into full ones of `size` and a remainder."""
        pieces = -(-self.sizes // size)
        number = np.arange(int(pieces.sum())) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        starts = np.repeat(self.starts, pieces) + number * size
        return Runs(starts, np.minimum(np.repeat(self.sizes, pieces) - number * size, size))

    def spread(self, of_each: NDArray[S]) -> NDArray[S]:
        """Repeats the value of each run for each of its elements."""
        return np.repeat(of_each, self.sizes)

    def places(self, some: Ints, most: int) -> tuple[Ints, "Runs"]:
        """The places of the first `most` elements of some runs, and the runs of the column that these elements form."""
        sizes = np.minimum(self.sizes[some], most)
        starts = np.cumsum(sizes) - sizes
        return np.arange(int(sizes.sum())) + np.repeat(self.starts[some] - starts, sizes), Runs(starts, sizes)

    def low(self, column: NDArray[Any]) -> NDArray[Any]:
        """The minimum of each run."""
        found: NDArray[Any] = np.minimum.reduceat(column, self.starts)
        return found

    def high(self, column: NDArray[Any]) -> NDArray[Any]:
        """The maximum of each run."""
        found: NDArray[Any] = np.maximum.reduceat(column, self.starts)
        return found

    def total(self, column: NDArray[Any]) -> NDArray[Any]:
        """The sum of each run."""
        found: NDArray[Any] = np.add.reduceat(column, self.starts)
        return found

    def every(self, column: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether all elements of each run are True."""
        found: NDArray[np.bool_] = np.logical_and.reduceat(column, self.starts)
        return found

    def least(self, first: Ints, then: Ints) -> tuple[Ints, Ints]:
        """The least pair (first, then) of each run. Sorting the pairs would cost six times as much."""
        least = self.low(first)
        return least, self.low(np.where(first == self.spread(least), then, _LARGEST))

    def greatest(self, first: Ints, then: Ints) -> tuple[Ints, Ints]:
        """The greatest pair (first, then) of each run."""
        greatest, behind = self.least(~first, ~then)
        return ~greatest, ~behind
