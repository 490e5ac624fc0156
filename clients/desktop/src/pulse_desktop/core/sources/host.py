"""This machine as a source: processor, memory, disk and network, once per second.

Loads and rates are differences between two samples of the system's counters. This module keeps the last sample itself,
because psutil keeps one per thread and every sample may run in another thread."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import psutil

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Reading, SeriesSpec, Value
from pulse_desktop.core.sources.base import Outlet
from pulse_desktop.core.sources.interfaces import Kind, kinds

_EVERY = 1.0
_MICROS = 1_000_000

SERIES = (
    SeriesSpec("cpu.total", "float", "%", "Processor", _MICROS),
    SeriesSpec("cpu.load1", "float", "", "Load, 1 minute", _MICROS),
    SeriesSpec("memory.used", "int", "B", "Memory used", _MICROS),
    SeriesSpec("memory.percent", "float", "%", "Memory", _MICROS),
    SeriesSpec("swap.percent", "float", "%", "Swap", _MICROS),
    SeriesSpec("disk.percent", "float", "%", "Disk", _MICROS),
    SeriesSpec("disk.read", "float", "B/s", "Disk read", _MICROS),
    SeriesSpec("disk.write", "float", "B/s", "Disk written", _MICROS),
    SeriesSpec("network.received", "float", "B/s", "Network received", _MICROS),
    SeriesSpec("network.sent", "float", "B/s", "Network sent", _MICROS),
    SeriesSpec("network.virtual.received", "float", "B/s", "Virtual networks received", _MICROS),
    SeriesSpec("network.virtual.sent", "float", "B/s", "Virtual networks sent", _MICROS),
    SeriesSpec("network.loopback.received", "float", "B/s", "Loopback received", _MICROS),
    SeriesSpec("network.loopback.sent", "float", "B/s", "Loopback sent", _MICROS),
    SeriesSpec("processes.count", "int", "", "Processes", _MICROS),
)


class _Rates:
    """Differences of counters between two samples, with the time between these two samples."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, dict[str, float]]] = {}

    def forget(self) -> None:
        """Forgets every sample."""
        self._last.clear()

    def differences(self, what: str, at: float, totals: dict[str, float]) -> tuple[float, dict[str, float]]:
        """Seconds since the last sample of `what`, and the increase of each counter. A counter that was reset has no
        increase. The first sample, and a new counter, give no difference."""
        since, before = self._last.get(what, (at, {}))
        self._last[what] = at, totals
        if at <= since:
            return 0.0, {}
        return at - since, {name: max(0.0, now - before[name]) for name, now in totals.items() if name in before}


class Pace:
    """How often the machine is measured. `interval` in seconds."""

    def __init__(self, interval: float = _EVERY) -> None:
        self.interval = interval
        self._hurry = asyncio.Event()

    def measure_now(self) -> None:
        """Ends the current wait."""
        self._hurry.set()

    def set_interval(self, seconds: float) -> None:
        """Changes the interval and ends the current wait."""
        self.interval = seconds
        self._hurry.set()

    async def wait(self, seconds: float) -> bool:
        """Waits. Returns whether somebody ended the wait early."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return False
        self._hurry.clear()
        return True


class HostSource:
    """Loads and rates need two samples, so their first reading comes with the second sample. Values that this machine
    cannot measure are not reported."""

    name = "host"

    def __init__(self, folder: Path, clock: Clock, pace: "Pace | None" = None) -> None:
        self._folder, self._clock, self._rates = folder, clock, _Rates()
        self._pace = pace or Pace()

    async def run(self, outlet: Outlet) -> None:
        """See `Source.run`."""
        ids = dict(zip((s.name for s in SERIES), await outlet.declare(SERIES), strict=True))
        self._rates.forget()
        due = self._clock.monotonic()
        while True:
            due = next_sample(due, self._clock.monotonic(), self._pace.interval)
            if await self._pace.wait(max(0.0, due - self._clock.monotonic())):
                due = self._clock.monotonic()
            values = await asyncio.to_thread(self._sample)
            t = self._clock.micros()
            await outlet.put([Reading(ids[name], t, value) for name, value in values.items()])

    def _sample(self) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for sample in (self._processor, self._levels, self._swap, self._disk, self._network):
            _ignore_missing(lambda sample=sample: values.update(sample()))  # type: ignore[misc]
        return values

    def _processor(self) -> dict[str, Value]:
        times = psutil.cpu_times()._asdict()
        # the time of a guest is also part of its host process
        totals = {name: float(spent) for name, spent in times.items() if name not in {"guest", "guest_nice"}}
        _, grown = self._rates.differences("processor", self._clock.monotonic(), totals)
        total = sum(grown.values())
        values: dict[str, Value] = {"cpu.load1": float(psutil.getloadavg()[0])}
        if total > 0:
            idle = grown.get("idle", 0.0) + grown.get("iowait", 0.0)
            values["cpu.total"] = 100.0 * (total - idle) / total
        return values

    def _levels(self) -> dict[str, Value]:
        memory = psutil.virtual_memory()
        return {
            "memory.used": int(memory.used),
            "memory.percent": float(memory.percent),
            "disk.percent": float(psutil.disk_usage(str(self._folder)).percent),
            "processes.count": len(psutil.pids()),
        }

    def _swap(self) -> dict[str, Value]:
        return {"swap.percent": float(psutil.swap_memory().percent)}

    def _disk(self) -> dict[str, Value]:
        io = psutil.disk_io_counters()
        totals = {"disk.read": float(io.read_bytes), "disk.write": float(io.write_bytes)} if io is not None else {}
        seconds, grown = self._rates.differences("disk", self._clock.monotonic(), totals)
        return {name: n / seconds for name, n in grown.items()}

    def _network(self) -> dict[str, Value]:
        counters = psutil.net_io_counters(pernic=True)
        totals = {f"received {name}": float(io.bytes_recv) for name, io in counters.items()}
        totals |= {f"sent {name}": float(io.bytes_sent) for name, io in counters.items()}
        seconds, grown = self._rates.differences("network", self._clock.monotonic(), totals)
        sums: dict[str, float] = defaultdict(float)
        kind = kinds(counters)
        for counter, n in grown.items():
            way, _, name = counter.partition(" ")
            sums[f"{_NETWORKS[kind[name]]}.{way}"] += n / seconds
        return dict(sums)


_NETWORKS: dict[Kind, str] = {"real": "network", "virtual": "network.virtual", "loopback": "network.loopback"}


def next_sample(last: float, now: float, every: float = _EVERY) -> float:
    """When the next sample is due; `last`: when the last one was due. After the machine slept, a whole interval passes
    first, because a rate over a few milliseconds means nothing."""
    return last + every if now < last + every else now + every


def _ignore_missing(sample: Callable[[], None]) -> None:
    try:
        sample()
    except (OSError, RuntimeError, NotImplementedError):  # not available in this container or on this platform
        return
