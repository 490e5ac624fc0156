"""The dashboard while readings are missing or late, and while the gateway restarts."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.device import DEVICE, SECOND, ToldDevice
from tests.system import System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
_HOLDS = "n => window.__pulse?.series(window.__pulse.seriesIds()['boiler.temperature']).t.length >= n"
_STANDS_STILL = "() => document.getAnimations().every(one => !(one instanceof CSSTransition))"
PICTURES = os.environ.get("PULSE_PICTURES")


def now() -> int:
    return time.time_ns() // 1_000 // SECOND * SECOND


def picture(page: Page, name: str) -> None:
    """Saves a screenshot when PULSE_PICTURES names a folder."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def marks(page: Page, kind: str, name: str = "boiler.temperature") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "([kind, name]) => window.__pulse[kind](window.__pulse.seriesIds()[name])", [kind, name]
    )
    return found


def open_device(page: Page, system: System, device: ToldDevice) -> int:
    """Opens a dashboard with a minute of readings that ended 40 s ago. Returns the time of their end."""
    start = now()
    token = system.token()

    def is_stored() -> bool:
        series = system.get(f"/api/telemetry/series?device={DEVICE}", token)["items"]
        return bool(series) and series[0]["latest"] is not None

    wait_until(
        lambda: bool(system.get(f"/api/telemetry/series?device={DEVICE}", token)["items"]), seconds=10, what="known"
    )
    device.deliver(start - 100 * SECOND, start - 40 * SECOND, "live")
    wait_until(is_stored, seconds=30, what="stored")
    sign_in(page, system)
    page.goto(f"/dashboard?device={DEVICE}&range=5m")
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
    page.wait_for_function(_HOLDS, arg=60)
    return start


def test_a_gap_is_shaded_and_late_readings_fill_it_and_are_marked(
    page: Page, system: System, complaints: Complaints
) -> None:
    with ToldDevice(system) as device:
        start = open_device(page, system, device)
        expect(page.get_by_test_id("key-gap")).to_be_visible()
        device.deliver(start - 3 * SECOND, start, "live")
        wait_until(lambda: len(marks(page, "gaps")) == 1, seconds=30, what="one gap between what is there")
        assert marks(page, "late") == []
        expect(page.get_by_test_id("key-late")).to_have_count(0)
        picture(page, "gap")
        device.deliver(start - 40 * SECOND, start - 3 * SECOND, "backlog")
        wait_until(lambda: marks(page, "gaps") == [], seconds=30, what="the gap is filled")
        assert [late["from"] for late in marks(page, "late")] == [start - 40 * SECOND]
        expect(page.get_by_test_id("key-late")).to_be_visible()
        chart = page.get_by_test_id("chart-boiler").locator(".u-over")
        box = chart.bounding_box()
        assert box is not None
        age = (now() - start) / SECOND + 25
        page.mouse.move(box["x"] + box["width"] * (1 - age / 300), box["y"] + box["height"] / 2)
        expect(page.get_by_test_id("chart-boiler").get_by_text("Arrived late", exact=True)).to_have_count(2)
        picture(page, "late")
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            page.wait_for_function(_STANDS_STILL)  # colours in transition between two themes belong to neither
            options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
            found = Axe().run(page, options=options)
            assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]] == []
            picture(page, f"late-{theme}")
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        picture(page, "late-phone")
    assert complaints == []


def test_a_collector_that_catches_up_shows_its_progress_and_remaining_time(page: Page, system: System) -> None:
    with ToldDevice(system) as device:
        open_device(page, system, device)
        badge = page.get_by_test_id("catch-up")
        device.say(20_000)
        expect(badge).to_have_attribute("data-waiting", "20000")
        device.say(12_480)
        expect(badge).to_contain_text("12,480 behind, ")
        picture(page, "catching-up")
        page.get_by_test_id("device-picker").click()
        expect(page.get_by_test_id(f"device-{DEVICE}")).to_contain_text("behind")
        page.keyboard.press("Escape")
        device.say(0)
        expect(badge).to_have_count(0)


def test_the_page_waits_for_a_restarting_gateway_and_misses_no_reading(page: Page, system: System) -> None:
    sign_in(page, system)
    pill = page.get_by_test_id("connection-pill")
    expect(pill).to_have_attribute("data-state", "live")
    page.wait_for_function("() => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.length > 3")
    before = system.child("telemetry-gateway")["pid"]
    os.kill(before, signal.SIGTERM)
    expect(pill).to_have_attribute("data-state", "reconnecting")
    picture(page, "reconnecting")
    expect(pill).to_have_attribute("data-state", "live", timeout=30_000)
    assert system.child("telemetry-gateway")["pid"] != before
    last = page.evaluate("() => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.at(-1)")
    page.wait_for_function(
        "last => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.at(-1) > last + 2_000_000", arg=last
    )
    assert marks(page, "gaps", "cpu.total") == []
