"""What has not been sent yet: bounded in bytes, and conflated without losing an extreme. No I/O."""

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
"""What a reading takes in a frame at most: a time of 17 characters, a value of 24, its index, commas."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Readings of one frame by series, in the order in which they came. Shared between viewers: never changed."""

    lane: str
    points: Points
    is_conflated: bool

    @property
    def count(self) -> int:
        return sum(map(len, self.points.values()))


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it goes over the wire, the same text for everybody."""

    number: int
    text: str


def encode(number: int, sent: int, pos: dict[str, int], part: Slice) -> Frame:
    """A Socket.IO event `frame` (see `LiveFrame`) that asks for an acknowledgement by `number`."""
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
    """Collects per lane and series. Beyond `most` bytes (by `READING_BYTES`) it keeps first, minimum, maximum and last
    of each series, and says so: the browser then knows to load what lies between from history. Four readings of each
    series are always kept, even when that is more than `most`."""

    most: int
    lanes: dict[Lane, Points] = field(default_factory=lambda: {"live": {}, "backlog": {}})
    conflated: set[Lane] = field(default_factory=set)
    count: int = 0

    @property
    def size(self) -> int:
        """Bytes, at most, of what it holds."""
        return self.count * READING_BYTES

    @property
    def is_empty(self) -> bool:
        """Nothing to send."""
        return not self.conflated and not self.count

    def add(self, lane: Lane, series: int, points: list[Point]) -> None:
        """More readings of one series, in the order in which they came."""
        self.lanes[lane].setdefault(series, []).extend(points)
        self.count += len(points)
        if self.size > self.most:
            self._conflate()

    def absorb(self, part: Slice) -> None:
        """A slice that could not be sent."""
        lane: Lane = "live" if part.lane == "live" else "backlog"
        if part.is_conflated:
            self.conflated.add(lane)
        for series, points in part.points.items():
            self.add(lane, series, points)

    def take(self) -> list[Slice]:
        """Everything, one slice a lane, live first; nothing is left. A lane that lost something and holds nothing is an
        empty slice that says so."""
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
        """The backlog first: what is live is what is looked at."""
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
    """First, minimum, maximum and last by time, in order of time, each once."""
    if len(points) <= 4:
        return points
    first, last = min(points, key=lambda p: p[0]), max(points, key=lambda p: p[0])
    low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
    return sorted({first, low, high, last})
