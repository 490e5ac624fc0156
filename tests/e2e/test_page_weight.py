"""How much JavaScript the browser loads before a page works."""

import gzip

import pytest
from playwright.sync_api import Page, Response, expect

from tests.e2e.conftest import sign_in
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
KB = 1_000
LOGIN_MOST, DASHBOARD_MOST = 200 * KB, 300 * KB


class Scripts:
    """The scripts of a page, by address."""

    def __init__(self, page: Page) -> None:
        self._found: list[Response] = []
        page.on("response", lambda one: self._found.append(one) if one.request.resource_type == "script" else None)

    def weight(self) -> int:
        """Bytes after gzip, without repeats."""
        bodies = {one.url: one.body() for one in self._found if one.ok}
        return sum(len(gzip.compress(body)) for body in bodies.values())


def test_the_first_load_is_small(page: Page, system: System) -> None:
    scripts = Scripts(page)
    page.goto("/login")
    expect(page.get_by_test_id("login-submit")).to_be_enabled()
    login = scripts.weight()
    sign_in(page, system)
    # A browser that opens the dashboard itself, with an empty cache.
    scripts = Scripts(page)
    page.goto("/dashboard")
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
    dashboard = scripts.weight()
    assert 0 < login <= LOGIN_MOST, login
    assert login <= dashboard <= DASHBOARD_MOST, dashboard
