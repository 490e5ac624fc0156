"""A backlog of a million readings is delivered through one gateway while live readings continue: readings stored per
second, and the age of live readings when a frame delivers them, for other devices and for the delivering ones. The
backlog is written in advance through the collector's own buffer. The collectors are real processes that pause delivery
until everything is connected. Once one collector has the whole million, and once four share it. The time runs from the
first settled reading of the backlog to the last."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import numpy as np

from benchmarks.browser_load import Ages, Browser, open_browsers
from benchmarks.report import Result
from benchmarks.stage import ROOT, Device, Gateway, Servers, devices, gateway, new_database, servers, token
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery import replay_control
from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.mirror.configuration import Configuration
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec

BACKLOG = 1_000_000
COLLECTORS = (1, 4)
SERIES = 10
LIVE_DEVICES, LIVE_EVERY, LIVE_READINGS = 10, 0.1, 5
"""Other devices: each sends this many readings at this interval in seconds, with its own phase."""
SIMULATED = 50
"""Live readings per second of each collector with a backlog."""
BEFORE = 5
"""Seconds of live readings without a backlog, for comparison."""
_LOST_AFTER = 120
_EPOCH = 1_000


@dataclass(frozen=True)
class _Drained:
    rate: float
    other: tuple[float, float]
    """Milliseconds, p99: before and during the delivery of the backlog."""
    same: tuple[float, float]
    gateway_cpu: float
    collector_cpu: float


@dataclass
class _Watch:
    """Live readings as two browsers receive them."""

    other: Ages = field(default_factory=Ages)
    same: Ages = field(default_factory=Ages)

    def count(self) -> None:
        for ages in (self.other, self.same):
            ages.found.clear()
            ages.is_counting = True

    def stop(self) -> tuple[float, float]:
        for ages in (self.other, self.same):
            ages.is_counting = False
        return round(self.other.percentile(0.99), 1), round(self.same.percentile(0.99), 1)


def measure() -> list[Result]:
    """One run with each number of collectors."""
    results: list[Result] = []
    for number in COLLECTORS:
        of = f"{number} collector{'s' if number > 1 else ''}"
        one = _run(number)
        target = f">= {100_000:,} readings/s"
        results += [
            Result(f"drained by {of}", round(one.rate), "readings/s", target=target, met=one.rate >= 100_000),
            _live(f"live p99 of other devices, {of} draining", one.other),
            _live(f"live p99 of the same devices, {of} draining", one.same),
            Result(f"gateway, processor, {of}", one.gateway_cpu, "% of a core"),
            Result(f"collectors, processor, {of}", one.collector_cpu, "% of a core"),
        ]
    return results


def _live(metric: str, p99: tuple[float, float]) -> Result:
    return Result(metric, p99[1], "ms", "before the drain", p99[0], "< 1,000 ms", p99[1] < 1_000)


def _run(number: int) -> _Drained:
    names = [f"drain-{n}" for n in range(number)]
    live = [f"live-{n}" for n in range(LIVE_DEVICES)]
    with tempfile.TemporaryDirectory() as name, servers(Path(name), [*names, *live]) as backend:
        folder = Path(name)
        for place, device in enumerate(names):
            _fill(folder / device, BACKLOG // number, _EPOCH + place)
            (folder / f"{device}.password").write_text(backend.passwords[device])
        url = asyncio.run(new_database(backend))
        with gateway(backend, folder, url) as one:
            return asyncio.run(_measure(_Stage(backend, one, url, folder, names, live)))


def _fill(state: Path, n: int, epoch: int) -> None:
    """Writes the buffer of a collector after an outage of its connection. Its delivery is paused."""
    state.mkdir()
    buffer = Buffer(state, epoch, BufferLimits(), Clock())
    table = buffer.declare([SeriesSpec(f"bench.{i}", "float") for i in range(SERIES)])
    values = np.round(20 + np.random.default_rng(epoch).normal(0, 1, n).cumsum() * 0.01, 3).tolist()
    began = Clock().micros() - n * 1_000
    for start in range(0, n, 5_000):
        group = range(start, min(n, start + 5_000))
        buffer.append([Reading(table[i % SERIES].id, began + i * 1_000, values[i]) for i in group])
    buffer.usage()  # cleans up like a running collector
    buffer.close()
    asyncio.run(_limit(state, ReplayLimit(is_paused=True)))


async def _limit(state: Path, limit: ReplayLimit) -> None:
    async with Configuration(state, Clock()) as configuration:
        await replay_control.write(configuration, limit)


@dataclass(frozen=True)
class _Stage:
    backend: Servers
    gateway: Gateway
    url: str
    folder: Path
    draining: list[str]
    live: list[str]


async def _measure(stage: _Stage) -> _Drained:
    watch = _Watch()
    others = [Device(name, SERIES, epoch=1) for name in stage.live]
    async with devices(stage.backend, others), _collectors(stage) as processes, asyncio.TaskGroup() as group:
        sending = [group.create_task(_send(device, place)) for place, device in enumerate(others)]
        browsers = [
            *await _browser(stage, stage.live, "bench.", watch.other),
            *await _browser(stage, stage.draining, "sim.", watch.same),
        ]
        watch.count()
        await asyncio.sleep(BEFORE)
        before = watch.stop()
        cpu = stage.gateway.cpu_seconds, _cpu(processes)
        for name in stage.draining:
            await _limit(stage.folder / name, ReplayLimit())
        seconds = await _drained(stage, watch)
        during = watch.stop()
        used = stage.gateway.cpu_seconds - cpu[0], _cpu(processes) - cpu[1]
        for task in sending:
            task.cancel()
        if any(browser.is_lost for browser in browsers):
            raise RuntimeError("a browser was disconnected")
        for browser in browsers:
            browser.close()
    share = [round(100 * spent / seconds, 1) for spent in used]
    return _Drained(BACKLOG / seconds, (before[0], during[0]), (before[1], during[1]), share[0], share[1])


@asynccontextmanager
async def _collectors(stage: _Stage) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    processes = []
    try:
        for name in stage.draining:
            env = {
                "PULSE_COLLECTOR_STATE_DIR": str(stage.folder / name),
                "PULSE_DEVICE": name,
                "PULSE_MQTT_URL": stage.backend.mqtt_url,
                "PULSE_MQTT_PASSWORD_FILE": str(stage.folder / f"{name}.password"),
            }
            command = ["pulse_desktop", "run", "--no-host-metrics", "--simulator-rate", str(SIMULATED)]
            with (stage.folder / f"{name}.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", *command, cwd=ROOT, env={**os.environ, **env}, stdout=log, stderr=log
                )
            processes.append(process)
        yield processes
    finally:
        for process in processes:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def _cpu(processes: list[asyncio.subprocess.Process]) -> float:
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


async def _send(device: Device, place: int) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time() + LIVE_EVERY * place / LIVE_DEVICES
    while True:
        await asyncio.sleep(max(0.0, due - loop.time()))
        due += LIVE_EVERY
        device.send(LIVE_READINGS)


async def _browser(stage: _Stage, names: list[str], prefix: str, ages: Ages) -> list[Browser]:
    """A browser that watches these series of these devices at 20 frames a second."""
    bearer, series = token(1), []
    headers = {"Authorization": f"Bearer {bearer}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stage.gateway.port}", headers=headers) as http:
        for name in names:
            found: list[int] = []
            async with asyncio.timeout(30):
                while len(found) < SERIES:
                    answer = await http.get("/api/telemetry/series", params={"device": name})
                    items = answer.json().get("items", [])
                    found = [item["id"] for item in items if item["name"].startswith(prefix)]
                    await asyncio.sleep(0.05)
            series += found
    wish: dict[str, object] = {"series": series, "rate": 20}
    return await open_browsers(stage.gateway.port, [bearer], wish, ages)


async def _drained(stage: _Stage, watch: _Watch) -> float:
    """Seconds from the first settled reading of the backlog to the last. Raises TimeoutError."""
    epochs = [_EPOCH + place for place in range(len(stage.draining))]
    connection = await asyncpg.connect(stage.url)
    began = latest = time.perf_counter()
    is_draining = False
    try:
        async with asyncio.timeout(_LOST_AFTER):
            while True:
                settled = await _settled(connection, epochs)
                if settled and not is_draining:
                    is_draining, began = True, latest
                    watch.count()
                latest = time.perf_counter()
                if settled >= BACKLOG:
                    await _check_stored(connection)
                    return latest - began
                await asyncio.sleep(0.02)  # outside observers can only poll
    finally:
        await connection.close()


async def _settled(connection: "asyncpg.Connection[asyncpg.Record]", epochs: list[int]) -> int:
    rows = await connection.fetch("SELECT settled FROM telemetry.stream WHERE epoch = ANY($1)", epochs)
    return sum(part.upper - part.lower for row in rows for part in row["settled"])


async def _check_stored(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Refused and dropped readings are settled too, but would make the measurement invalid."""
    for table in ("refusal", "declared_drop"):
        if found := await connection.fetchval(f"SELECT count(*) FROM telemetry.{table}"):  # noqa: S608  # a constant
            raise RuntimeError(f"{found} rows in telemetry.{table}: not everything was stored")
