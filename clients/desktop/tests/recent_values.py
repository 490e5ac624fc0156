"""Builders for tests of recent values: a clock that a test sets, and a table of series."""

from collections.abc import Sequence
from pathlib import Path

from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Reading
from pulse_desktop.core.recent.recent import Recent

NOON = 1_790_000_040_000_000
"""A full minute."""
SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
LEVEL = SeriesDeclaration(id=1, name="level", type="float")
COUNT = SeriesDeclaration(id=2, name="count", type="int")


class SetClock:
    """The wall clock `now` in microseconds, and the monotonic clock `monotonic` in seconds."""

    def __init__(self) -> None:
        self.now, self.monotonic = NOON, 0.0
        self.clock = Clock(lambda: self.now, lambda: self.monotonic)

    def pass_(self, micros: int) -> None:
        """Lets time pass on both clocks."""
        self.now += micros
        self.monotonic += micros / 1e6


def open_recent(
    folder: Path, time: SetClock, table: Sequence[SeriesDeclaration] = (LEVEL,), min_free: int = 0
) -> Recent:
    return Recent(folder, lambda: tuple(table), time.clock, min_free)


def levels(time: SetClock, every: int, n: int, recent: Recent) -> list[Reading]:
    """Records `n` readings of the series 1 with the values 0, 1, 2, …, one `every` microseconds."""
    made = []
    for i in range(n):
        made.append(Reading(1, time.now, float(i)))
        recent.record(made[-1:])
        time.pass_(every)
    return made
