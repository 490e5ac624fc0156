"""Chooses the level that answers a history query (single readings, minutes or hours), so that no extreme is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from pulse_telemetry_gateway.model.storage.rollups import WIDTH, Level

Source: TypeAlias = Literal["raw", "1m", "1h"]
RAW_MAX: Final = 100_000
"""Up to this many readings are read one by one, although roll-ups would do: it takes about 10 ms."""


@dataclass(frozen=True, slots=True)
class Retained:
    """The time (microseconds) from which each level is complete. Retention removed what is older."""

    raw: int
    minutes: int
    hours: int


@dataclass(frozen=True, slots=True)
class Plan:
    """source: the level. edges (microseconds): bucket k is [edges[k], edges[k + 1]); together the buckets are exactly
    the requested range. width: usual length of a bucket. With roll-ups the inner edges are multiples of their width, so
    that no roll-up lies in two buckets."""

    source: Source
    edges: tuple[int, ...]
    width: int

    @property
    def start(self) -> int:
        """Start of the first bucket."""
        return self.edges[0]

    @property
    def end(self) -> int:
        """End of the last bucket."""
        return self.edges[-1]

    @property
    def buckets(self) -> int:
        """Number of buckets."""
        return len(self.edges) - 1

    @property
    def level(self) -> Level | None:
        """The level of the roll-ups. None: single readings."""
        return None if self.source == "raw" else self.source


def plan(start: int, end: int, most: int, readings: int, retained: Retained) -> Plan:
    """At most `most` buckets over [start, end), which holds about `readings` readings. Wide buckets use roll-ups,
    unless there are few readings. Ranges older than the kept readings use roll-ups too."""
    width = -(-(end - start) // most)
    if start >= retained.raw and (readings <= RAW_MAX or width < WIDTH["1m"]):
        return Plan("raw", (*range(start, end, width), end), width)
    source: Level = "1h" if width >= WIDTH["1h"] or start < retained.minutes else "1m"
    return whole_buckets(start, end, most, source)


def whole_buckets(start: int, end: int, most: int, source: Level) -> Plan:
    """Buckets of as few whole roll-ups as give at most `most` buckets. The first and the last bucket may be shorter."""
    if most == 1:
        return Plan(source, (start, end), end - start)
    width = WIDTH[source]
    while True:
        inner = range((start // width + 1) * width, end, width)
        if len(inner) < most:
            return Plan(source, (start, *inner, end), width)
        width += max(1, -(-(end - start) // (most - 1) - width) // WIDTH[source]) * WIDTH[source]


def by_edges(edges: Sequence[int], readings: int, retained: Retained) -> Plan | None:
    """Buckets with given edges. Roll-ups are used where every inner edge is a multiple of their width. None when the
    data that is kept cannot answer."""
    start, width = edges[0], max(b - a for a, b in pairwise(edges))
    inner = edges[1:-1]
    since: dict[Level, int] = {"1m": retained.minutes, "1h": retained.hours}
    fits: list[Level] = [
        level
        for level in ("1m", "1h")
        if start >= since[level] and WIDTH[level] <= width and not any(edge % WIDTH[level] for edge in inner)
    ]
    if start >= retained.raw and (readings <= RAW_MAX or not fits):
        return Plan("raw", tuple(edges), width)
    return Plan(fits[-1], tuple(edges), width) if fits else None


def inside(start: int, end: int, unit: int, raw_since: int) -> tuple[int, int]:
    """The whole buckets of `unit` inside [start, end). The rest is read from single readings. Where those were removed,
    the buckets at the edges are included."""
    first, last = -(-start // unit) * unit, end // unit * unit
    if start < raw_since:
        first = start // unit * unit
    if last < raw_since:
        last = -(-end // unit) * unit
    return first, max(first, last)


def gaps(times: list[int], longest: int, most: int = 100) -> list[tuple[int, int]]:
    """Where ascending times are further apart than `longest`: the `most` widest gaps, in order."""
    found = [(a, b) for a, b in pairwise(times) if b - a > longest]
    return sorted(sorted(found, key=lambda gap: gap[0] - gap[1])[:most])
