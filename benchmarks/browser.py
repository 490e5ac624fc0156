"""What a dashboard costs the browser: the main thread for each frame, frames a second, and the heap. A simulated device
sends every series 20 times a second through the whole system. A headless Chromium draws without a GPU, on the same
cores as the servers. The number of frames is compared with that of an empty page in the same run."""

import asyncio
import itertools
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, ViewportSize, async_playwright
from playwright.sync_api import sync_playwright

from benchmarks.report import Result
from benchmarks.stage import Device, Servers, devices, now_micros
from tests.conftest import FLAGS, find_chromium
from tests.e2e.boards import CHART, create
from tests.system import System, running_system

HERTZ = 20
WARM_UP, SECONDS = 10, 20
HEAP_MINUTES = float(os.environ.get("PULSE_BENCH_MINUTES", "10"))
"""How long the heap is watched. The aim is an hour: PULSE_BENCH_MINUTES=60."""
WINDOW: ViewportSize = {"width": 1920, "height": 1600}
_COLUMNS, _ROWS = 3, 7
_FRAMES = """seconds => new Promise(done => {
  const times = [];
  const step = now => { times.push(now); now - times[0] < seconds * 1000 ? requestAnimationFrame(step) : done(times); };
  requestAnimationFrame(step);
})"""


@dataclass(frozen=True)
class Case:
    """A dashboard: `panels` charts with `each` series."""

    device: str
    panels: int
    each: int

    @property
    def series(self) -> int:
        return self.panels * self.each


FEW = Case("bench-few", 10, 5)
MANY = Case("bench-many", 20, 25)


@dataclass(frozen=True)
class Seen:
    """`busy_ms`: of the main thread for each frame. `late`: frames that came more than 50 ms after the one before."""

    frames_a_second: float
    busy_ms: float
    late: int


def measure() -> list[Result]:
    """One run for each dashboard, then the heap of the smaller one."""
    names = [case.device for case in (FEW, MANY)]
    env = {"PULSE_SIMULATOR_RATE": "1", "PULSE_SIMULATOR_SERIES": "1", "PULSE_DEVICES": ",".join(names)}
    with sync_playwright() as playwright:
        chromium = find_chromium(playwright)
    with tempfile.TemporaryDirectory() as folder, running_system(Path(folder) / "state", env) as system:
        return asyncio.run(_measure(system, chromium))


async def _measure(system: System, chromium: str) -> list[Result]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        empty = await _frames_of_an_empty_page(browser)
        page = await _signed_in(browser, system)
        metrics = await page.context.new_cdp_session(page)
        await metrics.send("Performance.enable")
        few, growth = await _watch(system, page, metrics, FEW, minutes=HEAP_MINUTES)
        many, _ = await _watch(system, page, metrics, MANY, minutes=0)
        await browser.close()
    return [
        Result("50 series x 20 Hz: main thread", few.busy_ms, "ms a frame", target="< 8 ms", met=few.busy_ms < 8),
        Result("50 series x 20 Hz: frames", few.frames_a_second, "frames/s", "an empty page", empty),
        Result("50 series x 20 Hz: frames more than 50 ms late", few.late, f"of {SECONDS} s"),
        Result(
            f"50 series x 20 Hz: growth of the heap in {HEAP_MINUTES:g} minutes",
            round(growth, 2),
            "MB",
            target="flat (< 5 MB)",
            met=growth < 5,
        ),
        Result(
            "500 series on one page: frames",
            many.frames_a_second,
            "frames/s",
            "an empty page",
            empty,
            target=">= 55",
            met=many.frames_a_second >= 55,
        ),
        Result("500 series on one page: main thread", many.busy_ms, "ms a frame"),
        Result("500 series on one page: frames more than 50 ms late", many.late, f"of {SECONDS} s"),
    ]


async def _frames_of_an_empty_page(browser: Browser) -> float:
    page = await browser.new_page(viewport=WINDOW)
    times: list[float] = await page.evaluate(_FRAMES, SECONDS)
    await page.close()
    return round((len(times) - 1) / (times[-1] - times[0]) * 1_000, 1)


async def _signed_in(browser: Browser, system: System) -> Page:
    page = await browser.new_page(base_url=system.url, viewport=WINDOW)
    await page.goto("/login")
    await page.get_by_test_id("login-email").fill(system.admin["email"])
    await page.get_by_test_id("login-password").fill(system.admin["password"])
    await page.get_by_test_id("login-submit").click()
    await page.wait_for_url("**/dashboard")
    return page


async def _watch(system: System, page: Page, metrics: CDPSession, case: Case, minutes: float) -> tuple[Seen, float]:
    """What the dashboard of `case` costs, and how much the heap has grown `minutes` later, in MB."""
    secret = (system.state / "secrets/devices" / case.device).read_text().strip()
    url = f"mqtts://127.0.0.1:{system.broker_port()}"
    backend = Servers(system.database_url(), url, {case.device: secret}, system.broker_ca)
    device = Device(case.device, case.series, epoch=1)
    async with devices(backend, [device]), asyncio.TaskGroup() as group:
        sending = group.create_task(_send(device))
        board = await asyncio.to_thread(_board, system, case)
        await page.goto(f"/dashboard/{board}")
        await page.wait_for_function(
            "count => Object.keys(window.__pulse?.seriesIds() ?? {}).length === count", arg=case.series
        )
        await asyncio.sleep(WARM_UP)
        seen = await _cost(page, metrics)
        growth = 0.0
        if minutes:
            before = await _heap_mb(metrics)
            await asyncio.sleep(minutes * 60)
            growth = await _heap_mb(metrics) - before
        sending.cancel()
    return seen, growth


async def _send(device: Device) -> None:
    """Sends a reading of each series, 20 times a second."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due += 1 / HERTZ
        await asyncio.sleep(max(0.0, due - loop.time()))
        device.send_taken([now_micros()] * device.series)


def _board(system: System, case: Case) -> str:
    """Creates the dashboard when the gateway knows all series. Returns its id."""
    token = system.token()
    found: list[dict[str, Any]] = []
    while len(found) < case.series:
        time.sleep(0.2)
        found = system.get(f"/api/telemetry/series?device={case.device}&limit=2000", token)["items"]
    ids = [int(one["id"]) for one in found]
    return create(system, case.device, [_panel(number, ids, case.each) for number in range(case.panels)])


def _panel(number: int, ids: list[int], each: int) -> dict[str, Any]:
    across = 12 // _COLUMNS
    place = {"x": number % across * _COLUMNS, "y": number // across * _ROWS, "w": _COLUMNS, "h": _ROWS}
    chosen = ids[number * each : (number + 1) * each]
    common = {"id": f"p{number}", "kind": "chart", "title": f"Panel {number}", "series": chosen}
    return common | place | CHART | {"show_table": False}


async def _cost(page: Page, metrics: CDPSession) -> Seen:
    before = await _metric(metrics, "TaskDuration")
    times: list[float] = await page.evaluate(_FRAMES, SECONDS)
    busy = (await _metric(metrics, "TaskDuration") - before) * 1_000
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    rate = round(len(gaps) / (times[-1] - times[0]) * 1_000, 1)
    return Seen(rate, round(busy / len(gaps), 2), sum(gap > 50 for gap in gaps))


async def _heap_mb(metrics: CDPSession) -> float:
    await metrics.send("HeapProfiler.collectGarbage")
    return await _metric(metrics, "JSHeapUsedSize") / 1e6


async def _metric(metrics: CDPSession, name: str) -> float:
    found = await metrics.send("Performance.getMetrics")
    return next(float(one["value"]) for one in found["metrics"] if one["name"] == name)
