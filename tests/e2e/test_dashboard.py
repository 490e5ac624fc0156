"""The dashboard in the browser, against a real `make run`."""

import json
import struct
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from pulse_contracts.access import SERVICES
from tests.e2e.conftest import Complaints, sign_in
from tests.resilience.checker import Journal
from tests.system import System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def open_dashboard(page: Page, system: System) -> None:
    sign_in(page, system)
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()


def values(page: Page, name: str) -> list[tuple[int, Any]]:
    """Returns the values of a series in the page's buffer, without gaps."""
    found = page.evaluate("name => window.__pulse.series(window.__pulse.seriesIds()[name])", name)
    return [(t, v) for t, v in zip(found["t"], found["v"], strict=True) if v is not None]


def test_a_person_signs_in_and_sees_live_metrics_of_this_machine(
    page: Page, system: System, complaints: Complaints
) -> None:
    open_dashboard(page, system)
    for name in ("cpu.total", "memory.percent", "disk.percent", "network.received"):
        expect(page.get_by_test_id(f"tile-{name}")).to_be_visible()
    tile = page.get_by_test_id("tile-cpu.total")
    before = tile.get_attribute("data-t")
    expect(tile).not_to_have_attribute("data-t", before or "")
    before_points = len(values(page, "cpu.total"))
    page.wait_for_function(
        "n => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.length > n + 2", arg=before_points
    )
    assert complaints == []


def test_a_wrong_password_shows_an_error_without_details(page: Page, system: System) -> None:
    page.goto("/login")
    page.get_by_test_id("login-email").fill(system.admin["email"])
    page.get_by_test_id("login-password").fill("not the password at all")
    page.get_by_test_id("login-submit").click()
    error = page.get_by_test_id("login-error")
    expect(error).to_be_visible()
    known = error.inner_text()
    page.get_by_test_id("login-email").fill("nobody@example.com")
    page.get_by_test_id("login-password").fill("not the password at all")
    page.get_by_test_id("login-submit").click()
    expect(error).to_have_text(known)
    assert "/login" in page.url


def test_the_page_shows_the_collectors_readings(page: Page, system: System, journal: Path) -> None:
    open_dashboard(page, system)
    names = ["cpu.total", "memory.percent", "memory.used", "processes.count"]
    page.wait_for_function(
        "names => names.every(n => window.__pulse.series(window.__pulse.seriesIds()[n]).t.length > 5)", arg=names
    )
    shown = {name: values(page, name) for name in names}
    produced: dict[tuple[str, int], Any] = {}
    written = Journal()
    written.read(journal)
    names_of = {number: named for named, number in written.names.items()}
    for epoch in written.prepared.values():
        for number, t, bits in zip(epoch.series, epoch.t, epoch.bits, strict=True):
            series, kind = names_of[number]
            produced[series, t] = float(_float(bits)) if kind == "float" else bits
    checked = 0
    for name, points in shown.items():
        for t, v in points:
            assert produced[name, t] == v, (name, t)
            checked += 1
    assert checked > 20


def _float(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", bits))[0])


def test_history_and_live_readings_join_without_a_gap(page: Page, system: System) -> None:
    open_dashboard(page, system)
    page.wait_for_function("() => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.length > 8")
    times = [t for t, _ in values(page, "cpu.total")]
    assert times == sorted(set(times))
    assert page.evaluate("() => window.__pulse.gaps(window.__pulse.seriesIds()['cpu.total'])") in ([], 0)
    for label in ("range-15m", "range-1h", "range-24h", "range-7d", "range-30d"):
        page.get_by_test_id(label).click()
        page.wait_for_function("() => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.length > 3")


def test_a_reload_keeps_the_session(page: Page, system: System, complaints: Complaints) -> None:
    open_dashboard(page, system)
    page.reload()
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
    assert "/dashboard" in page.url
    assert complaints == []


def test_pause_holds_the_picture_and_resume_catches_up(page: Page, system: System) -> None:
    open_dashboard(page, system)
    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "paused")
    page.get_by_test_id("pause").click()
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")


def test_after_signing_out_page_and_cookies_are_invalid(page: Page, context: BrowserContext, system: System) -> None:
    open_dashboard(page, system)
    stolen = {str(c["name"]): str(c["value"]) for c in context.cookies()}
    page.get_by_test_id("account-menu").click()
    page.get_by_test_id("sign-out").click()
    page.wait_for_url("**/login**")
    page.goto("/dashboard")
    page.wait_for_url("**/login**")
    headers = {"X-Pulse-CSRF": "1", "Origin": system.url, "Cookie": f"pulse_rt={stolen['pulse_rt']}"}
    answer = httpx.post(f"{system.url}/api/auth/refresh", headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"next-router-prefetch": "1", "rsc": "1"},
        {"x-middleware-subrequest": "src/proxy"},
        {"x-user": '{"role":"admin"}'},
        {"cookie": "pulse_at=eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."},
    ],
)
def test_the_dashboard_requires_sign_in(system: System, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{system.url}/dashboard", headers=headers)
    assert answer.status_code in {302, 303, 307}
    assert "/login" in answer.headers["location"]


@pytest.mark.parametrize("path", ["devices", "series", "series/1/readings?from=0&to=1", "devices/x/ledger"])
def test_the_api_requires_sign_in(system: System, path: str) -> None:
    answer = httpx.get(f"{system.url}/api/telemetry/{path}")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_a_foreign_target_after_signing_in_is_ignored(page: Page, system: System, target: str) -> None:
    page.goto(f"/login?next={target}")
    page.get_by_test_id("login-email").fill(system.admin["email"])
    page.get_by_test_id("login-password").fill(system.admin["password"])
    page.get_by_test_id("login-submit").click()
    page.wait_for_url("**/dashboard")
    assert page.url.startswith(system.url)


def test_the_dark_theme_survives_a_reload(page: Page, system: System) -> None:
    open_dashboard(page, system)
    page.get_by_test_id("theme-menu").click()
    page.get_by_test_id("theme-dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("path", ["/login", "/dashboard"])
def test_a_phone_needs_no_horizontal_scrolling(context: BrowserContext, page: Page, system: System, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    if path == "/dashboard":
        open_dashboard(page, system)
    else:
        page.goto(path)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/login", "/dashboard"])
def test_axe_finds_no_violation(context: BrowserContext, page: Page, system: System, path: str, theme: str) -> None:
    context.add_cookies([{"name": "pulse_theme", "value": theme, "url": system.url}])
    if path == "/dashboard":
        open_dashboard(page, system)
    else:
        page.goto(path)
        expect(page.get_by_test_id("login-submit")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]] == []


def test_responses_have_a_strict_content_security_policy(system: System) -> None:
    answer = httpx.get(f"{system.url}/login")
    policy = answer.headers["content-security-policy"]
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert "nonce-" in scripts
    assert "unsafe" not in scripts
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_status_names_every_process_and_all_are_ready(system: System) -> None:
    status = system.status()
    names = {entry["name"] for entry in status["processes"]}
    assert names == {"postgres", "mosquitto", *SERVICES, "web", "collector"}
    wait_until(lambda: system.status()["ready"], seconds=30, what="everything is ready")
    assert {"name", "pid", "port", "ready", "restarts", "memory_mb"} <= status["processes"][0].keys()


def test_the_ledger_of_the_first_collector_lacks_only_readings_in_flight(system: System) -> None:
    token = system.token()
    device = system.get("/api/telemetry/devices", token)["items"][0]["id"]
    epochs = system.get(f"/api/telemetry/devices/{device}/ledger", token)["epochs"]
    assert len(epochs) == 1
    assert epochs[0]["settled"][0][0] == 0
    assert epochs[0]["stored"] > 0
    assert epochs[0]["refused"] == epochs[0]["dropped"] == 0


def test_only_the_owner_can_read_the_secrets(system: System) -> None:
    for path in (system.state / "admin.json", *(system.state / "secrets").rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    command_lines = [Path(f"/proc/{entry['pid']}/cmdline").read_bytes() for entry in system.status()["processes"]]
    for secret in (p.read_text() for p in (system.state / "secrets").rglob("*") if p.is_file()):
        assert not any(secret.encode() in line for line in command_lines)
    assert json.loads((system.state / "admin.json").read_text()).keys() == {"email", "password"}
