"""A simulated source: five kinds of series at a configurable total rate, from a seeded generator."""

import asyncio
import math
from dataclasses import dataclass
from random import Random

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import INT_MAX, INT_MIN, Reading, SeriesSpec, Value
from pulse_desktop.core.sources.base import Outlet

_TICK = 0.01
_CATCH_UP = 2.0
"""After a pause, the readings of at most this many seconds are made up."""
_KINDS = ("wave", "noise", "counter", "signed", "flag")


@dataclass(frozen=True)
class SimulatorSettings:
    """`rate`: readings per second of all series together."""

    rate: float = 100.0
    series: int = 10


class _Series:
    """One simulated sensor."""

    def __init__(self, number: int, settings: SimulatorSettings, rng: Random) -> None:
        self.kind = _KINDS[number % len(_KINDS)]
        self._rng, self._phase = rng, rng.random() * math.tau
        self._level = rng.uniform(-100.0, 100.0)
        self._count = rng.choice((0, 2**53, INT_MAX - 2**40))
        interval = int(1_000_000 * settings.series / settings.rate)
        kind = {"wave": "float", "noise": "float", "counter": "int", "signed": "int", "flag": "bool"}[self.kind]
        self.spec = SeriesSpec(
            name=f"sim.{self.kind}.{number // len(_KINDS) + 1}",
            type="float" if kind == "float" else "int" if kind == "int" else "bool",
            unit="V" if self.kind == "wave" else "",
            display_name=f"Simulated {self.kind} {number // len(_KINDS) + 1}",
            interval=max(1, interval),
        )

    def value(self, seconds: float) -> Value:
        match self.kind:
            case "wave":
                return self._level + 10.0 * math.sin(self._phase + seconds / 10.0)
            case "noise":
                self._level += self._rng.gauss(0.0, 1.0)
                return self._level
            case "counter":
                self._count = self._count + 1 if self._count < INT_MAX else INT_MIN
                return self._count
            case "signed":
                return self._rng.randint(INT_MIN, INT_MAX)
            case _:
                return self._rng.random() < 0.5


class SimulatorSource:
    """Reading `k` is due `k / rate` seconds after the start, so the mean rate does not drift."""

    name = "simulator"

    def __init__(self, settings: SimulatorSettings, clock: Clock, rng: Random) -> None:
        self._settings, self._clock = settings, clock
        self._series = [_Series(i, settings, rng) for i in range(settings.series)]

    async def run(self, outlet: Outlet) -> None:
        """See `Source.run`."""
        ids = await outlet.declare([s.spec for s in self._series])
        rate, n = self._settings.rate, len(self._series)
        start, made = self._clock.monotonic(), 0
        while True:
            await asyncio.sleep(max(_TICK, start + (made + 1) / rate - self._clock.monotonic()))
            elapsed = self._clock.monotonic() - start
            due = int(elapsed * rate)
            made = max(made, due - int(_CATCH_UP * rate))
            wall = self._clock.micros()
            readings = []
            for k in range(made, due):
                i = k % n
                at = k / rate
                readings.append(Reading(ids[i], wall - int((elapsed - at) * 1_000_000), self._series[i].value(at)))
            made = max(made, due)
            if readings:
                await outlet.put(readings)
