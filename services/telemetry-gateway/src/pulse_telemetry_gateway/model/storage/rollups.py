"""Roll-ups: count, sum, first, last, minimum and maximum of one series in a minute or an hour. Merging two roll-ups of
one bucket does not depend on their order, so late data is merged like any other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.storage.chunks import Readings
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Ints
from pulse_telemetry_gateway.model.storage.runs import Runs

Level: TypeAlias = Literal["1m", "1h"]
WIDTH: Final[dict[Level, int]] = {"1m": 60_000_000, "1h": 3_600_000_000}
"""Length of a bucket in microseconds."""
SLOTS: Final[dict[Level, int]] = {"1m": 240, "1h": 24}
"""Buckets in one stored row. Four hours of minutes: rows of one hour cost a third more disk."""


@dataclass(frozen=True, slots=True)
class Rollups:
    """One element per (series, bucket), ascending. `bucket` is the start of the bucket (microseconds). `first`, `last`,
    `low` and `high` are 64-bit words of real readings, `t_…` their times. Of readings at the same time the smaller is
    first and the larger is last. Of equal extremes the earlier counts. `total` is a binary64 sum."""

    series: Ints
    kind: NDArray[np.uint8]
    bucket: Ints
    n: Ints
    late: Ints
    total: NDArray[np.float64]
    t_first: Ints
    first: Ints
    t_last: Ints
    last: Ints
    t_low: Ints
    low: Ints
    t_high: Ints
    high: Ints

    def __len__(self) -> int:
        return len(self.bucket)

    def take(self, index: Ints | NDArray[np.bool_] | slice) -> "Rollups":
        """Selects elements."""
        return Rollups(*(getattr(self, name)[index] for name in self.__slots__))

    def points(self) -> tuple[Ints, Ints]:
        """Times and words of the real readings that the roll-ups name, each once, ascending in time."""
        t = np.concatenate((self.t_first, self.t_low, self.t_high, self.t_last))
        word = np.concatenate((self.first, self.low, self.high, self.last))
        unique = np.unique(np.stack((t, word), axis=1), axis=0)
        return unique[:, 0], unique[:, 1]


def join(parts: Sequence[Rollups]) -> Rollups:
    """Concatenates roll-ups without merging them."""
    return Rollups(*(np.concatenate([getattr(p, name) for p in parts]) for name in Rollups.__slots__))


def of_readings(readings: Readings, width: int) -> Rollups:
    """Roll-ups of readings in buckets of `width` microseconds that start at multiples of `width`."""
    return _of(readings, readings.t // width * width)


def readings_in_buckets(readings: Readings, edges: Sequence[int]) -> Rollups:
    """Roll-ups of readings in the buckets [edges[k], edges[k + 1])."""
    return _of(readings, _begins(readings.t, edges))


def coarser(found: Rollups, width: int) -> Rollups:
    """The same in wider buckets that start at multiples of `width`."""
    return merge(replace(found, bucket=found.bucket // width * width))


def in_buckets(found: Rollups, edges: Sequence[int]) -> Rollups:
    """Roll-ups merged into the buckets [edges[k], edges[k + 1])."""
    return merge(replace(found, bucket=_begins(found.bucket, edges)))


def _begins(t: Ints, edges: Sequence[int]) -> Ints:
    """The start of each time's bucket. A time before the first bucket counts to the first."""
    starts = np.asarray(edges[:-1], np.int64)
    found: Ints = starts[np.maximum(np.searchsorted(starts, t, "right") - 1, 0)]
    return found


def _of(readings: Readings, bucket: Ints) -> Rollups:
    t, word = readings.t, readings.word
    ones, late = np.ones(len(t), np.int64), readings.late.astype(np.int64)
    parts = (readings.series, readings.kind, bucket, ones, late, _reals(word, readings.kind), t, word)
    return merge(Rollups(*parts, t, word, t, word, t, word))


def merge(found: Rollups) -> Rollups:
    """Merges the roll-ups of each (series, bucket) into one."""
    if not len(found):
        return found
    found = _sorted(found)
    is_first = np.zeros(len(found), np.bool_)
    for column in (found.series, found.bucket):
        is_first[1:] |= column[1:] != column[:-1]
    runs = Runs.cut(is_first)
    if len(runs.starts) == len(found):
        return found
    kind = found.kind[runs.starts]
    rank = {id(word): ranks(word, found.kind) for word in (found.first, found.last, found.low, found.high)}
    with np.errstate(over="ignore", invalid="ignore"):  # a sum beyond binary64 is stored as infinite
        total = runs.total(found.total)
    t_first, first = runs.least(found.t_first, rank[id(found.first)])
    t_last, last = runs.greatest(found.t_last, rank[id(found.last)])
    low, t_low = runs.least(rank[id(found.low)], found.t_low)
    not_high, t_high = runs.least(~rank[id(found.high)], found.t_high)  # of equal values the earliest
    return Rollups(
        found.series[runs.starts],
        kind,
        found.bucket[runs.starts],
        runs.total(found.n),
        runs.total(found.late),
        total,
        *(t_first, ranks(first, kind), t_last, ranks(last, kind)),
        *(t_low, ranks(low, kind), t_high, ranks(~not_high, kind)),
    )


def _sorted(found: Rollups) -> Rollups:
    """By series and bucket. Checking the order first is cheaper than copying."""
    series, bucket = found.series, found.bucket
    ahead = series[1:] - series[:-1]
    if ((ahead > 0) | ((ahead == 0) & (bucket[1:] >= bucket[:-1]))).all():
        return found
    order = np.lexsort((bucket, series))
    taken = {id(column): column[order] for column in (getattr(found, name) for name in Rollups.__slots__)}
    return Rollups(*(taken[id(getattr(found, name))] for name in Rollups.__slots__))


def ranks(word: Ints, kind: NDArray[np.uint8]) -> Ints:
    """Integers in the order of the values. A binary64 read as an integer keeps its order except for negative numbers.
    Applied twice, the function returns the words."""
    is_negative = (kind == FLOAT) & (word < 0)
    return np.where(is_negative, word ^ np.int64(2**63 - 1), word)


def _reals(word: Ints, kind: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.where(kind == FLOAT, word.view(np.float64), word.astype(np.float64))
