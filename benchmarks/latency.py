"""Sensor to browser: the age of a reading when a frame delivers it, through the whole system on its public port. Fifty
collectors take 2,000 readings a second. One is a real collector process (with a simulator and this machine's metrics).
49 are simulated MQTT devices that group readings for 50 ms like a collector and store nothing on disk. Twenty browsers
watch different collectors at 20 frames a second. One is a real Chromium with the dashboard of the real collector. 19
are Socket.IO clients that acknowledge like the page."""

import asyncio
import gc
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.async_api import WebSocket, async_playwright
from playwright.sync_api import sync_playwright

from benchmarks.browser_load import Ages, open_browsers
from benchmarks.report import Result
from benchmarks.stage import Device, Servers, devices, now_micros
from tests.conftest import FLAGS, find_chromium
from tests.system import System, running_system

COLLECTORS, BROWSERS = 50, 20
READINGS_A_SECOND = 2_000
SERIES = 20
GROUP_SECONDS = 0.05
SECONDS, WARM_UP = 30, 5
RATE = 20
EACH = READINGS_A_SECOND // COLLECTORS
_FRAME = re.compile(r"^42/live,(\d+)\[")


@dataclass(frozen=True)
class _Ages:
    sockets: Ages
    page: Ages


def measure() -> list[Result]:
    """Percentiles over every live reading of thirty seconds, after five seconds of warm-up."""
    names = [f"bench-{number}" for number in range(1, COLLECTORS)]
    env = {
        "PULSE_SIMULATOR_RATE": str(EACH),
        "PULSE_SIMULATOR_SERIES": str(SERIES),
        "PULSE_DEVICES": ",".join(names),
    }
    with sync_playwright() as playwright:
        chromium = find_chromium(playwright)
    with tempfile.TemporaryDirectory() as folder, running_system(Path(folder) / "state", env) as system:
        ages = asyncio.run(_measure(system, names, chromium))
    both = Ages(found=ages.sockets.found + ages.page.found)
    p50, p99, p999 = (round(both.percentile(share), 1) for share in (0.5, 0.99, 0.999))
    page = [round(ages.page.percentile(share), 1) for share in (0.5, 0.99)]
    rate = round(sum(n for _, n in both.found) / SECONDS, 1)
    return [
        Result("sensor to browser, p50, 20 browsers", p50, "ms", target="< 50 ms", met=p50 < 50),
        Result("sensor to browser, p99, 20 browsers", p99, "ms", target="< 250 ms", met=p99 < 250),
        Result("sensor to browser, p99.9, 20 browsers", p999, "ms"),
        Result("real collector to Chromium, p50", page[0], "ms"),
        Result("real collector to Chromium, p99", page[1], "ms"),
        Result("readings received by the browsers", rate, "readings/s", "of what they watch", float(EACH * BROWSERS)),
    ]


async def _measure(system: System, names: list[str], chromium: str) -> _Ages:
    sockets, page = Ages(), Ages()
    bearer = await asyncio.to_thread(system.token)
    simulated = [Device(name, SERIES, epoch=1) for name in names]
    async with devices(_servers(system, names), simulated), asyncio.TaskGroup() as group:
        sending = [group.create_task(_take(device, place)) for place, device in enumerate(simulated)]
        series = await _series(system, bearer, names[: BROWSERS - 1])
        async with _dashboard(system, chromium, page):
            opened = []
            for name in names[: BROWSERS - 1]:
                wish: dict[str, object] = {"series": series[name], "rate": RATE}
                opened += await open_browsers(system.port, [bearer], wish, sockets)
            await asyncio.sleep(WARM_UP)
            gc.collect()
            gc.freeze()
            sockets.is_counting = page.is_counting = True
            await asyncio.sleep(SECONDS)
            sockets.is_counting = page.is_counting = False
        for task in sending:
            task.cancel()
        for browser in opened:
            if browser.is_lost:
                raise RuntimeError("a browser was disconnected")
            browser.close()
    return _Ages(sockets, page)


def _servers(system: System, names: list[str]) -> Servers:
    secrets = system.state / "secrets/devices"
    passwords = {name: (secrets / name).read_text().strip() for name in names}
    return Servers(system.database_url(), f"mqtts://127.0.0.1:{system.broker_port()}", passwords, system.broker_ca)


async def _take(device: Device, place: int) -> None:
    """Sends readings at regular intervals in groups. Every device has its own phase."""
    loop = asyncio.get_running_loop()
    step = 1_000_000 // EACH
    due = loop.time() + GROUP_SECONDS * place / COLLECTORS
    last = now_micros()
    while True:
        due += GROUP_SECONDS
        await asyncio.sleep(max(0.0, due - loop.time()))
        taken = range(last + step, now_micros() + 1, step)
        if taken:
            device.send_taken(taken)
            last = taken[-1]


async def _series(system: System, bearer: str, names: list[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    headers = {"Authorization": f"Bearer {bearer}"}
    async with httpx.AsyncClient(base_url=system.url, headers=headers) as http, asyncio.timeout(30):
        for name in names:
            while len(found.get(name, [])) < SERIES:
                answer = await http.get("/api/telemetry/series", params={"device": name})
                found[name] = [item["id"] for item in answer.json().get("items", [])]
                await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def _dashboard(system: System, chromium: str, ages: Ages) -> AsyncIterator[None]:
    """Opens the first collector's dashboard in Chromium and records its frames."""

    def received(text: str | bytes) -> None:
        match = _FRAME.match(text) if isinstance(text, str) else None
        if match is not None and isinstance(text, str):
            ages.frame(match.group(1).encode(), text.encode())

    def watch(socket: WebSocket) -> None:
        socket.on("framereceived", received)

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = await browser.new_page(base_url=system.url, viewport={"width": 1440, "height": 1000})
        page.on("websocket", watch)
        await page.goto("/login")
        await page.get_by_test_id("login-email").fill(system.admin["email"])
        await page.get_by_test_id("login-password").fill(system.admin["password"])
        await page.get_by_test_id("login-submit").click()
        await page.wait_for_url("**/dashboard")
        mine = await asyncio.to_thread(_first_collector, system)
        await page.goto(f"/dashboard?device={mine}")
        await page.get_by_test_id("connection-pill").wait_for()
        yield
        await browser.close()


def _first_collector(system: System) -> str:
    items = system.get("/api/telemetry/devices", system.token())["items"]
    return next(str(item["id"]) for item in items if not item["id"].startswith("bench-"))
