"""The page about users, in a browser on a real system."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office, Person
from tests.e2e.test_accounts import FIRST, enter, examine, unexpected
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
_PAGE = 25


@pytest.fixture
def office(system: System) -> Office:
    return Office(system)


def open_users(page: Page, search: str = "") -> None:
    page.goto(f"/users?q={search}" if search else "/users")
    expect(page.get_by_test_id("pager").or_(page.get_by_test_id("reset-filter")).first).to_be_visible()


def act(page: Page, person: Person, action: str) -> None:
    page.get_by_test_id(f"menu-{person.email}").click()
    page.get_by_test_id(f"action-{action}").click()


def test_an_administrator_invites_edits_disables_and_deletes_a_person(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    sign_in(page, system)
    page.get_by_role("link", name="Users").click()
    page.wait_for_url("**/users")
    page.goto("/users?sort=created")  # other tests create accounts, and the administrator's is the oldest
    own = page.get_by_test_id(f"user-{system.admin['email']}")
    expect(own).to_contain_text("You")
    page.get_by_test_id(f"menu-{system.admin['email']}").click()
    for action in ("toggle", "delete", "link"):
        expect(page.get_by_test_id(f"action-{action}")).to_have_attribute("data-disabled", "")
    page.keyboard.press("Escape")

    # By keyboard alone: a mistake, then the invitation.
    page.get_by_test_id("invite").press("Enter")
    expect(page.get_by_test_id("user-name")).to_be_focused()
    page.keyboard.type("  Grace <b>Hopper</b> 🦉 ")
    page.keyboard.press("Tab")
    page.keyboard.type("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Enter an email address")).to_be_visible()
    examine(page, "users-invite")
    email = f"grace-{system.port}@example.org"
    page.get_by_test_id("user-email").fill(email)
    page.keyboard.press("Enter")
    link = page.get_by_test_id("password-link")
    expect(link).to_contain_text("/set-password#")
    page.keyboard.press("Escape")
    expect(link).to_be_visible()
    examine(page, "users-link")
    page.get_by_test_id("link-kept").press("Enter")
    page.get_by_test_id("user-search").fill(email)
    row = page.get_by_test_id(f"user-{email}")
    expect(row).to_contain_text("Invited")
    expect(row).to_contain_text("Grace <b>Hopper</b> 🦉")
    expect(page).to_have_url(re.compile(r"/users\?.*q=grace"))

    # Another administrator saves while the form is open.
    found = office.ask("GET", f"/api/users?search={email}")["items"][0]
    grace = Person(email, found["id"])
    act(page, grace, "edit")
    page.get_by_test_id("user-name").fill("Grace Hopper")
    headers = {"authorization": f"Bearer {system.token()}", "if-match": f'"{found["version"]}"'}
    theirs = {"name": "G. Hopper", "email": email, "role": "admin"}
    httpx.put(f"{system.url}/api/users/{grace.id}", json=theirs, headers=headers).raise_for_status()
    page.get_by_test_id("user-submit").click()
    notice = page.get_by_test_id("change-notice")
    expect(notice).to_contain_text("Role is Admin")
    expect(notice).to_contain_text("Name (theirs: “G. Hopper”)")
    expect(page.get_by_test_id("user-name")).to_have_value("Grace Hopper")
    examine(page, "users-conflict")
    page.get_by_test_id("user-submit").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row).to_contain_text("Admin")
    stored = office.ask("GET", f"/api/users/{grace.id}")
    assert (stored["name"], stored["role"]) == ("Grace Hopper", "admin")

    act(page, grace, "toggle")
    page.get_by_test_id("confirm").click()
    expect(row).to_contain_text("Disabled")
    act(page, grace, "toggle")
    page.get_by_test_id("confirm").click()
    expect(row).to_contain_text("Invited")
    act(page, grace, "delete")
    expect(page.get_by_test_id("confirm")).to_be_disabled()
    page.get_by_test_id("confirm-text").fill(email)
    examine(page, "users-delete")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    examine(page, "users-none")
    page.get_by_test_id("reset-filter").click()
    expect(own).to_be_visible()
    assert unexpected(complaints) == []


def test_users_come_in_pages_and_filters_stay_in_the_address(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    for number in range(_PAGE + 2):
        body = {"name": f"Paged {number:02}", "email": f"paged-{number:02}@example.org", "role": "user"}
        office.ask("POST", "/api/users", body)
    sign_in(page, system)
    open_users(page, "paged-")
    expect(page.get_by_test_id("pager")).to_have_text(f"1\u2013{_PAGE} of {_PAGE + 2}")
    examine(page, "users")
    page.get_by_test_id("next-page").click()
    expect(page.get_by_test_id("pager")).to_have_text(f"{_PAGE + 1}\u2013{_PAGE + 2} of {_PAGE + 2}")
    page.get_by_test_id("sort-name").click()
    expect(page.get_by_test_id("pager")).to_contain_text("1\u2013")
    expect(page.get_by_role("rowheader").first).to_contain_text(f"Paged {_PAGE + 1:02}")
    page.get_by_role("button", name="Disabled").click()
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    expect(page.get_by_test_id("user-search")).to_have_value("paged-")
    assert complaints == []


def test_selected_users_are_changed_together_after_a_preview(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    people = [office.ask("POST", "/api/users", {"name": n, "email": f"{n}-{system.port}@bulk.example"}) for n in "xyz"]
    sign_in(page, system)
    open_users(page, f"{system.port}@bulk.example")
    page.get_by_test_id("select-page").check()
    expect(page.get_by_test_id("selected-count")).to_have_text("3 selected")
    # The selection stays while another search adds the administrator, who cannot be disabled.
    page.get_by_test_id("user-search").fill(system.admin["email"])
    page.get_by_test_id(f"select-{system.admin['email']}").check()
    page.get_by_test_id("bulk-more").click()
    page.get_by_test_id("bulk-deactivate").click()
    plan = page.get_by_test_id("bulk-plan")
    expect(plan).to_contain_text("3 accounts will change")
    expect(plan).to_contain_text("your own account")
    examine(page, "users-bulk")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("selected-count")).to_have_count(0)
    assert {office.ask("GET", f"/api/users/{one['id']}")["active"] for one in people} == {False}

    page.get_by_test_id("user-search").fill(f"{system.port}@bulk.example")
    expect(page.get_by_test_id(f"user-{people[0]['email']}")).to_contain_text("Disabled")
    page.get_by_test_id("select-page").check()
    page.get_by_test_id("bulk-more").click()
    page.get_by_test_id("bulk-delete").click()
    expect(page.get_by_test_id("confirm")).to_be_disabled()
    page.get_by_test_id("confirm-text").fill("delete 3")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    assert unexpected(complaints) == []


def test_the_page_of_a_user_shows_and_ends_sessions(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    ada = office.create(FIRST)
    office.token_of(ada)
    office.token_of(ada)
    sign_in(page, system)
    open_users(page, ada.email)
    row = page.get_by_test_id(f"user-{ada.email}")
    expect(row).to_contain_text("Off")
    page.get_by_test_id(f"open-{ada.email}").click()
    page.wait_for_url(f"**/users/{ada.id}")
    sessions = page.get_by_test_id("panel-sessions")
    expect(sessions.get_by_test_id("session")).to_have_count(2)
    expect(page.get_by_test_id("panel-factor")).to_contain_text("not set up")
    expect(page.get_by_test_id("panel-api-keys")).to_contain_text("No API keys.")
    expect(page.get_by_test_id("offline-reason")).to_contain_text("Cannot sign in offline")
    examine(page, "user")
    sessions.get_by_test_id("end-session").first.click()
    page.get_by_test_id("confirm").click()
    expect(sessions.get_by_test_id("session")).to_have_count(1)
    sessions.get_by_test_id("end-all").click()
    page.get_by_test_id("confirm").click()
    expect(sessions).to_contain_text("Not signed in anywhere.")
    assert office.ask("GET", f"/api/auth/accounts/{ada.id}/sessions") == {"items": []}
    page.goto("/users/6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c")
    expect(page.get_by_text("There is no such account")).to_be_visible()
    examine(page, "user-unknown")
    page.goto("/users/nonsense")
    expect(page.get_by_text("There is no such account")).to_be_visible()
    assert unexpected(complaints) == []


def test_a_page_without_permission_names_the_permission(page: Page, office: Office, complaints: Complaints) -> None:
    ada = office.create(FIRST)
    enter(page, ada)
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    page.goto("/users")
    expect(page.get_by_test_id("missing-permission")).to_contain_text("accounts.read: list accounts")
    examine(page, "no-permission")
    assert complaints == []


def test_a_failed_list_is_shown_and_retried(page: Page, system: System) -> None:
    sign_in(page, system)
    page.route("**/api/users?*", lambda route: route.abort())
    page.goto("/users")
    retry = page.get_by_test_id("retry")
    expect(retry).to_be_visible()
    examine(page, "users-unavailable")
    page.unroute("**/api/users?*")
    retry.click()
    expect(page.get_by_test_id("pager")).to_be_visible()
