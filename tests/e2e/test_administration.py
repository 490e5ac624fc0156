"""The administration page, in a browser on a real system."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def open_administration(page: Page, system: System) -> None:
    sign_in(page, system)
    page.get_by_role("link", name="Administration").click()
    page.wait_for_url("**/admin")
    expect(page.get_by_role("heading", level=1)).to_have_text("Administration")


def test_an_administrator_sets_the_policy_and_rotates_the_signing_keys(
    page: Page, system: System, complaints: Complaints
) -> None:
    open_administration(page, system)
    keys = page.get_by_test_id("panel-signing-keys").get_by_test_id("signing-key")
    expect(keys).to_have_count(2)
    examine(page, "admin")
    before = keys.nth(1).inner_text().split("\n")[0]
    page.get_by_test_id("rotate-keys").click()
    page.get_by_test_id("confirm").click()
    expect(keys).to_have_count(3)
    expect(keys.first).to_contain_text(before)
    expect(keys.first).to_contain_text("Current")

    policy = page.get_by_test_id("panel-policy")
    expect(policy).to_contain_text(re.compile(r"\d+ account"))
    policy.get_by_test_id("policy-viewer").check()
    policy.get_by_test_id("policy-save").click()
    expect(policy.get_by_test_id("policy-saved")).to_be_visible()
    page.reload()
    expect(policy.get_by_test_id("policy-viewer")).to_be_checked()
    policy.get_by_test_id("policy-viewer").uncheck()
    policy.get_by_test_id("policy-save").click()
    expect(policy.get_by_test_id("policy-saved")).to_be_visible()
    assert complaints == []


def test_a_user_has_no_administration_and_learns_which_permission_is_missing(page: Page, system: System) -> None:
    enter(page, Office(system).create(FIRST))
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    page.goto("/admin")
    expect(page.get_by_role("main")).to_contain_text("system.manage")
