"""Sensor to browser: how old a reading is when a real Chromium receives it, with this machine's metrics and a simulator
at 2,000 readings a second running through the whole system."""

import json
import re
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import WebSocket, sync_playwright

from benchmarks.report import Result
from tests.conftest import FLAGS, find_chromium
from tests.e2e.conftest import sign_in
from tests.system import running_system

SECONDS = 30
_FRAME = re.compile(r"^42\d*(\[.*)$", re.DOTALL)


def measure() -> list[Result]:
    """Percentiles over every reading of thirty seconds, after five seconds of warming up."""
    ages: list[float] = []
    began = float("inf")

    def received(text: str | bytes) -> None:
        now = time.time()
        match = _FRAME.match(text) if isinstance(text, str) else None
        if match is None or now < began:
            return
        name, frame = json.loads(match.group(1))[:2]
        if name == "frame" and frame["lane"] == "live":
            ages.extend(now * 1e3 - t / 1e3 for t in frame["t"])

    def watch(socket: WebSocket) -> None:
        socket.on("framereceived", received)

    env = {"PULSE_SIMULATOR_RATE": "2000", "PULSE_SIMULATOR_SERIES": "20"}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_system(Path(folder) / "state", env) as system,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=FLAGS)
        page = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000}).new_page()
        page.on("websocket", watch)
        sign_in(page, system)
        began = time.time() + 5
        page.wait_for_timeout((SECONDS + 5) * 1000)
        browser.close()
    rate = len(ages) / SECONDS
    cuts = statistics.quantiles(ages, n=1000)
    p50, p99, p999 = cuts[499], cuts[989], cuts[998]
    return [
        Result("sensor to browser, p50", round(p50, 1), "ms", target="< 100 ms", met=p50 < 100),
        Result("sensor to browser, p99", round(p99, 1), "ms", target="< 500 ms", met=p99 < 500),
        Result("sensor to browser, p99.9", round(p999, 1), "ms"),
        Result("readings received by the page", round(rate, 1), "readings/s", "produced", 2000.0),
    ]
