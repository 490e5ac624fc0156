"""The dashboards of users, in a browser on a real system."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office
from tests.e2e.test_accounts import enter, examine, unexpected
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
BOARDS = "/api/telemetry/dashboards"
_GROWS = "([name, n]) => window.__pulse?.series(window.__pulse.seriesIds()[name])?.t.length > n"
_COUNT_CLICKS = "() => { window.clicks = 0; addEventListener('click', e => e.isTrusted && window.clicks++, true); }"


@pytest.fixture
def office(system: System) -> Office:
    return Office(system)


@pytest.fixture
def elsewhere(browser: Browser, system: System) -> Iterator[Page]:
    """A page in another browser profile."""
    context = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def series_of(system: System) -> dict[str, dict[str, Any]]:
    """The series of the first collector by name."""
    found = system.get("/api/telemetry/series", system.token())["items"]
    return {one["name"]: one for one in found if one["name"].startswith(("cpu.", "memory.", "sim"))}


def panel(kind: str, number: int, **settings: Any) -> dict[str, Any]:
    """A panel as the gateway stores it. `number`: its place, two panels a row."""
    common = {"id": f"p{number}", "kind": kind, "title": f"Panel {number}"}
    place = {"x": number % 2 * 6, "y": number // 2 * 6, "w": 6, "h": 6}
    return common | place | settings


def text_panel(number: int, text: str) -> dict[str, Any]:
    return panel("text", number, text=text)


def create(system: System, name: str, panels: list[dict[str, Any]], *, shared: bool = False) -> str:
    """A stored dashboard of the administrator. Returns its id."""
    body = {"name": name, "shared": shared, "panels": panels}
    headers = {"authorization": f"Bearer {system.token()}"}
    answer = httpx.post(f"{system.url}{BOARDS}", json=body, headers=headers, timeout=20)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def stored(system: System, board: str) -> dict[str, Any]:
    found: dict[str, Any] = system.get(f"{BOARDS}/{board}", system.token())
    return found


def open_switcher(page: Page) -> None:
    page.get_by_test_id("board-switcher").click()
    expect(page.get_by_test_id("open-overview")).to_be_visible()


def edited(page: Page, number: int) -> Locator:
    """The panel while it is edited."""
    return page.get_by_test_id(f"edit-p{number}")


def place_of(item: Locator) -> tuple[int, ...]:
    return tuple(int(part) for part in (item.get_attribute("data-place") or "").split(","))


def save(page: Page) -> None:
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("edit-board")).to_be_visible()


def test_a_person_builds_a_first_panel_with_at_most_six_clicks(
    page: Page, system: System, complaints: Complaints
) -> None:
    sign_in(page, system)
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()
    page.evaluate(_COUNT_CLICKS)
    open_switcher(page)
    page.get_by_test_id("new-board").click()
    page.get_by_test_id("add-chart").click()
    expect(page.get_by_test_id("series-search")).to_be_focused()
    page.keyboard.type("cpu total")
    page.locator("[data-testid$='-cpu.total']").first.click()
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("edit-board")).to_be_visible()
    assert page.evaluate("() => window.clicks") <= 6
    address = page.url
    assert re.search(r"/dashboard/[0-9a-f-]{36}$", address), address

    # Readings arrive, also after a reload, and the choice is remembered.
    for _ in range(2):
        expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
        page.wait_for_function(_GROWS, arg=["cpu.total", 2])
        held = page.evaluate("() => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.length")
        page.wait_for_function(_GROWS, arg=["cpu.total", held])
        page.goto("/dashboard")
        page.wait_for_url(address)
    examine(page, "dashboard-own")
    open_switcher(page)
    page.get_by_test_id("open-overview").click()
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()
    assert complaints == []
