"""What the window knows of the engine after a poll."""

from dataclasses import dataclass, field

from pulse_desktop.client.port import Batch, Points, SeriesInfo, Snapshot, SourceInfo


@dataclass(frozen=True)
class Seen:
    """`now`, `start`, `end`: microseconds since 1970 UTC; `points` lie between `start` and `end`. `problem`: why the
    engine does not answer, else empty; the other values are then the last known ones."""

    now: int
    snapshot: Snapshot | None = None
    series: tuple[SeriesInfo, ...] = ()
    sources: tuple[SourceInfo, ...] = ()
    batches: tuple[Batch, ...] = ()
    points: dict[int, Points] = field(default_factory=dict)
    start: int = 0
    end: int = 0
    problem: str = ""
    is_attached: bool = False
