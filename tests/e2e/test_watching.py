"""A dashboard that somebody watches while parts of the system are killed, and while the browser has no network."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.test_live import marks
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_NEWEST = "() => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.at(-1)"
_NEWER = "last => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.at(-1) > last + 2_000_000"
_HELD = "() => window.__pulse?.series(window.__pulse.seriesIds()['cpu.total'])?.t.length > 3"


def watch(page: Page, system: System) -> None:
    sign_in(page, system)
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
    page.wait_for_function(_HELD)


def expect_every_reading(page: Page) -> None:
    """Newer readings arrive, and none is missing between them."""
    page.wait_for_function(_NEWER, arg=page.evaluate(_NEWEST), timeout=90_000)
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live", timeout=60_000)
    assert marks(page, "gaps", "cpu.total") == []
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()


@pytest.mark.parametrize("part", ["telemetry-gateway", "mosquitto", "postgres", "auth", "web"])
def test_a_watched_dashboard_goes_on_after_a_kill_and_misses_no_reading(page: Page, system: System, part: str) -> None:
    watch(page, system)
    address = page.url
    system.kill(part)
    expect_every_reading(page)
    assert page.url == address


def test_a_watched_dashboard_goes_on_after_the_network_of_the_browser_was_away(page: Page, system: System) -> None:
    watch(page, system)
    page.context.set_offline(True)
    expect(page.get_by_test_id("connection-pill")).not_to_have_attribute("data-state", "live")
    page.context.set_offline(False)
    expect_every_reading(page)
