"""Fixtures: one whole system for the browser tests, and pages."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.device import DEVICE, EXPLORED, PLAIN, SILENT
from tests.system import System, running_system

# How long a test waits for a state before it fails. Playwright's own 5 s are too short for a busy machine.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of the first collector's journal."""
    return tmp_path_factory.mktemp("journal") / "journal"


class _EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<!doctype html><title>Hall</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Tests need no log of it."""


@pytest.fixture(scope="session")
def embedder() -> Iterator[str]:
    """The origin of another web server, whose pages may show share links in a frame."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _EmptyPage)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, journal: Path, embedder: str) -> Iterator[System]:
    """A running system from `make run` with this machine's metrics and a small simulator."""
    extra = {"PULSE_JOURNAL": str(journal), "PULSE_SIMULATOR_RATE": "40", "PULSE_SIMULATOR_SERIES": "4"}
    extra["PULSE_EMBED_ORIGINS"] = json.dumps([embedder])
    extra["PULSE_DEVICES"] = f"{DEVICE},{PLAIN},{SILENT},{EXPLORED}"
    with running_system(tmp_path_factory.mktemp("system"), extra) as running:
        yield running


class Complaints(list[str]):
    """Problems that the browser's console reported: errors, violations of the security policy, failed pages."""


@pytest.fixture
def context(browser: Browser, system: System) -> Iterator[BrowserContext]:
    """A new browser profile. The accounts have no preferences."""
    system.forget_preferences()
    # A service worker would answer in the place of some requests that tests intercept.
    made = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000}, service_workers="block")
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def page(context: BrowserContext, complaints: Complaints) -> Page:
    """A page whose problems are recorded."""
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    return page


def sign_in(page: Page, system: System) -> None:
    """Signs in with the form."""
    page.goto("/login")
    page.get_by_test_id("login-email").fill(system.admin["email"])
    page.get_by_test_id("login-password").fill(system.admin["password"])
    page.get_by_test_id("login-submit").click()
    page.wait_for_url("**/dashboard")
