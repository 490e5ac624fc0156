"""The audit log and the status page, in a browser on a real system."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def test_the_audit_log_is_filtered_and_exported(page: Page, system: System, complaints: Complaints) -> None:
    ada = Office(system).create()
    sign_in(page, system)
    page.get_by_role("link", name="Audit log").click()
    page.wait_for_url("**/audit")
    entry = page.get_by_test_id("audit-entry").filter(has_text="Ada Lovelace").first
    expect(entry).to_be_visible()
    expect(page.get_by_test_id("anchor")).to_contain_text(re.compile(r"pulse users verify-audit --anchor \d+:"))
    page.get_by_test_id("verify-chain").click()
    expect(page.get_by_test_id("chain-verified")).to_contain_text(re.compile(r"Verified up to entry \d+ at \d\d:\d\d"))
    examine(page, "audit")
    page.get_by_test_id("filter-target").fill("not valid!")
    page.get_by_test_id("filter-apply").click()
    expect(page.get_by_test_id("filter-error")).to_be_visible()
    page.get_by_test_id("filter-target").fill(f"account:{ada.id}")
    page.get_by_test_id("filter-apply").click()
    expect(page).to_have_url(re.compile(f"target=account%3A{ada.id}"))
    expect(page.get_by_test_id("audit-entry")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_test_id("export-audit").click()
    assert ada.id in download.value.path().read_text()
    page.reload()
    expect(page.get_by_test_id("filter-target")).to_have_value(f"account:{ada.id}")
    page.get_by_role("button", name="Clear").click()
    page.get_by_test_id("audit-trail").get_by_text("Sign-in and devices").click()
    expect(page.get_by_test_id("anchor")).to_contain_text("pulse auth verify-audit")
    assert complaints == []


def test_the_status_shows_each_service_to_everybody(page: Page, system: System, complaints: Complaints) -> None:
    ada = Office(system).create(FIRST)
    enter(page, ada)
    page.get_by_role("link", name="Status").click()
    page.wait_for_url("**/status")
    expect(page.get_by_test_id("verdict")).to_have_attribute("data-well", "true")
    for name in ("telemetry", "users", "auth", "sync"):
        expect(page.get_by_test_id(f"service-{name}")).to_have_attribute("data-ready", "true")
    for name in ("users", "broker", "database"):
        # The gateway counts every ten seconds. Days before the start of the system are not known.
        expect(page.get_by_test_id(f"percent-{name}")).to_have_text(re.compile(r"\d %"), timeout=90_000)
    strip = page.get_by_test_id("service-database").get_by_role("img")
    expect(strip).to_have_attribute("aria-label", re.compile(r"Days not known: (28|29)\."))
    expect(page.get_by_test_id("panel-certificates")).to_contain_text("No TLS here")
    expect(page.get_by_test_id("panel-storage")).to_contain_text("Readings, kept 400 days")
    expect(page.get_by_role("link", name="Audit log")).to_have_count(0)
    examine(page, "status")
    assert complaints == []


def test_the_status_names_a_service_that_is_down(page: Page, system: System) -> None:
    sign_in(page, system)
    down = {"name": "users", "isReady": False, "checks": {"database": False}, "tookMs": 3}

    def fail(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["services"] = [down if one["name"] == "users" else one for one in body["services"]]
        route.fulfill(response=answer, json=body)

    page.route("**/status/services", fail)
    page.goto("/status")
    expect(page.get_by_test_id("verdict")).to_contain_text("Users: not ready")
    expect(page.get_by_test_id("service-users")).to_contain_text("fails")
    examine(page, "status-down")
