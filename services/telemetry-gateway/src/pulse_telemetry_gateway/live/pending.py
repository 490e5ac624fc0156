"""Readings that were not sent to a browser yet. Their bytes are bounded: excess readings are conflated without losing
an extreme. Does no I/O."""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pydantic_core import to_json

from pulse_contracts.live import NAMESPACE
from pulse_contracts.message import Lane

Value: TypeAlias = bool | int | float
Point: TypeAlias = tuple[int, Value]
Points: TypeAlias = dict[int, list[Point]]
_LANES: Final[tuple[Lane, ...]] = ("live", "backlog")
READING_BYTES: Final = 48
"""Most bytes of a reading in a frame: a time of 17 characters, a value of 24, its index, commas."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Readings of one frame by series, in the order of arrival. Shared between viewers and never changed."""

    lane: str
    points: Points
    is_conflated: bool

    @property
    def count(self) -> int:
        return sum(map(len, self.points.values()))


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded frame, the same text for all viewers."""

    number: int
    text: str


def encode(number: int, sent: int, pos: dict[str, int], part: Slice) -> Frame:
    """A Socket.IO event `frame` (see `LiveFrame`) that is acknowledged by `number`."""
    x: list[int] = []
    t: list[int] = []
    v: list[Value] = []
    for index, points in enumerate(part.points.values()):
        x.extend([index] * len(points))
        t.extend(point[0] for point in points)
        v.extend(point[1] for point in points)
    body = {
        "sent": sent,
        "pos": pos,
        "lane": part.lane,
        "conflated": part.is_conflated,
        "series": list(part.points),
        "x": x,
        "t": t,
        "v": v,
    }
    return Frame(number, f'42{NAMESPACE},{number}["frame",{to_json(body).decode()}]')


@dataclass
class Pending:
    """Collects readings by lane and series. Beyond `most` bytes (estimated by `READING_BYTES`) it keeps the first,
    minimum, maximum and last of each series and marks the lane as conflated, so that the browser loads the rest from
    history. Four readings of each series are always kept, even beyond `most`."""

    most: int
    lanes: dict[Lane, Points] = field(default_factory=lambda: {"live": {}, "backlog": {}})
    conflated: set[Lane] = field(default_factory=set)
    count: int = 0

    @property
    def size(self) -> int:
        """Upper bound of the bytes that it holds."""
        return self.count * READING_BYTES

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.conflated and not self.count

    def add(self, lane: Lane, series: int, points: list[Point]) -> None:
        """Adds readings of one series, in the order of arrival."""
        self.lanes[lane].setdefault(series, []).extend(points)
        self.count += len(points)
        if self.size > self.most:
            self._conflate()

    def absorb(self, part: Slice) -> None:
        """Adds a slice that could not be sent."""
        lane: Lane = "live" if part.lane == "live" else "backlog"
        if part.is_conflated:
            self.conflated.add(lane)
        for series, points in part.points.items():
            self.add(lane, series, points)

    def take(self) -> list[Slice]:
        """Removes and returns everything, one slice per lane, live first. A lane that lost readings and holds none
        gives an empty slice that is marked as conflated."""
        slices = [
            Slice(lane, self.lanes[lane], lane in self.conflated)
            for lane in _LANES
            if self.lanes[lane] or lane in self.conflated
        ]
        self.lanes = {"live": {}, "backlog": {}}
        self.count = 0
        self.conflated.clear()
        return slices

    def _conflate(self) -> None:
        """Conflates the backlog first, because viewers look at the live lane."""
        for lane in reversed(_LANES):
            before = self.count
            for series, points in self.lanes[lane].items():
                if len(points) > 4:
                    self.lanes[lane][series] = short = extremes(points)
                    self.count -= len(points) - len(short)
            if self.count < before:
                self.conflated.add(lane)
            if self.size <= self.most // 2:
                return


def extremes(points: list[Point]) -> list[Point]:
    """The first, minimum, maximum and last by time, in order of time, each once."""
    if len(points) <= 4:
        return points
    first, last = min(points, key=lambda p: p[0]), max(points, key=lambda p: p[0])
    low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
    return sorted({first, low, high, last})
