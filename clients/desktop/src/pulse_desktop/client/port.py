"""`EngineClient`: what a window needs from the engine, whether it runs in this process or in the service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pulse_contracts.message import ValueType
from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.status.snapshot import Snapshot


class EngineUnavailable(Exception):
    """The engine does not answer. The text says what to do."""


@dataclass(frozen=True)
class SeriesInfo:
    """One series of this collector, with its newest reading. `t`: microseconds since 1970 UTC; None before the first
    reading. `per_second`: readings per second over the last 10 s."""

    id: int
    name: str
    type: ValueType
    unit: str
    t: int | None
    value: float | int | bool | None
    per_second: float


@dataclass(frozen=True)
class Points:
    """Points of one series, ordered by time. For buckets, `lo` and `hi` differ from `last`."""

    t: list[int]
    last: list[float]
    lo: list[float]
    hi: list[float]
    is_raw: bool


@dataclass(frozen=True)
class SourceInfo:
    """One source. `state`: "running", "failed" or "waiting". `since`: microseconds since 1970 UTC."""

    name: str
    state: str
    since: int
    error: str
    per_second: float


@dataclass(frozen=True)
class Batch:
    """A recent batch. `state`: "in_flight" or "acknowledged". `t`: when it was sent, microseconds since 1970 UTC."""

    number: int
    readings: int
    state: str
    t: int
    lane: str


class EngineClient(Protocol):
    """Every call may raise EngineUnavailable."""

    @property
    def is_attached(self) -> bool:
        """Whether the engine runs in the service, not in this process."""

    async def start(self) -> None:
        """Returns when the engine answers. Raises EngineUnavailable with what to do."""

    async def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None before the first."""

    async def series(self) -> list[SeriesInfo]:
        """Every series of this collector."""

    async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
        """At most `most` points or buckets per series between `start` and `end`, microseconds since 1970 UTC."""

    async def sources(self) -> list[SourceInfo]:
        """Every source."""

    async def batches(self) -> list[Batch]:
        """The newest 20 batches."""

    async def limit_replay(self, limit: ReplayLimit) -> None:
        """Changes the operator's limit for the backlog."""

    async def stop(self) -> None:
        """In this process: stops the engine. Attached: closes the connection only."""
