"""The page that a browser without a connection shows, in a browser on a real system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import sign_in
from tests.e2e.test_accounts import examine
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
_KEPT = "async () => { const c = await caches.open('pulse-offline'); return !!(await c.match('/offline')); }"
_SAVED = "() => JSON.parse(localStorage.getItem('pulse_last_values'))?.values.some(v => v.name === 'Processor')"


@pytest.fixture
def installed(browser: Browser, system: System) -> Iterator[Page]:
    """A page in a browser profile that allows service workers. Other tests forbid them."""
    context = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_without_a_connection_the_last_values_are_shown_with_their_age(installed: Page, system: System) -> None:
    page = installed
    sign_in(page, system)
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()
    page.wait_for_function(_KEPT)
    page.wait_for_function(_SAVED)
    page.context.set_offline(True)
    page.goto("/devices")
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    expect(page).to_have_url(re.compile("/devices$"))
    expect(page.get_by_test_id("kept-at")).to_contain_text("not live")
    row = page.get_by_role("row").filter(has_text="Processor").first
    expect(row).to_contain_text(re.compile(r"just now|ago"))
    examine(page, "offline")

    # The wanted page opens by itself.
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Devices")).to_be_visible()

    # Nothing is left for the next person at this browser.
    page.get_by_test_id("account-menu").click()
    page.get_by_test_id("sign-out").click()
    page.wait_for_url("**/login**")
    page.context.set_offline(True)
    page.goto("/dashboard")
    expect(page.get_by_text("No values are kept in this browser")).to_be_visible()


def test_a_browser_can_install_the_dashboard(page: Page, system: System) -> None:
    manifest = page.request.get(f"{system.url}/manifest.webmanifest").json()
    assert (manifest["start_url"], manifest["display"]) == ("/dashboard", "standalone")
    for icon in manifest["icons"]:
        answer = page.request.get(f"{system.url}{icon['src']}")
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    page.goto("/login")
    assert page.locator("link[rel=manifest]").get_attribute("href") == "/manifest.webmanifest"
    worker = page.request.get(f"{system.url}/sw.js")
    assert worker.headers["content-type"].startswith(("application/javascript", "text/javascript"))
