"""Runs a window on Qt's loop until a state is reached."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

from pulse_desktop.client.port import EngineClient
from pulse_desktop.ui import loop
from pulse_desktop.ui.appearance import Appearance, Theme
from pulse_desktop.ui.poller import Poller
from pulse_desktop.ui.window import Window

Steps = Callable[[Window], Awaitable[None]]


def drive(
    application: QApplication,
    client: EngineClient,
    folder: Path,
    steps: Steps,
    *,
    theme: Theme = "light",
    micros: Callable[[], int] | None = None,
) -> Appearance:
    """Opens a window of 1280 by 720 pixels, polls, runs the steps, and closes it. A step must not call `processEvents`:
    tasks that wake inside it are lost."""
    appearance = Appearance(application, theme)

    async def run() -> None:
        poller = Poller(client, micros or (lambda: time.time_ns() // 1_000))
        window = Window(poller, appearance, folder)
        window.resize(1280, 720)
        window.show()
        try:
            async with asyncio.timeout(40), asyncio.TaskGroup() as group:
                polling = group.create_task(poller.run())
                await steps(window)
                polling.cancel()
        finally:
            window.hide()
            window.deleteLater()

    loop.run(application, run)
    return appearance
