"""The interface of a source, and its supervision."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

import structlog

from pulse_contracts.backoff import retry_delay
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Reading, SeriesSpec
from pulse_desktop.core.rates import Rate

log = structlog.get_logger("pulse.desktop.sources")

_FLOOR, _CAP = 1.0, 60.0
_GOOD_RUN = 60.0
"""Seconds after which a failure counts as the first again."""


class Outlet(Protocol):
    """Where a source puts its readings."""

    async def declare(self, specs: Sequence[SeriesSpec]) -> list[int]:
        """The ids of these series, in this order."""

    async def put(self, readings: Sequence[Reading]) -> None:
        """Takes readings of declared series; can wait. Raises UnfitValueError."""


class Source(Protocol):
    """Produces readings until it is cancelled."""

    @property
    def name(self) -> str:
        """The name in log events."""

    async def run(self, outlet: Outlet) -> None:
        """Declares its series, then puts readings until cancelled. May raise any error: the supervisor restarts it."""


@dataclass(frozen=True)
class SourceInfo:
    """The state of a source: "running" (it gives readings), "failed" (its last run ended with `error`, and it has given
    no reading since), or "waiting" (no reading yet). `since`: when this state began, microseconds since 1970 UTC.
    `per_second`: readings per second over the last ten seconds."""

    name: str
    state: str
    since: int
    error: str
    per_second: float


class SourceWatch:
    """The outlet of one source, which passes everything on and keeps the state of the source."""

    def __init__(self, name: str, outlet: Outlet, clock: Clock) -> None:
        self._name, self._outlet, self._clock = name, outlet, clock
        self._state, self._error, self._since = "waiting", "", clock.micros()
        self._rate = Rate(clock)

    @property
    def info(self) -> SourceInfo:
        """The present state."""
        return SourceInfo(self._name, self._state, self._since, self._error, self._rate.per_second)

    async def declare(self, specs: Sequence[SeriesSpec]) -> list[int]:
        """See `Outlet`."""
        return await self._outlet.declare(specs)

    async def put(self, readings: Sequence[Reading]) -> None:
        """See `Outlet`."""
        await self._outlet.put(readings)
        self._rate.add(len(readings))
        self._change("running")

    def fail(self, error: str) -> None:
        """The source ended, and will be started again."""
        self._change("failed", error)

    def _change(self, state: str, error: str = "") -> None:
        if state != self._state:
            self._state, self._since = state, self._clock.micros()
        self._error = error


async def supervise(source: Source, outlet: Outlet, rng: Random, watch: SourceWatch | None = None) -> None:
    """Runs a source until cancelled. Restarts it after 1 s * 2^k, at most 60 s, with jitter. `watch`: where its state
    is kept; it then is the outlet of the source."""
    failures, loop = 0, asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            await source.run(watch or outlet)
            problem = "it ended by itself"
            log.warning("source_ended", source=source.name)
        except Exception as error:  # noqa: BLE001  # the engine's door: a failing source must not stop the others
            level = log.debug if failures else log.error
            problem = f"{type(error).__name__}: {error}"[:500]
            level("source_failed", source=source.name, error=repr(error))
        if watch is not None:
            watch.fail(problem)
        failures = 0 if loop.time() - started > _GOOD_RUN else failures + 1
        await asyncio.sleep(retry_delay(failures + 1, _FLOOR, _CAP, rng))
