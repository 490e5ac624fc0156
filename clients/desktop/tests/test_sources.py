"""The sources: their series, their types, and the restart of a failing source."""

import asyncio
import threading
from collections import namedtuple
from collections.abc import Sequence
from pathlib import Path
from random import Random

import psutil
import pytest

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Reading, SeriesSpec, check_value
from pulse_desktop.core.sources import base, interfaces
from pulse_desktop.core.sources.base import Outlet, Source, supervise
from pulse_desktop.core.sources.host import SERIES, HostSource, next_sample
from pulse_desktop.core.sources.interfaces import kinds
from pulse_desktop.core.sources.simulator import SimulatorSettings, SimulatorSource
from pulse_testkit.waiting import eventually


class ListOutlet:
    """An outlet that keeps every reading."""

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


async def run_until(source: Source, outlet: ListOutlet, enough: int) -> None:
    task = asyncio.create_task(source.run(outlet))
    try:
        await eventually(lambda: len(outlet.readings) >= enough or task.done())
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), task.exception()


async def test_the_simulator_keeps_its_rate_and_produces_every_kind_of_value() -> None:
    outlet, clock = ListOutlet(), Clock()
    source = SimulatorSource(SimulatorSettings(rate=5_000, series=10), clock, Random(5))
    await run_until(source, outlet, 2_500)
    names = sorted({s.name for s in outlet.specs.values()})
    assert names == sorted(f"sim.{k}.{n}" for k in ("wave", "noise", "counter", "signed", "flag") for n in (1, 2))
    spread = (outlet.readings[-1].t - outlet.readings[0].t) / 1e6
    assert len(outlet.readings) / spread == pytest.approx(5_000, rel=0.05)
    signed = [v for v in outlet.values("sim.signed.1") if isinstance(v, int)]
    assert min(signed) < -(2**60)
    assert max(signed) > 2**60
    assert {type(v) for v in outlet.values("sim.flag.2")} == {bool}


async def test_the_same_seed_gives_the_same_noise() -> None:
    runs = []
    for _ in range(2):
        outlet = ListOutlet()
        await run_until(SimulatorSource(SimulatorSettings(2_000, 5), Clock(), Random(7)), outlet, 200)
        runs.append(outlet.values("sim.noise.1")[:30])
    assert runs[0] == runs[1]


async def test_the_host_reports_its_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulse_desktop.core.sources.host._EVERY", 0.02)
    outlet = ListOutlet()
    await run_until(HostSource(tmp_path, Clock()), outlet, 4 * len(SERIES))
    assert {s.name for s in outlet.specs.values()} >= {"cpu.total", "memory.used", "processes.count"}
    assert all(isinstance(v, int) and v > 0 for v in outlet.values("memory.used"))
    sent = [v for part in ("", ".virtual", ".loopback") for v in outlet.values(f"network{part}.sent")]
    assert sent
    assert all(isinstance(v, float) and v >= 0 for v in sent)


Times = namedtuple("Times", "user system idle iowait guest")  # noqa: PYI024  # as psutil gives them
Io = namedtuple("Io", "bytes_recv bytes_sent")  # noqa: PYI024


class Machine:
    """A machine with fake counters and a clock that the test moves. Each sample runs in another thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.now, self.cpu, self.nics = 100.0, [0.0, 0.0, 0.0, 0.0, 0.0], {"lo": Io(0, 0)}
        self.source = HostSource(folder, Clock(lambda: int(self.now * 1e6), lambda: self.now))
        monkeypatch.setattr(psutil, "cpu_times", lambda: Times(*self.cpu))
        monkeypatch.setattr(psutil, "net_io_counters", lambda pernic: dict(self.nics))  # noqa: ARG005
        monkeypatch.setattr(interfaces, "_SYS", folder)

    def sample(self) -> dict[str, object]:
        found: dict[str, object] = {}
        thread = threading.Thread(target=lambda: found.update(self.source._sample()))
        thread.start()
        thread.join()
        return found


def test_the_load_is_that_between_two_looks_whichever_threads_take_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, tmp_path)
    assert "cpu.total" not in machine.sample()
    for busy, load in ((1.0, 100.0), (0.0, 0.0), (0.25, 25.0)):
        machine.now += 1
        machine.cpu[0] += busy
        machine.cpu[4] += busy  # a guest's time, which is part of `user`
        machine.cpu[2] += (1 - busy) / 2
        machine.cpu[3] += (1 - busy) / 2
        assert machine.sample()["cpu.total"] == pytest.approx(load)


def test_real_interfaces_are_apart_from_loopback_and_virtual_ones_and_each_is_over_its_own_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, tmp_path)
    machine.nics = {"eth0": Io(0, 0), "lo": Io(0, 0), "docker0": Io(0, 0)}
    assert not [name for name in machine.sample() if name.startswith("network")]
    machine.now += 2
    machine.nics = {"eth0": Io(200, 20), "lo": Io(8_000, 8_000), "docker0": Io(60, 6), "eth1": Io(10**9, 0)}
    found = {name: value for name, value in machine.sample().items() if name.startswith("network")}
    assert found == {
        "network.received": 100,
        "network.sent": 10,
        "network.loopback.received": 4_000,
        "network.loopback.sent": 4_000,
        "network.virtual.received": 30,
        "network.virtual.sent": 3,
    }
    machine.now += 1
    machine.nics |= {"eth0": Io(0, 30), "eth1": Io(10**9 + 5, 0)}  # one was reset
    again = machine.sample()
    assert (again["network.received"], again["network.sent"]) == (5, 10)


def test_interfaces_with_a_kernel_device_are_real(tmp_path: Path) -> None:
    for name in ("enp3s0", "weird0"):
        (tmp_path / name / "device").mkdir(parents=True)
    names = ["enp3s0", "weird0", "eth9", "veth12ab", "lo", "br0", "enp3s0.7", "tun0"]
    found = kinds(names, tmp_path)
    assert [name for name in names if found[name] == "real"] == ["enp3s0", "weird0"]
    assert [name for name in names if found[name] == "loopback"] == ["lo"]


@pytest.mark.parametrize("slept", [1.5, 3.0, 3_600.0])
def test_after_a_sleep_of_the_machine_a_whole_interval_passes_first(slept: float) -> None:
    assert next_sample(10.0, 10.003) == 11.0, "the times of samples must not drift"
    assert next_sample(11.0, 11.003 + slept) == pytest.approx(12.003 + slept)


class Flaky:
    """Fails twice and then runs."""

    name = "flaky"
    starts = 0

    async def run(self, outlet: Outlet) -> None:
        self.starts += 1
        if self.starts < 3:
            raise OSError("no cable")
        await asyncio.Event().wait()


@pytest.mark.announces_log("source_failed")
async def test_a_failing_source_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_FLOOR", 0.001)
    flaky = Flaky()
    task = asyncio.create_task(supervise(flaky, ListOutlet(), Random(0)))
    await eventually(lambda: flaky.starts == 3)
    task.cancel()
    await asyncio.wait([task])
