"""Neighbours in a column that belong together, and what is asked of all of them at once: a loop over series costs more
than their readings where each has few."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.columns import Ints

S = TypeVar("S", bound=np.generic)
_LARGEST: Final = np.int64(2**63 - 1)


@dataclass(frozen=True, slots=True)
class Runs:
    """One after the other they are the whole column: where each starts, and how many elements it has (one at least)."""

    starts: Ints
    sizes: Ints

    @classmethod
    def cut(cls, is_first: NDArray[np.bool_]) -> "Runs":
        """A run begins where it is said to, the first at 0 in any case."""
        starts = np.flatnonzero(is_first)
        if not len(starts) or starts[0]:
            starts = np.concatenate(([0], starts))
        return cls(starts, np.diff(starts, append=len(is_first)))

    def at_most(self, size: int) -> "Runs":
        """The same, cut into full ones and a rest."""
        pieces = -(-self.sizes // size)
        number = np.arange(int(pieces.sum())) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        starts = np.repeat(self.starts, pieces) + number * size
        return Runs(starts, np.minimum(np.repeat(self.sizes, pieces) - number * size, size))

    def spread(self, of_each: NDArray[S]) -> NDArray[S]:
        """What each run has, for each of its elements."""
        return np.repeat(of_each, self.sizes)

    def places(self, some: Ints, most: int) -> tuple[Ints, "Runs"]:
        """Where the elements of some runs are, the first `most` of each; and these taken for a column."""
        sizes = np.minimum(self.sizes[some], most)
        starts = np.cumsum(sizes) - sizes
        return np.arange(int(sizes.sum())) + np.repeat(self.starts[some] - starts, sizes), Runs(starts, sizes)

    def low(self, column: NDArray[Any]) -> NDArray[Any]:
        """The least of each."""
        found: NDArray[Any] = np.minimum.reduceat(column, self.starts)
        return found

    def high(self, column: NDArray[Any]) -> NDArray[Any]:
        """The greatest of each."""
        found: NDArray[Any] = np.maximum.reduceat(column, self.starts)
        return found

    def total(self, column: NDArray[Any]) -> NDArray[Any]:
        """The sum of each."""
        found: NDArray[Any] = np.add.reduceat(column, self.starts)
        return found

    def every(self, column: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of which runs it holds everywhere."""
        found: NDArray[np.bool_] = np.logical_and.reduceat(column, self.starts)
        return found

    def least(self, first: Ints, then: Ints) -> tuple[Ints, Ints]:
        """The least pair of each. Sorting them would cost six times as much."""
        least = self.low(first)
        return least, self.low(np.where(first == self.spread(least), then, _LARGEST))

    def greatest(self, first: Ints, then: Ints) -> tuple[Ints, Ints]:
        """The greatest pair of each."""
        greatest, behind = self.least(~first, ~then)
        return ~greatest, ~behind
