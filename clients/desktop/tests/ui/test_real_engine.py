"""The window on a real engine in its own thread, whose broker cannot be reached."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from pulse_desktop.client.opening import open_client
from pulse_desktop.core.settings import Settings
from pulse_desktop.ui.window import Window
from pulse_testkit.waiting import eventually

from .driving import drive


@pytest.mark.announces_log("broker_connection_failed")
def test_tiles_and_charts_show_what_the_engine_collects(application: QApplication, tmp_path: Path) -> None:
    settings = Settings.load(
        {
            "state_dir": tmp_path,
            "device": "alpha",
            "host_metrics": False,
            "simulator_rate": 100.0,
            "simulator_series": 3,
            "mqtt_url": "mqtt://127.0.0.1:1",
        }
    )
    client = open_client(settings, "")

    async def steps(window: Window) -> None:
        try:
            await eventually(lambda: bool(window.dashboard.charts))
            await eventually(lambda: all(len(card.plot.line.x) > 1 for card in window.dashboard.charts))
            await eventually(lambda: window.dashboard.tiles[0].figure.text() not in {"0", "\N{EN DASH}"})
            assert all(card.heading.figure.text() != "\N{EN DASH}" for card in window.dashboard.charts)
            await eventually(lambda: window.status.link.text() == "Offline")
        finally:
            await client.stop()

    drive(application, client, tmp_path, steps)
