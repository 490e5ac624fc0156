"""The sources: what they declare, the types they give, and that a failing one is started again."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Reading, SeriesSpec, check_value
from pulse_desktop.core.sources import base
from pulse_desktop.core.sources.base import Outlet, Source, supervise
from pulse_desktop.core.sources.host import SERIES, HostSource
from pulse_desktop.core.sources.simulator import SimulatorSettings, SimulatorSource
from pulse_testkit.waiting import eventually


class Bowl:
    """Keeps everything that is put into it."""

    def __init__(self) -> None:
        self.specs: dict[int, SeriesSpec] = {}
        self.readings: list[Reading] = []

    async def declare(self, specs: Sequence[SeriesSpec]) -> list[int]:
        first = len(self.specs) + 1
        self.specs.update(enumerate(specs, first))
        return list(range(first, first + len(specs)))

    async def put(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            check_value(self.specs[reading.series].type, reading.value)
        self.readings += readings

    def values(self, name: str) -> list[object]:
        return [r.value for r in self.readings if self.specs[r.series].name == name]


async def run_until(source: Source, bowl: Bowl, enough: int) -> None:
    task = asyncio.create_task(source.run(bowl))
    try:
        await eventually(lambda: len(bowl.readings) >= enough or task.done())
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), task.exception()


async def test_the_simulator_keeps_its_rate_and_gives_each_kind_of_value() -> None:
    bowl, clock = Bowl(), Clock()
    source = SimulatorSource(SimulatorSettings(rate=5_000, series=10), clock, Random(5))
    await run_until(source, bowl, 2_500)
    names = sorted({s.name for s in bowl.specs.values()})
    assert names == sorted(f"sim.{k}.{n}" for k in ("wave", "noise", "counter", "signed", "flag") for n in (1, 2))
    spread = (bowl.readings[-1].t - bowl.readings[0].t) / 1e6
    assert len(bowl.readings) / spread == pytest.approx(5_000, rel=0.05)
    signed = [v for v in bowl.values("sim.signed.1") if isinstance(v, int)]
    assert min(signed) < -(2**60)
    assert max(signed) > 2**60
    assert {type(v) for v in bowl.values("sim.flag.2")} == {bool}


async def test_the_same_seed_gives_the_same_noise() -> None:
    runs = []
    for _ in range(2):
        bowl = Bowl()
        await run_until(SimulatorSource(SimulatorSettings(2_000, 5), Clock(), Random(7)), bowl, 200)
        runs.append(bowl.values("sim.noise.1")[:30])
    assert runs[0] == runs[1]


async def test_the_host_reports_itself_with_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulse_desktop.core.sources.host._EVERY", 0.02)
    bowl = Bowl()
    await run_until(HostSource(tmp_path, Clock()), bowl, 4 * len(SERIES))
    assert {s.name for s in bowl.specs.values()} >= {"cpu.total", "memory.used", "processes.count"}
    assert all(isinstance(v, int) and v > 0 for v in bowl.values("memory.used"))
    assert all(isinstance(v, float) and v >= 0 for v in bowl.values("network.sent"))
    assert bowl.values("network.sent")


class Flaky:
    """Fails twice, then runs."""

    name = "flaky"
    starts = 0

    async def run(self, outlet: Outlet) -> None:
        self.starts += 1
        if self.starts < 3:
            raise OSError("no cable")
        await asyncio.Event().wait()


async def test_a_source_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_FLOOR", 0.001)
    flaky = Flaky()
    task = asyncio.create_task(supervise(flaky, Bowl(), Random(0)))
    await eventually(lambda: flaky.starts == 3)
    task.cancel()
    await asyncio.wait([task])
