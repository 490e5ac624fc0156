"""Roll-ups: what became of the readings of one series in a minute or an hour (n, sum, first, last, min, max), and how
two of the same bucket become one. Merging knows no order: late data is merged as any other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pulse_telemetry_gateway.model.chunks import Readings
from pulse_telemetry_gateway.model.columns import FLOAT, Ints
from pulse_telemetry_gateway.model.runs import Runs

Level: TypeAlias = Literal["1m", "1h"]
WIDTH: Final[dict[Level, int]] = {"1m": 60_000_000, "1h": 3_600_000_000}
"""Of a bucket, microseconds."""
SLOTS: Final[dict[Level, int]] = {"1m": 240, "1h": 24}
"""Buckets in a window: what one stored row holds. Four hours of minutes: an hour costs a third more on disk."""


@dataclass(frozen=True, slots=True)
class Rollups:
    """One element per (series, bucket), ascending. `bucket` is the time of its start (microseconds); `first`, `last`,
    `low` and `high` are 64-bit words of real readings, and `t_…` their times. Of readings at the same time the smaller
    is first and the larger last; of equal extremes the earlier counts. `total` is a sum in binary64."""

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
        """Some of them."""
        return Rollups(*(getattr(self, name)[index] for name in self.__slots__))

    def points(self) -> tuple[Ints, Ints]:
        """Times and words of the real readings that it names, each once, ascending in time."""
        t = np.concatenate((self.t_first, self.t_low, self.t_high, self.t_last))
        word = np.concatenate((self.first, self.low, self.high, self.last))
        unique = np.unique(np.stack((t, word), axis=1), axis=0)
        return unique[:, 0], unique[:, 1]


def join(parts: Sequence[Rollups]) -> Rollups:
    """One after the other; not merged."""
    return Rollups(*(np.concatenate([getattr(p, name) for p in parts]) for name in Rollups.__slots__))


def of_readings(readings: Readings, width: int) -> Rollups:
    """The roll-ups of any readings in buckets of `width` microseconds, which begin at its multiples."""
    return _of(readings, readings.t // width * width)


def readings_in_buckets(readings: Readings, edges: Sequence[int]) -> Rollups:
    """The roll-ups of any readings in the buckets [edges[k], edges[k + 1])."""
    return _of(readings, _begins(readings.t, edges))


def coarser(found: Rollups, width: int) -> Rollups:
    """The same in wider buckets, which begin at multiples of `width`."""
    return merge(replace(found, bucket=found.bucket // width * width))


def in_buckets(found: Rollups, edges: Sequence[int]) -> Rollups:
    """Roll-ups in the buckets [edges[k], edges[k + 1])."""
    return merge(replace(found, bucket=_begins(found.bucket, edges)))


def _begins(t: Ints, edges: Sequence[int]) -> Ints:
    """Where the bucket of each time begins. What lies before the first is taken to it."""
    starts = np.asarray(edges[:-1], np.int64)
    found: Ints = starts[np.maximum(np.searchsorted(starts, t, "right") - 1, 0)]
    return found


def _of(readings: Readings, bucket: Ints) -> Rollups:
    t, word = readings.t, readings.word
    ones, late = np.ones(len(t), np.int64), readings.late.astype(np.int64)
    parts = (readings.series, readings.kind, bucket, ones, late, _reals(word, readings.kind), t, word)
    return merge(Rollups(*parts, t, word, t, word, t, word))


def merge(found: Rollups) -> Rollups:
    """Those of one bucket become one."""
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
    with np.errstate(over="ignore", invalid="ignore"):  # a sum beyond binary64 is infinite, and said to be
        total = runs.total(found.total)
    t_first, first = runs.least(found.t_first, rank[id(found.first)])
    t_last, last = runs.greatest(found.t_last, rank[id(found.last)])
    low, t_low = runs.least(rank[id(found.low)], found.t_low)
    not_high, t_high = runs.least(~rank[id(found.high)], found.t_high)  # of equal ones the earliest
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
    """By series and bucket. Readings that are in order are so already: copying them would cost more than looking."""
    series, bucket = found.series, found.bucket
    ahead = series[1:] - series[:-1]
    if ((ahead > 0) | ((ahead == 0) & (bucket[1:] >= bucket[:-1]))).all():
        return found
    order = np.lexsort((bucket, series))
    taken = {id(column): column[order] for column in (getattr(found, name) for name in Rollups.__slots__)}
    return Rollups(*(taken[id(getattr(found, name))] for name in Rollups.__slots__))


def ranks(word: Ints, kind: NDArray[np.uint8]) -> Ints:
    """Integers in the order of the values: a binary64 read as an integer is in order but for the negative ones. The
    words are the ranks of their ranks."""
    is_negative = (kind == FLOAT) & (word < 0)
    return np.where(is_negative, word ^ np.int64(2**63 - 1), word)


def _reals(word: Ints, kind: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.where(kind == FLOAT, word.view(np.float64), word.astype(np.float64))
