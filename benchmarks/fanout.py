"""Many browsers on one gateway: the age of a reading when a frame delivers it, for 450 reading browsers, with and
without 50 more that subscribed and stopped reading. One device sends 500 readings a second, and every browser requests
5 frames a second."""

import asyncio
import gc
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.browser_load import Ages, open_browsers
from benchmarks.report import Result
from benchmarks.stage import Device, Gateway, Servers, devices, gateway, servers, token

READING, STOPPED = 450, 50
SERIES, BATCH_EVERY = 50, 0.097  # seconds; not a multiple of the frames' interval, so that every phase occurs
RATE = 5
SECONDS, WARM_UP = 20, 5
DEVICE = "bench-0"


@dataclass(frozen=True)
class _Run:
    p50: float
    p99: float
    frames_a_second: float
    encoded_a_second: float
    conflated: int
    memory_mb: float
    cpu: float


def measure() -> list[Result]:
    """Percentiles over every reading in every frame of twenty seconds."""
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder), [DEVICE]) as backend:
        alone = _run(backend, Path(folder), stopped=0)
        beside = _run(backend, Path(folder), stopped=STOPPED)
    expected = READING * RATE
    return [
        Result("reading to frame, p50, 450 browsers", alone.p50, "ms"),
        Result("reading to frame, p99, 450 browsers", alone.p99, "ms"),
        Result("reading to frame, p50, beside 50 that stopped", beside.p50, "ms", "without them", alone.p50),
        Result(
            "reading to frame, p99, beside 50 that stopped",
            beside.p99,
            "ms",
            "without them",
            alone.p99,
            "< 250 ms, and the 450 unaffected",
            beside.p99 < 250 and beside.p99 < 1.1 * alone.p99 + 5,
        ),
        Result("frames received by the 450", beside.frames_a_second, "frames/s", "wanted", float(expected)),
        Result("frames encoded", beside.encoded_a_second, "frames/s", "sent", beside.frames_a_second),
        Result("conflated frames of the 450", float(beside.conflated), "frames", target="0", met=beside.conflated == 0),
        Result("gateway, memory", beside.memory_mb, "MB", "without the 50", alone.memory_mb),
        Result("gateway, processor", beside.cpu, "% of a core", "without the 50", alone.cpu),
    ]


def _run(backend: Servers, folder: Path, *, stopped: int) -> _Run:
    with gateway(backend, folder) as one:
        return asyncio.run(_measure(backend, one, stopped))


async def _measure(backend: Servers, one: Gateway, stopped: int) -> _Run:
    device = Device(DEVICE, SERIES, epoch=1)
    ages, ignored = Ages(), Ages()
    tokens = [token(number) for number in range(READING + stopped)]
    async with devices(backend, [device]), asyncio.TaskGroup() as group:
        sending = group.create_task(_send(device))
        series = await _series(one, tokens[0])
        wish: dict[str, object] = {"series": series, "rate": RATE}
        quick = await open_browsers(one.port, tokens[:READING], wish, ages)
        slow = await open_browsers(one.port, tokens[READING:], wish, ignored)
        for browser in slow:
            browser.stop_reading()
        await asyncio.sleep(WARM_UP)
        gc.collect()
        gc.freeze()
        encoded, cpu = await _encoded(one), one.cpu_seconds
        ages.is_counting = True
        await asyncio.sleep(SECONDS)
        ages.is_counting = False
        used, made, memory = one.cpu_seconds - cpu, await _encoded(one) - encoded, one.memory_mb
        if any(browser.is_lost for browser in quick):
            raise RuntimeError("a browser that reads was disconnected")
        sending.cancel()
        for browser in (*quick, *slow):
            browser.close()
    return _Run(
        round(ages.percentile(0.5), 1),
        round(ages.percentile(0.99), 1),
        round(ages.frames / SECONDS, 1),
        round(made / SECONDS, 1),
        ages.conflated,
        round(memory, 1),
        round(used / SECONDS * 100, 1),
    )


async def _send(device: Device) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        device.send(SERIES)
        due += BATCH_EVERY
        await asyncio.sleep(max(0.0, due - loop.time()))


async def _series(one: Gateway, bearer: str) -> list[int]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{one.port}") as http:
        async with asyncio.timeout(20):
            while True:
                answer = await http.get("/api/telemetry/series", headers={"Authorization": f"Bearer {bearer}"})
                items = answer.json().get("items", [])
                if len(items) == SERIES:
                    return [item["id"] for item in items]
                await asyncio.sleep(0.1)


async def _encoded(one: Gateway) -> float:
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"http://127.0.0.1:{one.port}/metrics")).text
    return sum(float(n) for n in re.findall(r"^pulse_live_frames_total\{.*\} (.*)$", text, re.MULTILINE))
