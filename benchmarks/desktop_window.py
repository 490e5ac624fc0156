"""One run of the desktop benchmark in a process of its own: an engine with 50 series at 10 readings a second in its
thread, with a window or without, whose user interface may stall. Prints one line of JSON: how late a task on the
engine's loop that should run 100 times a second was, in milliseconds, and the share of a core that the process used."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is imported

import psutil
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from pulse_desktop.client.in_process import InProcessClient
from pulse_desktop.core.settings import Settings
from pulse_desktop.ui import loop
from pulse_desktop.ui.appearance import Appearance
from pulse_desktop.ui.poller import Poller
from pulse_desktop.ui.window import Window

SECONDS, HERTZ = 20, 100
STALL, STALL_EVERY_MS = 0.3, 2_000
_WARM_UP = 3.0


def settings_of(folder: Path) -> Settings:
    """The broker's port is closed, so everything stays in the buffer."""
    flags = {"device": "bench", "mqtt_url": "mqtt://127.0.0.1:1", "simulator_rate": 500.0, "simulator_series": 50}
    return Settings.load({"state_dir": folder, "host_metrics": False, "log_format": "json", **flags})


async def lateness() -> list[float]:
    """How late each of the calls came, in milliseconds."""
    running, found = asyncio.get_running_loop(), list[float]()
    start = running.time()
    for number in range(1, SECONDS * HERTZ + 1):
        due = start + number / HERTZ
        await asyncio.sleep(max(0.0, due - running.time()))
        found.append(1_000 * (running.time() - due))
    return found


def stall(mode: str) -> None:
    """Blocks the user interface: asleep, as a slow paint does, or busy, which also holds the interpreter's lock."""
    if mode == "sleep":
        time.sleep(STALL)
    elif mode == "busy":
        end = time.monotonic() + STALL
        while time.monotonic() < end:
            pass


async def measure(mode: str, application: QApplication, folder: Path) -> dict[str, float]:
    """`mode`: "none" without a window, "calm", "sleep" or "busy"."""
    client = InProcessClient(settings_of(folder), "")
    await client.start()
    poller = Poller(client, lambda: time.time_ns() // 1_000)
    window, timer = Window(poller, Appearance(application, "light"), folder), QTimer()
    timer.timeout.connect(lambda: stall(mode))
    engine = client._loop  # noqa: SLF001  # only a benchmark looks into the loop of the engine
    if engine is None:
        raise RuntimeError("the engine has no loop")
    async with asyncio.TaskGroup() as group:
        if mode != "none":
            window.show()
            polling = group.create_task(poller.run())
        await asyncio.sleep(_WARM_UP)
        timer.start(STALL_EVERY_MS)
        before = sum(psutil.Process().cpu_times()[:2])
        found = sorted(await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(lateness(), engine)))
        used = sum(psutil.Process().cpu_times()[:2]) - before
        timer.stop()
        if mode != "none":
            polling.cancel()
    window.hide()
    await client.stop()
    return {"p99": found[len(found) * 99 // 100], "max": found[-1], "core": used / SECONDS}


def main() -> None:
    """The arguments: mode and state directory."""
    application = QApplication(["benchmark"])
    found = loop.run(application, lambda: measure(sys.argv[1], application, Path(sys.argv[2])))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
