"""`EngineClient`: what a window needs from the engine, whether it runs in this process or in the service."""

from collections.abc import Sequence
from typing import Protocol

from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.delivery.sends import Batch
from pulse_desktop.core.recent.buckets import Points
from pulse_desktop.core.sources.base import SourceInfo
from pulse_desktop.core.status.snapshot import Snapshot
from pulse_desktop.core.view import SeriesInfo

__all__ = [
    "Batch",
    "EngineClient",
    "EngineUnavailable",
    "Points",
    "ReplayLimit",
    "SeriesInfo",
    "Snapshot",
    "SourceInfo",
]


class EngineUnavailable(Exception):  # a state of the world
    """The engine does not answer, or cannot do what was asked. The text says what to do."""


class EngineClient(Protocol):
    """Every call may raise EngineUnavailable."""

    @property
    def is_attached(self) -> bool:
        """Whether the engine runs in the service, not in this process."""

    async def start(self) -> None:
        """Returns when the engine answers. Raises EngineUnavailable with what to do; it can be called again then."""

    async def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None before the first."""

    async def series(self) -> list[SeriesInfo]:
        """Every series of this collector."""

    async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
        """At most `most` points or buckets per series in `[start, end)`, microseconds since 1970 UTC. Raises ValueError
        for a range or number that cannot be answered, see `Recent.points`."""

    async def sources(self) -> list[SourceInfo]:
        """The state of each source."""

    async def batches(self) -> list[Batch]:
        """The newest 20 batches, newest first."""

    async def limit_replay(self, limit: ReplayLimit) -> None:
        """Changes the operator's limit for the backlog; it is durable when this returns."""

    async def stop(self) -> None:
        """In this process: stops the engine. Attached: closes the connection only."""
