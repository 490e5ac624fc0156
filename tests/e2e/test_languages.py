"""The pages in another language than English."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.device import DEVICE
from tests.e2e.test_accounts import unexpected
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture
def german(browser: Browser, system: System, complaints: Complaints) -> Iterator[Page]:
    """A page of a browser whose first language is German."""
    system.forget_preferences()
    context = browser.new_context(base_url=system.url, locale="de-AT")
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    yield page
    context.close()


def test_the_browsers_language_is_used_until_another_one_is_chosen(
    german: Page, system: System, complaints: Complaints
) -> None:
    german.goto("/login")
    expect(german.locator("html")).to_have_attribute("lang", "de")
    expect(german.get_by_role("heading", level=1)).to_have_text("Bei PrecisionPulse anmelden")
    german.get_by_test_id("login-email").fill("nobody@example.org")
    german.get_by_test_id("login-password").fill("wrong")
    german.get_by_test_id("login-submit").click()
    expect(german.get_by_test_id("login-error")).to_contain_text("E-Mail oder Passwort ist falsch.")
    sign_in(german, system)
    navigation = german.get_by_role("navigation", name="Hauptmenü")
    expect(navigation.get_by_role("link", name="Benutzer")).to_be_visible()
    # A link that is followed without a reload keeps the language, also in code outside React.
    navigation.get_by_role("link", name="Benutzer").click()
    german.wait_for_url("**/users")
    expect(german).to_have_title("Benutzer · PrecisionPulse")

    german.get_by_test_id("account-menu").click()
    german.get_by_test_id("language-en").click()
    expect(german.locator("html")).to_have_attribute("lang", "en")
    expect(german.get_by_role("link", name="Users")).to_be_visible()
    german.reload()
    expect(german.locator("html")).to_have_attribute("lang", "en")
    assert unexpected(complaints) == []


def test_every_page_has_all_its_texts_in_german(german: Page, system: System, complaints: Complaints) -> None:
    sign_in(german, system)
    for path in (
        "/dashboard",
        "/explore",
        "/devices",
        f"/devices/{DEVICE}",
        "/users",
        "/offline-access",
        "/audit",
        "/status",
        "/profile",
        "/security",
    ):
        german.goto(path)
        expect(german.locator("main h1")).to_be_visible()
        expect(german.get_by_role("navigation", name="Hauptmenü")).to_be_visible()
    for path in ("/forgot-password", "/set-password#token", "/nowhere"):
        german.goto(path)
        expect(german.locator("main")).to_be_visible()
    # A missing text is an error in the console.
    assert unexpected(complaints) == []
