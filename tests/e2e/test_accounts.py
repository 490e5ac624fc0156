"""Accounts in the browser: invitation, second factor, sessions and sign-out."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office, Person
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
PICTURES = os.environ.get("PULSE_PICTURES")
FIRST, SECOND = "violet-harbour-candle-7", "copper-lantern-window-9"
_STANDS_STILL = "() => document.getAnimations().every(one => !(one instanceof CSSTransition))"
_THROWN_OUT_MS = 2_000
_GOOD_SHIFT = 0.1
"""The limit for a good cumulative layout shift (web.dev, Core Web Vitals)."""


def picture(page: Page, name: str) -> None:
    """Saves a screenshot when PULSE_PICTURES names a folder."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def examine(page: Page, name: str) -> None:
    """Checks both themes and a phone: no violation of WCAG 2.2 AA, and no horizontal scrolling."""
    page.wait_for_function("() => document.title !== ''")  # the page appears a moment after the redirect
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        page.wait_for_function(_STANDS_STILL)  # colours in transition between two themes belong to neither
        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        found = Axe().run(page, options=options)
        assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]] == [], (name, theme)
        picture(page, f"{name}-{theme}")
    wide = page.viewport_size
    assert wide is not None
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, name
    picture(page, f"{name}-phone")
    page.set_viewport_size(wide)


def unexpected(complaints: Complaints) -> list[str]:
    """Removes the browser's own lines about failed requests, which wrong codes and ended sessions cause."""
    return [text for text in complaints if not text.startswith("Failed to load resource")]


@pytest.fixture
def office(system: System) -> Office:
    return Office(system)


@pytest.fixture
def elsewhere(browser: Browser, system: System) -> Iterator[Page]:
    """Opens a page in another browser profile."""
    context = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def give_password(page: Page, person: Person, password: str | None = None) -> None:
    page.get_by_test_id("login-email").fill(person.email)
    page.get_by_test_id("login-password").fill(password or person.password)
    page.get_by_test_id("login-submit").click()


def enter(page: Page, person: Person, code: str | None = None) -> None:
    """Signs in, with a second factor if there is one. Returns on the dashboard."""
    page.goto("/login")
    give_password(page, person)
    if person.secret:
        page.get_by_test_id("login-code").fill(code or person.code())
        page.get_by_test_id("login-code-submit").click()
    page.wait_for_url("**/dashboard")
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")


def set_up_factor(page: Page, person: Person) -> None:
    """Sets up the second factor on the security page, up to the app's first code."""
    page.get_by_test_id("set-up-factor").click()
    page.get_by_test_id("set-up-password").fill(person.password)
    page.get_by_test_id("set-up-begin").click()
    secret = page.get_by_test_id("set-up-secret")
    expect(secret).to_be_visible()
    person.secret = secret.inner_text().replace(" ", "")


def confirm_factor(page: Page, person: Person) -> list[str]:
    """Returns the recovery codes."""
    page.get_by_test_id("code").fill(person.code())
    page.get_by_test_id("set-up-confirm").click()
    codes = page.get_by_test_id("recovery-codes").locator("li")
    expect(codes).to_have_count(10)
    return codes.all_inner_texts()


def test_an_invited_person_sets_a_password_and_a_second_factor_and_manages_sessions(
    page: Page, elsewhere: Page, office: Office, complaints: Complaints
) -> None:
    ada = office.create()
    link = office.link(ada, "invitation")
    token = link.partition("#")[2]
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))

    page.goto(link)
    new = page.get_by_test_id("new-password")
    expect(new).to_be_focused()
    assert page.url.endswith("/set-password")
    expect(page.get_by_test_id("link-owner")).to_have_text(f"For {ada.email}")
    new.fill("password")
    expect(page.get_by_test_id("strength-words")).to_contain_text("Too short")
    examine(page, "set-password")
    page.get_by_test_id("set-password-submit").click()
    expect(page.get_by_test_id("set-password-error")).to_contain_text("Too short")
    new.fill(FIRST)
    expect(page.get_by_test_id("strength")).to_have_attribute("data-score", "4")
    page.get_by_test_id("set-password-submit").click()
    page.wait_for_url("**/login?notice=password-set")
    office.until_accounts_agree()
    expect(page.get_by_test_id("login-notice")).to_be_visible()
    expect(page.get_by_test_id("login-email")).to_have_value(ada.email)
    expect(page.get_by_test_id("login-password")).to_be_focused()
    assert not any(token in url for url in requested)
    kept = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.cookie])"
    assert token not in page.evaluate(kept)

    ada.password = FIRST
    give_password(page, ada)
    page.wait_for_url("**/dashboard")
    page.get_by_role("link", name="Security").click()
    page.wait_for_url("**/security")
    expect(page.get_by_test_id("session")).to_have_count(1)
    examine(page, "security")
    set_up_factor(page, ada)
    examine(page, "set-up")
    recovery = confirm_factor(page, ada)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("recovery-codes")).to_be_visible()
    examine(page, "recovery-codes")
    page.get_by_test_id("codes-kept").click()
    expect(page.get_by_test_id("codes-left")).to_contain_text("10 recovery codes")

    page.get_by_test_id("account-menu").click()
    page.get_by_test_id("sign-out").click()
    page.wait_for_url("**/login**")
    page.goto("/login")
    give_password(page, ada)
    expect(page.get_by_test_id("login-code")).to_be_focused()
    examine(page, "login-code")
    page.get_by_test_id("login-code").fill("000000")
    page.get_by_test_id("login-code-submit").click()
    expect(page.get_by_test_id("login-error")).to_contain_text("The code is wrong")
    page.get_by_test_id("login-code").fill(ada.code())
    page.get_by_test_id("login-code-submit").click()
    page.wait_for_url("**/dashboard")

    elsewhere.goto("/login")
    give_password(elsewhere, ada)
    elsewhere.get_by_test_id("login-other-code").click()
    elsewhere.get_by_test_id("login-recovery-code").fill(recovery[0].upper())
    elsewhere.get_by_test_id("login-code-submit").click()
    elsewhere.wait_for_url("**/dashboard")
    expect(elsewhere.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")

    page.goto("/security")
    expect(page.get_by_test_id("session")).to_have_count(2)
    expect(page.get_by_test_id("codes-left")).to_contain_text("9 recovery codes")
    examine(page, "sessions")
    page.get_by_test_id("end-session").click()
    picture(page, "end-session")
    page.get_by_test_id("confirm").click()
    expect(elsewhere).to_have_url(re.compile(r"/login\?notice=ended"), timeout=_THROWN_OUT_MS)
    expect(page.get_by_test_id("session")).to_have_count(1)
    assert unexpected(complaints) == []


def test_a_new_password_ends_every_session(page: Page, elsewhere: Page, office: Office, complaints: Complaints) -> None:
    ada = office.create(FIRST)
    enter(page, ada)
    enter(elsewhere, ada)
    page.goto("/security")
    page.get_by_test_id("current-password").fill("not the one that is")
    page.get_by_test_id("new-password").fill(SECOND)
    page.get_by_test_id("change-password").click()
    expect(page.get_by_test_id("password-error")).to_contain_text("The password is wrong")
    page.get_by_test_id("current-password").fill(FIRST)
    page.get_by_test_id("change-password").click()
    page.wait_for_url("**/login?notice=password-changed")
    office.until_accounts_agree()
    expect(page.get_by_test_id("login-notice")).to_contain_text("every session has ended")
    examine(page, "password-changed")
    expect(elsewhere).to_have_url(re.compile(r"/login\?notice=ended"), timeout=_THROWN_OUT_MS)
    page.goto("/security")
    page.wait_for_url("**/login?next=%2Fsecurity")
    ada.password = SECOND
    give_password(page, ada)
    page.wait_for_url("**/security")
    assert unexpected(complaints) == []


def test_a_used_link_shows_a_message_and_offers_a_new_one(page: Page, office: Office) -> None:
    ada = office.create(FIRST)
    link = office.link(ada, "reset")
    page.goto(link)
    page.get_by_test_id("new-password").fill(SECOND)
    page.get_by_test_id("set-password-submit").click()
    page.wait_for_url("**/login?notice=password-set")
    office.until_accounts_agree()
    page.goto(link)
    expect(page.get_by_test_id("link-ended")).to_be_visible()
    examine(page, "link-ended")
    page.goto(office.link(ada, "reset"))  # only the part behind "#" changes
    expect(page.get_by_test_id("new-password")).to_be_visible()
    assert "#" not in page.url
    page.reload()
    expect(page.get_by_test_id("link-missing")).to_be_visible()
    page.get_by_role("link", name="request one by mail").click()
    expect(page.get_by_test_id("forgot-email")).to_be_visible()


def test_a_forgotten_password_gets_the_same_answer_with_and_without_an_account(
    page: Page, system: System, complaints: Complaints
) -> None:
    said: list[str] = []
    for email in (system.admin["email"], "nobody@example.org"):
        page.goto("/login")
        page.get_by_test_id("forgot-password").click()
        page.get_by_test_id("forgot-email").fill(email)
        if not said:
            examine(page, "forgot-password")
        page.get_by_test_id("forgot-submit").click()
        said.append(page.get_by_test_id("forgot-no-mail").inner_text())
    examine(page, "forgot-no-mail")
    assert said[0] == said[1]
    assert "cannot send mail" in said[0], "this system has no mail server, and promises no link"
    assert unexpected(complaints) == []


def test_a_mandatory_second_factor_must_be_set_up_first(page: Page, office: Office, complaints: Complaints) -> None:
    ada = office.create(FIRST)
    office.ask("PUT", "/api/auth/policy", {"second_factor_roles": ["user"]})
    try:
        page.goto("/login")
        give_password(page, ada)
        page.wait_for_url("**/security")
        expect(page.get_by_test_id("must-enrol")).to_be_visible()
        expect(page.get_by_role("link", name="Dashboard")).to_have_count(0)
        expect(page.get_by_test_id("panel-api-keys")).to_have_count(0)
        examine(page, "must-enrol")
        page.goto("/dashboard")
        page.wait_for_url("**/security")
        set_up_factor(page, ada)
        confirm_factor(page, ada)
        page.get_by_test_id("codes-kept").click()
        expect(page.get_by_test_id("must-enrol")).to_have_count(0)
        expect(page.get_by_test_id("disable-factor")).to_have_count(0)
        page.get_by_role("link", name="Dashboard").click()
        page.wait_for_url("**/dashboard")
        expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
    finally:
        office.ask("PUT", "/api/auth/policy", {"second_factor_roles": []})
    page.goto("/security")
    page.get_by_test_id("disable-factor").click()
    page.get_by_test_id("disable-password").fill(ada.password)
    page.get_by_test_id("code").fill(ada.code())
    examine(page, "disable")
    page.get_by_test_id("disable-confirm").click()
    expect(page.get_by_test_id("set-up-factor")).to_be_visible()
    assert unexpected(complaints) == []


def test_an_api_key_is_shown_once_and_works_until_it_is_revoked(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    ada = office.create(FIRST)
    enter(page, ada)
    page.goto("/security")
    page.get_by_test_id("create-key").press("Enter")
    expect(page.get_by_test_id("key-name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("create-key")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_test_id("key-name").fill("Nightly export")
    expect(page.get_by_test_id("scope-accounts.manage")).to_have_count(0)
    assert page.locator("input[name=scope]:checked").evaluate_all("all => all.map(one => one.value)") == [
        "telemetry.read"
    ]
    page.get_by_test_id("scope-telemetry.read").uncheck()
    page.get_by_test_id("key-create").click()
    expect(page.get_by_test_id("key-error")).to_contain_text("at least one permission")
    page.get_by_test_id("scope-telemetry.read").check()
    page.get_by_test_id("key-days").fill("30")
    examine(page, "create-key")
    page.get_by_test_id("key-create").click()
    text = page.get_by_test_id("key-text").inner_text()
    examine(page, "key-shown")
    page.get_by_test_id("key-kept").click()
    row = page.get_by_test_id("api-key")
    expect(row).to_contain_text("Nightly export")
    expect(row).to_contain_text("Never used")

    def exchange() -> httpx.Response:
        return httpx.post(f"{system.url}/api/auth/token", headers={"authorization": f"Bearer {text}"}, timeout=20)

    assert exchange().json()["scope"] == "telemetry.read"
    page.get_by_test_id("revoke-key").press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.get_by_test_id("confirm").press("Enter")
    expect(row).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()
    assert exchange().status_code == 401
    assert complaints == []


def test_a_failed_request_is_shown_and_retried(page: Page, context: BrowserContext, system: System) -> None:
    sign_in(page, system)
    context.route("**/api/auth/sessions", lambda route: route.abort())
    page.goto("/security")
    panel = page.get_by_test_id("panel-sessions")
    retry = panel.get_by_role("button", name="Try again")
    expect(retry).to_be_visible()
    examine(page, "sessions-unavailable")
    context.unroute("**/api/auth/sessions")
    retry.click()
    expect(panel.get_by_test_id("session").first).to_be_visible()


_WATCH_SHIFTS = """
window.__shifts = [];
new PerformanceObserver(list => {
  for (const { value, sources } of list.getEntries()) {
    const moved = sources.map(({ node, previousRect, currentRect }) =>
      `${node?.nodeName} ${node?.textContent?.slice(0, 30)}: ${previousRect.y} to ${currentRect.y}`);
    window.__shifts.push([value, moved]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize(
    ("path", "last"),
    [("/set-password", "link-missing"), ("/forgot-password", "forgot-email"), ("/security", "no-api-keys")],
)
def test_a_page_has_no_layout_shifts_while_it_loads(page: Page, system: System, path: str, last: str) -> None:
    if path == "/security":
        for _ in range(4):
            system.token()  # one session each
        sign_in(page, system)
    page.add_init_script(_WATCH_SHIFTS)
    page.goto(path)
    expect(page.get_by_test_id(last)).to_be_visible()
    if path == "/security":
        expect(page.get_by_test_id("session").first).to_be_visible()
        expect(page.get_by_test_id("set-up-factor")).to_be_visible()
    shifts = page.evaluate("() => window.__shifts")
    assert sum(value for value, _ in shifts) < _GOOD_SHIFT, shifts
