"""The page about offline access, in a browser on a real system."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine, unexpected
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


class Rules:
    """The rules of the system, changed by another administrator."""

    def __init__(self, system: System) -> None:
        self._url = f"{system.url}/api/sync/entitlement"
        self._headers = {"authorization": f"Bearer {system.token()}"}

    def read(self) -> list[dict[str, Any]]:
        answer = httpx.get(self._url, headers=self._headers, timeout=20).raise_for_status()
        return [{name: one[name] for name in ("effect", "subject", "place")} for one in answer.json()["rules"]]

    def write(self, rules: list[dict[str, Any]]) -> None:
        httpx.put(
            self._url, json={"rules": rules}, headers={**self._headers, "if-match": "*"}, timeout=20
        ).raise_for_status()


@pytest.fixture
def rules(system: System) -> Iterator[Rules]:
    """Restores the rules after the test."""
    rules = Rules(system)
    before = rules.read()
    yield rules
    rules.write(before)


def test_a_rule_is_previewed_applied_and_never_overwrites_another_administrator(
    page: Page, system: System, rules: Rules, complaints: Complaints
) -> None:
    person = Office(system).create(FIRST)
    before = rules.read()
    sign_in(page, system)
    page.get_by_role("link", name="Offline access").click()
    page.wait_for_url("**/offline-access")
    expect(page.get_by_test_id("tile-up-to-date")).to_contain_text("1of 1")
    own = page.get_by_test_id(f"account-{system.admin['email']}")
    expect(own.locator("[data-state=up-to-date]")).to_have_count(1)
    expect(page.get_by_test_id("rule")).to_have_count(len(before))

    page.get_by_test_id("add-rule").press("Enter")
    page.get_by_test_id("rule-who").select_option("account")
    page.get_by_test_id("rule-email").fill("nobody@example.org")
    page.get_by_test_id("rule-add").click()
    expect(page.get_by_test_id("rule-error")).to_contain_text("no account with this email")
    examine(page, "add-rule")
    page.get_by_test_id("rule-email").fill(person.email)
    page.get_by_test_id("rule-add").click()
    expect(page.get_by_test_id("rule-preview")).to_have_text(re.compile(r"Would give 1 account to \d+ collector"))
    examine(page, "offline-access")

    # Another administrator saves first. Both changes survive.
    theirs = {"effect": "deny", "subject": f"account:{person.id}", "place": "site:Nowhere"}
    answer = httpx.put(
        f"{system.url}/api/sync/entitlement",
        json={"rules": [*before, theirs], "allow_unmatched": True},
        headers={"authorization": f"Bearer {system.token()}", "if-match": "*"},
        timeout=20,
    )
    assert answer.is_success, answer.text
    page.get_by_test_id("apply-rules").click()
    expect(page.get_by_test_id("draft-error")).to_contain_text("Somebody else saved the rules")
    expect(page.get_by_test_id("rule")).to_have_count(len(before) + 2)
    page.get_by_test_id("apply-rules").click()
    expect(page.get_by_test_id("rule-draft")).to_have_count(0)
    mine = {"effect": "allow", "subject": f"account:{person.id}", "place": "everywhere"}
    after = rules.read()
    assert len(after) == len(before) + 2
    assert all(one in after for one in [*before, theirs, mine])
    expect(page.get_by_test_id(f"account-{person.email}").locator("[data-state=up-to-date]")).to_have_count(1)
    assert unexpected(complaints) == []


def test_a_collector_is_repaired_and_a_wipe_needs_its_id(page: Page, system: System, complaints: Complaints) -> None:
    sign_in(page, system)
    page.goto("/offline-access")
    page.get_by_test_id("resync").press("Enter")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    expect(page.get_by_test_id("panel-collector")).to_contain_text("Up to date")
    page.get_by_test_id("wipe").click()
    expect(page.get_by_test_id("confirm")).to_be_disabled()
    page.get_by_test_id("confirm-text").fill("another collector")
    expect(page.get_by_test_id("confirm")).to_be_disabled()
    examine(page, "wipe")
    page.keyboard.press("Escape")
    assert complaints == []


def test_a_user_gets_the_name_of_the_missing_permission(page: Page, system: System, complaints: Complaints) -> None:
    ada = Office(system).create(FIRST)
    enter(page, ada)
    page.goto("/offline-access")
    expect(page.get_by_test_id("missing-permission")).to_contain_text("mirror.read")
    assert complaints == []


def test_a_lease_is_previewed_and_saved_and_never_overwrites_another_administrator(
    page: Page, system: System, complaints: Complaints
) -> None:
    url, headers = f"{system.url}/api/sync/policy", {"authorization": f"Bearer {system.token()}", "if-match": "*"}
    before = httpx.get(url, headers=headers, timeout=20).raise_for_status().json()
    sign_in(page, system)
    page.goto("/offline-access")
    try:
        page.get_by_test_id("edit-leases").click()
        preview = page.get_by_test_id("lease-preview")
        expect(preview).to_have_text("Nothing would change.")
        page.get_by_test_id("lease-admin-hours").fill("73")
        page.get_by_test_id("lease-submit").click()
        expect(page.get_by_text("Enter a number from 0 to 72.")).to_be_visible()
        page.get_by_test_id("lease-admin-hours").fill("3,5")
        expect(preview).to_contain_text("Administrators")
        expect(preview).to_contain_text("3.5 h")
        examine(page, "leases")

        # Another administrator saves first. What only they changed is taken over.
        theirs = {**before, "user_lease_s": 48 * 3_600}
        httpx.put(url, json=theirs, headers=headers, timeout=20).raise_for_status()
        page.get_by_test_id("lease-submit").click()
        expect(page.get_by_test_id("change-notice")).to_contain_text("Users is 48 h")
        expect(page.get_by_test_id("lease-user-hours")).to_have_value("48")
        expect(page.get_by_test_id("lease-admin-hours")).to_have_value("3,5")
        page.get_by_test_id("lease-submit").click()
        expect(preview).to_have_count(0)
        expect(page.get_by_test_id("lease-user")).to_have_text("48 h")
        after = httpx.get(url, headers=headers, timeout=20).raise_for_status().json()
        assert after == {"user_lease_s": 48 * 3_600, "admin_lease_s": 12_600}

        # The page follows a change of the leases.
        httpx.put(url, json=before, headers=headers, timeout=20).raise_for_status()
        expect(page.get_by_test_id("lease-user")).not_to_have_text("48 h")
    finally:
        httpx.put(url, json=before, headers=headers, timeout=20).raise_for_status()
    assert unexpected(complaints) == []
