"""The page about the own account, in a browser on a real system."""

import re
import uuid

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Complaints
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine, unexpected
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture
def office(system: System) -> Office:
    return Office(system)


def test_a_person_changes_their_details_and_how_pages_look_in_every_browser(
    page: Page, browser: Browser, system: System, office: Office, complaints: Complaints
) -> None:
    person = office.create(FIRST, role="viewer")
    enter(page, person)
    page.get_by_test_id("account-menu").click()
    page.get_by_test_id("account-profile").click()
    page.wait_for_url("**/profile")
    expect(page.locator("main")).to_contain_text("with the role Viewer")
    examine(page, "profile")

    # Bad input is refused at its field, and nothing that was typed is lost.
    page.get_by_test_id("profile-name").fill("   ")
    page.get_by_test_id("details-submit").click()
    expect(page.get_by_test_id("panel-details")).to_contain_text("Enter a name.")
    page.get_by_test_id("profile-name").fill("  Zoë <i>Müller</i> 🦉 ")
    other = f"zoe-{uuid.uuid4().hex[:6]}@example.org"
    page.get_by_test_id("profile-email").fill(other)
    page.get_by_test_id("profile-password").fill("wrong")
    page.get_by_test_id("details-submit").click()
    expect(page.get_by_test_id("details-error")).to_contain_text("password is wrong")
    page.get_by_test_id("profile-password").fill(person.password)
    page.get_by_test_id("details-submit").click()
    expect(page.get_by_test_id("details-saved")).to_be_visible()
    expect(page.get_by_test_id("account-menu")).to_contain_text("Zoë <i>Müller</i> 🦉")

    # The page is loaded again in the chosen language, time zone and number format.
    page.get_by_test_id("preference-language").select_option("de")
    page.get_by_test_id("preference-theme").select_option("dark")
    page.get_by_test_id("preference-time_zone").select_option("Asia/Tokyo")
    page.get_by_test_id("preference-decimal_sign").select_option("point")
    page.get_by_test_id("preferences-submit").click()
    html = page.locator("html")
    expect(html).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Profil")
    for name, value in (("theme", "dark"), ("time-zone", "Asia/Tokyo"), ("decimal", "point")):
        expect(html).to_have_attribute(f"data-{name}", value)

    # Another browser, whose language is English, follows the account.
    context = browser.new_context(base_url=system.url, locale="en-GB")
    elsewhere = context.new_page()
    elsewhere.set_default_timeout(30_000)
    system.until_accounts_agree()
    person.email = other
    enter(elsewhere, person)
    expect(elsewhere.locator("html")).to_have_attribute("lang", "de")
    expect(elsewhere.locator("html")).to_have_attribute("data-time-zone", "Asia/Tokyo")
    # A choice in a menu is stored with the account, too.
    elsewhere.get_by_test_id("theme-menu").click()
    elsewhere.get_by_test_id("theme-light").click()
    expect(elsewhere.locator("html")).to_have_attribute("data-theme", "light")
    context.close()
    page.reload()
    expect(html).to_have_attribute("data-theme", re.compile("light"))
    assert unexpected(complaints) == []


def test_a_viewer_reads_telemetry_and_nothing_else(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    person = office.create(FIRST, role="viewer")
    enter(page, person)
    expect(page.locator("main h1")).to_be_visible()
    navigation = page.get_by_role("navigation", name="Main")
    for name in ("Dashboard", "Devices", "Status", "Profile", "Security"):
        expect(navigation.get_by_role("link", name=name, exact=True)).to_be_visible()
    for name in ("Users", "Offline access", "Audit log"):
        expect(navigation.get_by_role("link", name=name)).to_have_count(0)
    page.goto("/users")
    expect(page.get_by_test_id("missing-permission")).to_contain_text("accounts.read")
    page.goto("/security")
    expect(page.get_by_test_id("panel-password")).to_be_visible()
    expect(page.get_by_test_id("panel-api-keys")).to_have_count(0)
    token = office.token_of(person)
    headers = {"authorization": f"Bearer {token}"}
    assert httpx.get(f"{system.url}/api/telemetry/devices", headers=headers).status_code == 200
    for path in ("/api/users", "/api/collectors", "/api/sync/collectors", "/api/auth/api-keys"):
        assert httpx.get(f"{system.url}{path}", headers=headers).status_code == 403, path
    assert unexpected(complaints) == []


def test_a_saved_view_brings_back_search_filters_order_and_columns_in_every_browser(
    page: Page, browser: Browser, system: System, office: Office, complaints: Complaints
) -> None:
    # Another administrator, so that no other test sees these views.
    person, others = office.create(FIRST, role="admin"), [office.create(role="viewer") for _ in range(2)]
    enter(page, person)
    page.goto("/users?q=person&role=viewer&state=invited&sort=-created")
    newest = page.get_by_test_id(f"user-{others[1].email}")
    expect(newest).to_be_visible()
    page.get_by_test_id("columns").click()
    page.get_by_test_id("column-updated").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Changed")).to_have_count(0)

    # By keyboard alone: an empty name, then the view.
    page.get_by_test_id("saved-views").press("Enter")
    expect(page.get_by_text("No saved views")).to_be_visible()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("view-name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Enter a name.")).to_be_visible()
    page.keyboard.type("  Invited <b>viewers</b> 🦉 ")
    examine(page, "saved-view")
    page.get_by_test_id("view-name").press("Enter")
    expect(page.get_by_test_id("view-name")).to_have_count(0)
    expect(page.get_by_test_id("saved-views")).to_have_text("Invited <b>viewers</b> 🦉")

    context = browser.new_context(base_url=system.url)
    elsewhere = context.new_page()
    elsewhere.set_default_timeout(30_000)
    enter(elsewhere, person)
    elsewhere.goto("/users")
    expect(elsewhere.get_by_role("columnheader", name="Changed")).to_be_visible()
    elsewhere.get_by_test_id("saved-views").press("Enter")
    expect(elsewhere.get_by_test_id("saved-view")).to_be_visible()
    elsewhere.get_by_test_id("saved-view").press("Enter")
    expect(elsewhere).to_have_url(re.compile(r"/users\?.*state=invited"))
    for part in ("q=person", "role=viewer", "sort=-created"):
        expect(elsewhere).to_have_url(re.compile(re.escape(part)))
    expect(elsewhere.get_by_test_id(f"user-{others[1].email}")).to_be_visible()
    expect(elsewhere.get_by_role("columnheader", name="Changed")).to_have_count(0)
    # Devices have their own views.
    elsewhere.goto("/devices")
    elsewhere.get_by_test_id("saved-views").press("Enter")
    expect(elsewhere.get_by_text("No saved views")).to_be_visible()
    context.close()

    page.get_by_test_id("saved-views").press("Enter")
    page.get_by_test_id("manage-views").press("Enter")
    page.get_by_test_id("delete-view").press("Enter")
    expect(page.get_by_test_id("delete-view")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("saved-views")).to_have_text("Views")
    assert unexpected(complaints) == []
