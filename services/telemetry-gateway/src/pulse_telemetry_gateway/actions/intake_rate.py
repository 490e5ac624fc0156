"""Measures how fast this gateway stores readings."""

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from pulse_contracts.errors import Unavailable
from pulse_telemetry_gateway.store.intake_rate import Fleet, IntakeRateStore, Measured, Rate

INTERVAL: Final = timedelta(seconds=5)
_FRESH: Final = 4 * INTERVAL
"""A gateway that did not measure for as long has stopped."""
_WAITS: Final = 10_000
"""Commits of one measurement whose wait is kept. The older ones are left out."""


class IntakeRate:
    """Counts what was stored since the last measurement. `clock`: seconds, never set back."""

    def __init__(self, store: IntakeRateStore, gateway: str, clock: Callable[[], float]) -> None:
        self._store, self._gateway, self._clock = store, gateway, clock
        self._since, self._readings = clock(), 0
        self._waits: deque[float] = deque(maxlen=_WAITS)

    def note(self, readings: int, wait: float) -> None:
        """Counts a commit. wait: seconds since its oldest batch arrived."""
        self._readings += readings
        self._waits.append(wait)

    async def measure(self) -> None:
        """Stores a measurement, and begins the next one. Raises Unavailable: the next measurement then also has what
        this one counted."""
        until = self._clock()
        seconds, readings, counted = until - self._since, self._readings, self._waits
        if seconds <= 0:
            return
        # Commits during the statement belong to the next measurement.
        self._waits = deque(maxlen=counted.maxlen)
        waits = sorted(counted)
        try:
            await self._store.put(self._gateway, Measured(seconds, readings, _share(waits, 0.5), _share(waits, 0.99)))
        except Unavailable:
            self._waits = deque((*counted, *self._waits), counted.maxlen)
            raise
        self._since = until
        self._readings -= readings

    async def rate(self) -> Rate:
        """What all gateways measured lately. Raises Unavailable."""
        return await self._store.rate(_FRESH)

    async def fleet(self) -> Fleet:
        """What all devices together report. Raises Unavailable."""
        return await self._store.fleet()


def _share(ordered: list[float], share: float) -> float | None:
    """The smallest value that at least `share` of all values do not exceed."""
    if not ordered:
        return None
    return ordered[max(0, -int(-len(ordered) * share // 1) - 1)]
