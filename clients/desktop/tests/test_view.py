"""What a window sees of a running engine: durable values only, the states of the sources, the newest batches."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.delivery.sends import Sends
from pulse_desktop.core.delivery.signals import SendBatch
from pulse_desktop.core.engine import Engine, World
from pulse_desktop.core.model import Reading, SeriesSpec, Slice
from pulse_desktop.core.recent.memory import Memory
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.sources.base import Outlet, Source, SourceWatch
from pulse_testkit.waiting import eventually

from .recent_values import SECOND, SetClock


class Steady:
    """A source that puts the values 0, 1, 2, … until it is told to fail."""

    name = "steady"

    def __init__(self) -> None:
        self.must_fail = False

    async def run(self, outlet: Outlet) -> None:
        (series,) = await outlet.declare([SeriesSpec("level", "float", "m")])
        n = 0.0
        while not self.must_fail:
            await outlet.put([Reading(series, Clock().micros(), n)])
            n += 1
            await asyncio.sleep(0.005)
        raise OSError("the sensor was removed")


@asynccontextmanager
async def running(folder: Path, sources: Sequence[Source]) -> AsyncIterator[Engine]:
    settings = Settings.load({"state_dir": folder, "device": "alpha", "host_metrics": False})
    bus = MemoryBus(MemoryBroker(), clock=Clock().micros)
    engine, stop = Engine(settings, bus, World(rng=Random(1), report_every=0.05), sources), asyncio.Event()
    task = asyncio.ensure_future(engine.run(stop))
    try:
        await eventually(lambda: engine.view is not None or task.done())
        yield engine
    finally:
        stop.set()
        await task


async def test_a_window_sees_series_values_sources_and_can_pause_the_backlog(tmp_path: Path) -> None:
    async with running(tmp_path, [Steady()]) as engine:
        view = engine.view
        assert view is not None

        async def has_value() -> bool:
            series = await view.series()
            return bool(series) and series[0].t is not None

        await eventually(has_value)
        one = (await view.series())[0]
        assert (one.name, one.type, one.unit) == ("level", "float", "m")
        assert one.t is not None
        points = (await view.points([one.id], one.t - 60 * SECOND, one.t + 1, 20_000))[one.id]
        assert points.is_raw
        assert points.last == [float(i) for i in range(len(points.last))]
        assert [(s.name, s.state, s.error) for s in view.sources] == [("steady", "running", "")]
        assert view.batches == []
        await view.limit_replay(ReplayLimit(is_paused=True))
        await eventually(lambda: view.snapshot is not None and view.snapshot.replay.startswith("paused"))


@pytest.mark.announces_log("source_failed")
async def test_a_failed_source_shows_its_error_until_it_gives_a_reading(tmp_path: Path) -> None:
    source = Steady()
    async with running(tmp_path, [source]) as engine:
        view = engine.view
        assert view is not None
        await eventually(lambda: view.sources[0].state == "running")
        source.must_fail = True
        await eventually(lambda: view.sources[0].state == "failed")
        assert view.sources[0].error == "OSError: the sensor was removed"
        source.must_fail = False
        await eventually(lambda: view.sources[0].state == "running")
        assert view.sources[0].error == ""


async def test_a_source_waits_until_its_first_reading_and_its_state_has_a_time() -> None:
    time = SetClock()

    class Sink:
        async def declare(self, specs: Sequence[SeriesSpec]) -> list[int]:
            return [1] * len(specs)

        async def put(self, readings: Sequence[Reading]) -> None:
            """Takes them."""

    watch = SourceWatch("s", Sink(), time.clock)
    began = time.now
    assert (watch.info.state, watch.info.since) == ("waiting", began)
    time.pass_(5 * SECOND)
    await watch.put([Reading(1, 0, 1.0)] * 50)
    assert (watch.info.state, watch.info.since, watch.info.per_second) == ("running", began + 5 * SECOND, 10)
    time.pass_(5 * SECOND)
    await watch.put([Reading(1, 0, 1.0)] * 50)
    assert (watch.info.since, watch.info.per_second) == (began + 5 * SECOND, 10)


@pytest.mark.announces_log("recent_values_failed")
async def test_a_bug_in_the_recent_values_does_not_stop_the_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Memory, __: Sequence[Reading]) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Memory, "record", broken)
    async with running(tmp_path, [Steady()]) as engine:
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.waiting > 50)
        assert engine.view is not None
        assert (await engine.view.series())[0].t is None


def sent(sends: Sends, lease: int, lo: int, n: int, epoch: int = 9) -> None:
    command = SendBatch(lease=lease, epoch=epoch, ord=1, lo=lo, hi=lo + n, lane="live", session="s")
    sends.add(command, Slice(epoch, lo, tuple(Reading(1, i, 0.0) for i in range(n))), lease)


def test_a_batch_is_acknowledged_when_all_of_its_readings_are() -> None:
    sends = Sends()
    sent(sends, 1, 0, 10)
    sent(sends, 2, 10, 10)
    sends.settle(8, ((0, 20),))
    sends.settle(9, ((0, 15),))
    assert [(b.number, b.state) for b in sends.newest] == [(2, "in_flight"), (1, "acknowledged")]
    sends.settle(9, ((15, 20),))
    assert [b.state for b in sends.newest] == ["acknowledged", "acknowledged"]


def test_only_the_newest_20_batches_are_kept() -> None:
    sends = Sends()
    for i in range(50):
        sent(sends, i, i, 1)
    assert [b.number for b in sends.newest] == list(range(49, 29, -1))
