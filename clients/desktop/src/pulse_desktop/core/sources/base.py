"""The interface of a source, and its supervision."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Protocol

import structlog

from pulse_contracts.backoff import retry_delay
from pulse_desktop.core.model import Reading, SeriesSpec

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


async def supervise(source: Source, outlet: Outlet, rng: Random) -> None:
    """Runs a source until cancelled. Restarts it after 1 s * 2^k, at most 60 s, with jitter."""
    failures, loop = 0, asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            await source.run(outlet)
            log.warning("source_ended", source=source.name)
        except Exception as error:  # noqa: BLE001  # the engine's door: a failing source must not stop the others
            level = log.debug if failures else log.error
            level("source_failed", source=source.name, error=repr(error))
        failures = 0 if loop.time() - started > _GOOD_RUN else failures + 1
        await asyncio.sleep(retry_delay(failures + 1, _FLOOR, _CAP, rng))
