"""Buckets: first, last, lowest and highest value of a series in a span of time. Does no I/O.

A reduction never loses an extreme. NaN is neither lowest nor highest, unless a bucket has nothing else. Infinity is an
extreme like any other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pulse_desktop.core.model import Value


@dataclass(frozen=True)
class Points:
    """Points of one series, ordered by time, in microseconds since 1970 UTC. `is_raw`: each is one reading, and `lo`
    and `hi` equal `last`. Otherwise each is a bucket: `t` is its start, and `lo` and `hi` its extremes. The values keep
    the type of the series."""

    t: list[int]
    last: list[float]
    lo: list[float]
    hi: list[float]
    is_raw: bool


@dataclass(slots=True)
class Bucket:
    """`n` readings from `t` on. `first_t` and `last_t`: times of the earliest and of the latest reading."""

    t: int
    first_t: int
    first: Value
    last_t: int
    last: Value
    lo: Value
    hi: Value
    n: int

    def add(self, t: int, value: Value) -> None:
        """Adds one reading. Of readings with equal times, the one that was added later is the last."""
        self.n += 1
        if t >= self.last_t:
            self.last_t, self.last = t, value
        elif t < self.first_t:
            self.first_t, self.first = t, value
        if value < self.lo or self.lo != self.lo:  # only NaN differs from itself
            self.lo = value
        if value > self.hi or self.hi != self.hi:
            self.hi = value

    def merge(self, other: "Bucket") -> None:
        """Adds every reading of another bucket, which came later."""
        self.n += other.n
        if other.last_t >= self.last_t:
            self.last_t, self.last = other.last_t, other.last
        if other.first_t < self.first_t:
            self.first_t, self.first = other.first_t, other.first
        if other.lo < self.lo or self.lo != self.lo:
            self.lo = other.lo
        if other.hi > self.hi or self.hi != self.hi:
            self.hi = other.hi


def single(start: int, t: int, value: Value) -> Bucket:
    """A bucket with one reading."""
    return Bucket(start, t, value, t, value, value, value, 1)


def copied(bucket: Bucket) -> Bucket:
    """Another bucket with the same content."""
    b = bucket
    return Bucket(b.t, b.first_t, b.first, b.last_t, b.last, b.lo, b.hi, b.n)


def reduced(buckets: Sequence[Bucket], start: int, end: int, most: int) -> list[Bucket]:
    """At most `most` buckets, ordered by time: as they are if they are few enough, else merged into equal parts of
    `[start, end)`. A bucket outside belongs to the nearest part."""
    if len(buckets) <= most:
        return sorted(buckets, key=lambda bucket: bucket.t)
    width = max(1, -(-(end - start) // most))
    parts: dict[int, Bucket] = {}
    for bucket in buckets:
        number = min(most - 1, max(0, (bucket.t - start) // width))
        if (part := parts.get(number)) is None:
            part = parts[number] = copied(bucket)
            part.t = start + number * width
        else:
            part.merge(bucket)
    return [parts[number] for number in sorted(parts)]


def as_points(buckets: Iterable[Bucket], *, is_raw: bool) -> Points:
    """The columns of these buckets."""
    rows = list(buckets)
    return Points([b.t for b in rows], [b.last for b in rows], [b.lo for b in rows], [b.hi for b in rows], is_raw)
