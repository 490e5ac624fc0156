"""What one browser has not been sent yet: bounded, and conflated without losing an extreme. No I/O."""

from dataclasses import dataclass, field

from pulse_contracts.message import Lane

Value = bool | int | float
Point = tuple[int, Value]
_LANES: tuple[Lane, ...] = ("live", "backlog")


@dataclass(frozen=True, slots=True)
class Slice:
    """Readings of one frame: parallel columns, `x` indexes into `series`."""

    lane: str
    series: list[int]
    x: list[int]
    t: list[int]
    v: list[Value]
    is_conflated: bool


@dataclass
class Pending:
    """Collects per lane and series. Beyond `most` readings a lane keeps first, minimum, maximum and last of each
    series, and says so: the browser then knows to load what lies between from history."""

    most: int
    lanes: dict[Lane, dict[int, list[Point]]] = field(default_factory=lambda: {"live": {}, "backlog": {}})
    conflated: set[Lane] = field(default_factory=set)
    counts: dict[Lane, int] = field(default_factory=lambda: {"live": 0, "backlog": 0})

    def add(self, lane: Lane, series: int, points: list[Point]) -> None:
        """More readings of one series, in the order in which they came."""
        self.lanes[lane].setdefault(series, []).extend(points)
        self.counts[lane] += len(points)
        if self.counts[lane] > self.most:
            self._conflate(lane)

    def take(self) -> list[Slice]:
        """Everything, one slice a lane, live first; nothing is left. A lane that lost something and holds nothing is an
        empty slice that says so."""
        slices = [self._slice(lane) for lane in _LANES if self.lanes[lane] or lane in self.conflated]
        self.lanes = {"live": {}, "backlog": {}}
        self.counts = {"live": 0, "backlog": 0}
        self.conflated.clear()
        return slices

    @property
    def is_empty(self) -> bool:
        """Nothing to send."""
        return not self.conflated and not any(self.lanes.values())

    def _conflate(self, lane: Lane) -> None:
        kept = 0
        for series, points in self.lanes[lane].items():
            self.lanes[lane][series] = short = extremes(points)
            kept += len(short)
        self.counts[lane] = kept
        self.conflated.add(lane)

    def _slice(self, lane: Lane) -> Slice:
        series = list(self.lanes[lane])
        x: list[int] = []
        t: list[int] = []
        v: list[Value] = []
        for index, points in enumerate(self.lanes[lane].values()):
            x.extend([index] * len(points))
            for moment, value in points:
                t.append(moment)
                v.append(value)
        return Slice(lane, series, x, t, v, lane in self.conflated)


def extremes(points: list[Point]) -> list[Point]:
    """First, minimum, maximum and last by time, in order of time, each once."""
    if len(points) <= 4:
        return points
    first, last = min(points, key=lambda p: p[0]), max(points, key=lambda p: p[0])
    low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
    return sorted({first, low, high, last})
