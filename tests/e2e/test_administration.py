"""The administration page, in a browser on a real system."""

import base64
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine, unexpected
from tests.system import System, wait_until

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


def test_a_policy_that_another_administrator_saved_meanwhile_is_not_overwritten_unseen(
    page: Page, system: System, complaints: Complaints
) -> None:
    office = Office(system)
    open_administration(page, system)
    policy = page.get_by_test_id("panel-policy")
    policy.get_by_test_id("policy-viewer").check()
    office.ask("PUT", "/api/auth/policy", {"second_factor_roles": ["user"]})
    try:
        policy.get_by_test_id("policy-save").click()
        expect(policy.get_by_test_id("change-notice")).to_contain_text("User is mandatory")
        expect(policy.get_by_test_id("policy-viewer")).to_be_checked()
        expect(policy.get_by_test_id("policy-user")).to_be_checked()
        assert office.ask("GET", "/api/auth/policy")["second_factor_roles"] == ["user"]
        examine(page, "policy-changed")
        policy.get_by_test_id("policy-save").click()
        expect(policy.get_by_test_id("policy-saved")).to_be_visible()
        assert office.ask("GET", "/api/auth/policy")["second_factor_roles"] == ["user", "viewer"]
    finally:
        office.ask("PUT", "/api/auth/policy", {"second_factor_roles": []})
    assert unexpected(complaints) == []


def test_a_user_has_no_administration_and_learns_which_permission_is_missing(page: Page, system: System) -> None:
    enter(page, Office(system).create(FIRST))
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    page.goto("/admin")
    expect(page.get_by_role("main")).to_contain_text("system.manage")


def test_retention_changes_after_a_dry_run_and_wrong_days_are_refused(
    page: Page, system: System, complaints: Complaints
) -> None:
    open_administration(page, system)
    panel = page.get_by_test_id("panel-retention")
    raw = panel.get_by_test_id("retention-raw")
    for wrong in ("6", "1,5", "forever"):
        raw.fill(wrong)
        panel.get_by_test_id("retention-check").click()
        expect(panel.get_by_role("alert")).to_contain_text("whole days from 7")
        expect(raw).to_have_value(wrong)
    raw.fill("90")
    panel.get_by_test_id("retention-check").click()
    expect(page.get_by_test_id("retention-preview")).to_contain_text("would remove")
    examine(page, "admin-retention")
    page.get_by_test_id("confirm").click()
    expect(panel.get_by_test_id("retention-saved")).to_be_visible()
    page.reload()
    expect(raw).to_have_value("90")
    raw.fill("")
    panel.get_by_test_id("retention-check").click()
    page.get_by_test_id("confirm").click()
    expect(panel.get_by_test_id("retention-saved")).to_be_visible()
    assert complaints == []


def test_the_name_logo_and_colour_appear_everywhere_and_bad_files_are_refused(
    page: Page, system: System, complaints: Complaints, tmp_path: Path
) -> None:
    open_administration(page, system)
    panel = page.get_by_test_id("panel-brand")
    panel.get_by_test_id("brand-light").fill("#8aa7ff")
    panel.get_by_test_id("brand-dark").fill("#3ddc97")
    panel.get_by_test_id("brand-save").click()
    expect(panel.get_by_role("alert")).to_contain_text("Choose a darker colour")
    panel.get_by_test_id("brand-light").fill("#0b6e4f")
    panel.get_by_test_id("brand-name").fill("<b>Halle 4</b> 🏭")
    panel.get_by_test_id("brand-save").click()
    expect(panel.get_by_test_id("brand-saved")).to_be_visible()
    expect(page.get_by_test_id("brand").first).to_have_text("<b>Halle 4</b> 🏭")

    logo = panel.get_by_test_id("logo-file")
    logo.set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": b"<svg onload='alert(1)'/>"})
    expect(panel.get_by_test_id("logo-error")).to_contain_text("not a PNG, JPEG or WebP")
    large = tmp_path / "logo.png"
    with large.open("wb") as file:
        file.truncate(50 * 2**20)
    logo.set_input_files(large)
    expect(panel.get_by_test_id("logo-error")).to_contain_text("50.0 MiB")
    logo.set_input_files({"name": "logo.txt", "mimeType": "text/plain", "buffer": LOGO})
    expect(panel.get_by_test_id("logo-saved")).to_be_visible()
    expect(page.get_by_test_id("brand-logo").first).to_be_visible()
    examine(page, "admin-brand")

    # The web server asks for the brand every five seconds.
    def is_shown() -> bool:
        page.goto("/status")
        page.wait_for_load_state()
        return page.title() == "Status · <b>Halle 4</b> 🏭"

    wait_until(is_shown, seconds=30, what="the name is in the title")
    accent = "() => getComputedStyle(document.documentElement).getPropertyValue('--accent')"
    assert page.evaluate(accent) == "light-dark(#0b6e4f, #3ddc97)"
    page.get_by_test_id("account-menu").click()
    page.get_by_test_id("sign-out").click()
    page.wait_for_url("**/login**")
    page.goto("/login")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to <b>Halle 4</b> 🏭")
    expect(page.get_by_test_id("brand-logo").first).to_be_visible()
    examine(page, "login-brand")
    reset_brand(system)
    # Pages of the next test must not ask for the logo that is gone.
    wait_until(lambda: "brand/logo" not in httpx.get(f"{system.url}/login").text, seconds=20, what="no logo")
    assert unexpected(complaints) == []


LOGO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def reset_brand(system: System) -> None:
    headers = {"authorization": f"Bearer {system.token()}", "if-match": "*"}
    answer = httpx.put(
        f"{system.url}/api/users/brand", json={"name": None, "accent": None}, headers=headers, timeout=20
    )
    assert answer.is_success, answer.text
    assert httpx.delete(f"{system.url}/api/users/brand/logo", headers=headers, timeout=20).is_success
