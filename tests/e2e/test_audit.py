"""The audit log and the status page, in a browser on a real system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine, unexpected
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
    expect(page.get_by_test_id("figure-readings")).to_have_text(re.compile(r"Readings in[\d,]+ /s"), timeout=60_000)
    expect(page.get_by_test_id("figure-waiting")).to_have_text(re.compile(r"Waiting on devices[\d,]+"))
    expect(page.get_by_test_id("report-incident")).to_have_count(0)
    expect(page.get_by_role("link", name="Audit log")).to_have_count(0)
    examine(page, "status")
    assert complaints == []


@pytest.fixture
def other(browser: Browser, system: System) -> Iterator[Page]:
    """Opens a page in another browser profile."""
    context = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_an_incident_is_reported_seen_by_a_viewer_changed_by_two_and_closed(
    page: Page, other: Page, system: System, complaints: Complaints
) -> None:
    office = Office(system)
    title = "<b>Live view</b> slow 🐢"
    sign_in(page, system)
    page.goto("/status")
    page.get_by_test_id("report-incident").click()
    page.get_by_test_id("incident-save").click()
    expect(page.get_by_role("dialog")).to_contain_text("Enter a title.")
    page.get_by_test_id("incident-title").fill(f"  {title} ")
    page.get_by_test_id("incident-text").fill("A report holds it back.")
    page.get_by_test_id("incident-telemetry-gateway").check()
    examine(page, "incident-report")
    page.get_by_test_id("incident-save").click()
    own = page.get_by_test_id("reported-incident").filter(has_text=title)
    expect(own).to_contain_text("Affects Telemetry gateway")

    enter(other, office.create(FIRST, role="viewer"))
    other.goto("/status")
    seen = other.get_by_test_id("reported-incident").filter(has_text=title)
    expect(seen).to_contain_text("A report holds it back.")
    expect(other.get_by_test_id("verdict")).to_contain_text(f"Open incident: {title}")
    expect(other.get_by_test_id("edit-incident")).to_have_count(0)

    own.get_by_test_id("edit-incident").click()
    page.get_by_test_id("incident-text").fill("It is being solved.")
    (stored,) = [one for one in office.ask("GET", "/api/telemetry/incidents")["items"] if one["title"] == title]
    body = {name: stored[name] for name in ("text", "services", "started_at", "ended_at")} | {"title": "Slow"}
    office.ask("PUT", f"/api/telemetry/incidents/{stored['id']}", body)
    page.get_by_test_id("incident-save").click()
    expect(page.get_by_test_id("change-notice")).to_contain_text("Title is Slow")
    expect(page.get_by_test_id("incident-text")).to_have_value("It is being solved.")
    examine(page, "incident-changed")
    page.get_by_test_id("incident-save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    own = page.get_by_test_id("reported-incident").filter(has_text="It is being solved.")
    expect(own).to_contain_text("Slow")
    own.get_by_test_id("close-incident").click()
    page.get_by_test_id("confirm").click()
    expect(own).to_contain_text("Solved")
    examine(page, "status-incident")
    other.reload()
    expect(other.get_by_test_id("reported-incident").filter(has_text="It is being solved.")).to_contain_text("Solved")

    own.get_by_test_id("edit-incident").click()
    page.get_by_test_id("incident-delete").click()
    page.get_by_test_id("confirm").click()
    expect(own).to_have_count(0)
    assert unexpected(complaints) == []


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
    expect(page.get_by_test_id("service-users")).to_contain_text("Database fails")
    examine(page, "status-down")
