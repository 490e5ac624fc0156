"""The search of the top bar, in a browser on a real system."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.boards import create, text_panel
from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine, unexpected
from tests.e2e.test_devices import collector_of
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture
def office(system: System) -> Office:
    return Office(system)


def search(page: Page, text: str) -> None:
    """Opens the search by keyboard, and types."""
    expect(page.get_by_test_id("open-palette")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_test_id("palette-input")).to_be_focused()
    page.keyboard.type(text)


def key_of(option: Locator) -> str:
    return (option.get_attribute("data-testid") or "").removeprefix("palette-entry-")


def choose(page: Page, key: str) -> None:
    """Waits until the entry is the selected one, and chooses it by keyboard."""
    found = page.get_by_test_id(f"palette-entry-{key}")
    expect(found).to_be_visible()
    for _ in range(30):
        if found.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    expect(found).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")


def test_an_administrator_reaches_devices_series_people_and_actions_by_keyboard_alone(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    own, grace = collector_of(system), office.create(FIRST)
    board = create(system, f"Night shift {grace.id}", [text_panel(0, "Everything is quiet.")])
    sign_in(page, system)
    search(page, own)
    choose(page, f"device:{own}")
    page.wait_for_url(f"**/devices/{own}")
    expect(page.get_by_test_id("palette-input")).to_have_count(0)

    # The series of the device that the page shows.
    search(page, "cpu.total")
    series = page.get_by_test_id("palette-series").get_by_role("option").first
    expect(series).to_be_visible()
    choose(page, key_of(series))
    page.wait_for_url(re.compile(rf"/explore\?s={own}"))

    # On the page that is open already.
    search(page, "cpu.total")
    choose(page, key_of(page.get_by_test_id("palette-recent").get_by_role("option").first))
    expect(page.get_by_test_id("palette-input")).to_have_count(0)

    search(page, f"shift {grace.id}")
    choose(page, f"dashboard:{board}")
    page.wait_for_url(f"**/dashboard/{board}")
    expect(page.get_by_text("Everything is quiet.")).to_be_visible()

    search(page, grace.email)
    choose(page, f"person:{grace.id}")
    page.wait_for_url(f"**/users/{grace.id}")
    expect(page.get_by_test_id("panel-details")).to_contain_text(grace.email)

    search(page, "invite")
    choose(page, "action:invite-user")
    expect(page.get_by_test_id("user-name")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_test_id("palette-input")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("user-name")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("invite"))

    search(page, "add device")
    choose(page, "action:add-device")
    expect(page.get_by_test_id("device-id")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("device-id")).to_have_count(0)

    # The latest choices come first, in a field too.
    page.get_by_test_id("device-search").focus()
    page.keyboard.press("Control+k")
    recent = page.get_by_test_id("palette-recent").get_by_role("option")
    expect(recent.first).to_have_attribute("data-testid", "palette-entry-action:add-device")
    expect(recent.filter(has_text=own).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("device-search")).to_be_focused()

    search(page, "dark")
    choose(page, "action:theme-dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    search(page, "deutsch")
    choose(page, "action:language-de")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    search(page, "english")
    choose(page, "action:language-en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_test_id("open-palette")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url(re.compile("/dashboard"))
    search(page, "sign out")
    choose(page, "action:sign-out")
    page.wait_for_url("**/login**")
    page.keyboard.press("Control+k")
    expect(page.get_by_test_id("palette-input")).to_have_count(0)
    assert unexpected(complaints) == []


def test_the_search_is_accessible_in_both_themes_and_on_a_phone(
    page: Page, system: System, complaints: Complaints
) -> None:
    own = collector_of(system)
    sign_in(page, system)
    page.goto("/devices")
    expect(page.get_by_test_id("pager")).to_be_visible()
    search(page, "")
    expect(page.get_by_test_id("palette-page")).to_be_visible()
    expect(page.get_by_test_id("palette-loading")).to_have_text("")
    examine(page, "search-empty")
    page.keyboard.type(own)
    expect(page.get_by_test_id(f"palette-entry-device:{own}")).to_be_visible()
    expect(page.get_by_test_id("palette-series")).to_be_visible()
    examine(page, "search")
    page.get_by_test_id("palette-input").fill("there is no such thing")
    expect(page.get_by_test_id("palette-nothing")).to_be_visible()
    examine(page, "search-nothing")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(page.get_by_test_id("palette-input")).to_have_count(0)
    page.get_by_test_id("open-palette").click()
    expect(page.get_by_test_id("palette-input")).to_be_focused()
    assert complaints == []


def test_a_failing_service_does_not_block_the_rest(page: Page, system: System, complaints: Complaints) -> None:
    sign_in(page, system)
    page.goto("/status")

    def fail(route: Route) -> None:
        route.fulfill(status=403, content_type="application/problem+json", body='{"code": "forbidden"}')

    page.route("**/api/telemetry/devices*", fail)
    search(page, "audit")
    expect(page.get_by_test_id("palette-failed-devices")).to_be_visible()
    page.unroute("**/api/telemetry/devices*", fail)
    page.get_by_test_id("palette-failed-devices").get_by_role("button").click()
    expect(page.get_by_test_id("palette-failed-devices")).to_have_count(0)
    page.get_by_test_id("palette-input").focus()
    choose(page, "page:/audit")
    page.wait_for_url("**/audit")
    assert unexpected(complaints) == []


@pytest.mark.parametrize("role", ["user", "viewer"])
def test_a_role_finds_only_what_it_may_see_and_do(
    page: Page, system: System, office: Office, complaints: Complaints, role: str
) -> None:
    own, asked = collector_of(system), list[str]()
    enter(page, office.create(FIRST, role=role))
    page.on("request", lambda request: asked.append(request.url))
    search(page, own)
    # The service would be asked for people at the same moment as for series.
    expect(page.get_by_test_id("palette-series")).to_be_visible()
    assert [url for url in asked if "/api/users" in url] == []
    page.get_by_test_id("palette-input").fill("")
    options = page.get_by_test_id("palette-list").get_by_role("option")
    expect(page.get_by_test_id("palette-entry-action:sign-out")).to_be_visible()
    found = [key_of(one) for one in options.all()]
    for key in ("page:/users", "page:/offline-access", "page:/audit", "action:invite-user", "action:add-device"):
        assert key not in found
    assert ("action:new-dashboard" in found) == (role == "user")
    assert "page:/devices" in found
    page.keyboard.press("Escape")
    page.goto("/users?invite=1")
    expect(page.get_by_text("accounts.read")).to_be_visible()
    expect(page.get_by_test_id("user-name")).to_have_count(0)
    # The search is on this page too.
    search(page, "devices")
    choose(page, "page:/devices")
    page.wait_for_url("**/devices")
    page.goto("/devices?add=1")
    expect(page.get_by_test_id("pager")).to_be_visible()
    expect(page.get_by_test_id("device-id")).to_have_count(0)
    assert complaints == []
