"""The machine itself as a source: processor, memory, disk and network, once a second."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Reading, SeriesSpec, Value
from pulse_desktop.core.sources.base import Outlet

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
    SeriesSpec("processes.count", "int", "", "Processes", _MICROS),
)


@dataclass(frozen=True)
class _Counters:
    """Totals that rates are made of, and when they were read (monotonic seconds)."""

    at: float
    totals: dict[str, int]


class HostSource:
    """Rates need two looks: their first reading comes with the second look. What a machine does not have is not
    reported."""

    name = "host"

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._before: _Counters | None = None

    async def run(self, outlet: Outlet) -> None:
        """See `Source.run`."""
        ids = dict(zip((s.name for s in SERIES), await outlet.declare(SERIES), strict=True))
        self._before = None
        await asyncio.to_thread(psutil.cpu_percent, None)
        due = self._clock.monotonic()
        while True:
            due += _EVERY
            late = self._clock.monotonic() - due
            if late > _EVERY:
                due += late  # the machine slept: no burst to catch up
            await asyncio.sleep(max(0.0, due - self._clock.monotonic()))
            values = await asyncio.to_thread(self._look)
            t = self._clock.micros()
            await outlet.put([Reading(ids[name], t, value) for name, value in values.items()])

    def _look(self) -> dict[str, Value]:
        memory = psutil.virtual_memory()
        values: dict[str, Value] = {
            "cpu.total": float(psutil.cpu_percent(None)),
            "cpu.load1": float(psutil.getloadavg()[0]),
            "memory.used": int(memory.used),
            "memory.percent": float(memory.percent),
            "disk.percent": float(psutil.disk_usage(str(self._folder)).percent),
            "processes.count": len(psutil.pids()),
        }
        _maybe(lambda: values.update({"swap.percent": float(psutil.swap_memory().percent)}))
        now = _Counters(self._clock.monotonic(), {})
        _maybe(lambda: now.totals.update(_disk()))
        _maybe(lambda: now.totals.update(_network()))
        before, self._before = self._before, now
        if before is not None and now.at > before.at:
            for name, total in now.totals.items():
                if name in before.totals:  # a counter that was reset counts as standing still
                    values[name] = max(0, total - before.totals[name]) / (now.at - before.at)
        return values


def _maybe(look: Callable[[], None]) -> None:
    try:
        look()
    except (OSError, RuntimeError, NotImplementedError):  # a container or a platform without it
        return


def _disk() -> dict[str, int]:
    io = psutil.disk_io_counters()
    return {"disk.read": io.read_bytes, "disk.write": io.write_bytes} if io is not None else {}


def _network() -> dict[str, int]:
    io = psutil.net_io_counters()
    return {"network.received": io.bytes_recv, "network.sent": io.bytes_sent}
