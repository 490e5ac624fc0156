"""Changes of others appear on open pages without a reload and without polling, in browsers on a real system."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office, Person
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
_NOTE_INTERVALS = """
    const active = new Map();
    const [begin, end] = [window.setInterval, window.clearInterval];
    window.setInterval = (work, ms, ...more) => {
        const id = begin(work, ms, ...more);
        active.set(id, ms);
        return id;
    };
    window.clearInterval = (id) => { active.delete(id); end(id); };
    window.polls = (ms) => [...active.values()].includes(ms);
"""
"""`polls(ms)`: whether the page repeats something at this interval."""
_USERS_EVERY, _FLEET_EVERY = 30_000, 15_000


@pytest.fixture
def office(system: System) -> Office:
    return Office(system)


@pytest.fixture
def colleague(browser: Browser, system: System) -> Iterator[Page]:
    """A page of another administrator in another browser."""
    context = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def act(page: Page, person: Person, action: str) -> None:
    page.get_by_test_id(f"menu-{person.email}").click()
    page.get_by_test_id(f"action-{action}").click()


def watch(page: Page, system: System, path: str) -> None:
    """Opens a page and notes what it repeats."""
    page.add_init_script(_NOTE_INTERVALS)
    sign_in(page, system)
    page.goto(path)


def test_a_disabled_account_shows_on_the_page_of_another_administrator_without_polling(
    page: Page, colleague: Page, system: System, office: Office, complaints: Complaints
) -> None:
    person = office.create()
    watch(page, system, f"/users?q={person.email}")
    row = page.get_by_test_id(f"user-{person.email}")
    expect(row).to_be_visible()
    page.wait_for_function(f"() => !polls({_USERS_EVERY})")

    # What somebody types in a form stays when the list behind it is loaded again.
    act(page, person, "edit")
    page.get_by_test_id("user-name").fill("Typed, and not saved")
    sign_in(colleague, system)
    colleague.goto(f"/users?q={person.email}")
    with page.expect_response(lambda answer: "/api/users?" in answer.url):
        act(colleague, person, "toggle")
        colleague.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("user-name")).to_have_value("Typed, and not saved")
    page.keyboard.press("Escape")
    expect(row).to_contain_text("Disabled")
    assert page.evaluate(f"!polls({_USERS_EVERY})")
    assert complaints == []


def test_a_device_that_another_administrator_adds_and_disables_shows_at_once(
    page: Page, colleague: Page, system: System, office: Office, complaints: Complaints
) -> None:
    device = f"zz-press-{time.time_ns() % 10**9}"
    watch(page, system, f"/devices?q={device}")
    expect(page.get_by_test_id("reset-filter")).to_be_visible()
    sign_in(colleague, system)
    office.ask("POST", "/api/collectors/plain-devices", {"username": device, "name": "Press"})
    row = page.get_by_test_id(f"device-{device}")
    expect(row).to_contain_text("No readings yet")
    colleague.goto(f"/devices/{device}")
    colleague.get_by_test_id("device-menu").click()
    colleague.get_by_test_id("action-disable").click()
    colleague.get_by_test_id("confirm").click()
    expect(row).to_contain_text("Disabled")
    page.wait_for_function(f"() => !polls({_FLEET_EVERY})")
    assert complaints == []


def test_a_page_whose_socket_cannot_connect_polls(page: Page, system: System) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.close()

    page.route_web_socket("**/socket.io/**", refuse)
    watch(page, system, "/users")
    expect(page.get_by_test_id(f"user-{system.admin['email']}")).to_be_visible()
    page.wait_for_function(f"() => polls({_USERS_EVERY})")
