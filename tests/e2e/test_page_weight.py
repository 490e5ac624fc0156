"""How much JavaScript a page names for its first load."""

import gzip
import re

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import sign_in
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
KB = 1_000
LOGIN_MOST, DASHBOARD_MOST, EXPLORE_MOST = 200 * KB, 300 * KB, 300 * KB
_CHUNK = re.compile(r"static/chunks/[\w\-.~]+\.js")
_OLD_BROWSERS_ONLY = re.compile(r"<script[^>]*\bnoModule\b[^>]*>", re.IGNORECASE)


def weight(page: Page, path: str) -> int:
    """Bytes after gzip of the scripts that the page names. A count in the browser would include what it prefetches."""
    html = page.request.get(path).text()
    skipped = {chunk for tag in _OLD_BROWSERS_ONLY.findall(html) for chunk in _CHUNK.findall(tag)}
    chunks = set(_CHUNK.findall(html)) - skipped
    return sum(len(gzip.compress(page.request.get(f"/_next/{chunk}").body())) for chunk in chunks)


def test_the_first_load_is_small(page: Page, system: System) -> None:
    login = weight(page, "/login")
    sign_in(page, system)
    dashboard = weight(page, "/dashboard")
    assert 100 * KB < login <= LOGIN_MOST, login
    assert login < dashboard <= DASHBOARD_MOST, dashboard
    explore = weight(page, "/explore")
    assert login < explore <= EXPLORE_MOST, explore
