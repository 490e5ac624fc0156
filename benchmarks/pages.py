"""How soon pages are usable with 10,000 users, 2,000 devices and 20,000 series: first rows after opening a page, and
the result of a search after the last key. The rows are written with SQL: no device sends anything. Chromium runs on the
cores of the servers."""

import asyncio
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from playwright.sync_api import Page, sync_playwright

from benchmarks.report import Result
from tests.conftest import FLAGS, find_chromium
from tests.e2e.conftest import sign_in
from tests.system import System, run_in_thread, running_system

ROUNDS = 5
MOST_FIRST_MS, MOST_SEARCH_MS = 500, 300
_FILL = """
UPDATE users.account_counter SET version = version + 10000;
INSERT INTO users.account (id, email, email_key, name, name_key, role, created_at, updated_at, version)
    SELECT gen_random_uuid(), 'person-' || n || '@example.org', 'person-' || n || '@example.org', 'Person ' || n,
        'person ' || n, 'user', now(), now(), (SELECT version FROM users.account_counter) - n
    FROM generate_series(0, 9999) n;
INSERT INTO auth.account (id, version, email, email_key, name, role, active)
    SELECT id, version, email, email_key, name, role, active FROM users.account WHERE deleted_at IS NULL
    ON CONFLICT DO NOTHING;
INSERT INTO telemetry.device (name, display_name, online, waiting, last_seen)
    SELECT 'press-' || n, 'Press ' || n, true, 0, now() FROM generate_series(1, 2000) n;
INSERT INTO telemetry.series (device_id, name, type, display_name, unit)
    SELECT d.id, 'sensor.' || n, 'float', 'Sensor ' || n || ' of ' || d.display_name, 'bar'
    FROM telemetry.device d, generate_series(1, 10) n WHERE d.name LIKE 'press-%';
ANALYZE;
"""
# Resolves with the time of the page at which an element with the selector and the text is shown.
_SHOWN = """([selector, text]) => new Promise(done => {
  const look = () => [...document.querySelectorAll(selector)].some(one => one.textContent.includes(text))
    ? done(performance.now()) : requestAnimationFrame(look);
  look();
})"""
_LAST_KEY = "() => addEventListener('input', () => { window.lastKey = performance.now(); }, true)"


@dataclass(frozen=True)
class Case:
    """A page: what its first row looks like, how it is searched, and what a result looks like."""

    name: str
    path: str
    row: tuple[str, str]
    search: str
    words: str
    result: tuple[str, str]


CASES = (
    Case("users", "/users", ("tr", "Person"), "user-search", "person-7777", ("tr", "person-7777@")),
    Case("devices", "/devices", ("tr", "Press"), "device-search", "press-1777", ("tr", "Press 1777")),
    Case(
        "explorer", "/explore", ("[data-testid=tree-rows]", "Press"), "tree-search", "1777", ("label, button", "1777")
    ),
)


def measure() -> list[Result]:
    """The median of five rounds for each page."""
    found: list[Result] = []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = find_chromium(playwright)
        with running_system(Path(folder) / "state", {}) as system:
            run_in_thread(_fill(system))
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(base_url=system.url, viewport={"width": 1440, "height": 1000})
            sign_in(page, system)
            for case in CASES:
                rounds = [_round(page, case) for _ in range(ROUNDS + 1)][1:]  # the first one fills caches
                first, search = (round(statistics.median(times)) for times in zip(*rounds, strict=True))
                found += [
                    _result(f"{case.name}: first rows", first, MOST_FIRST_MS),
                    _result(f"{case.name}: search", search, MOST_SEARCH_MS),
                ]
            browser.close()
    return found


def _result(metric: str, value: float, most: float) -> Result:
    return Result(metric, value, "ms", target=f"< {most} ms", met=value < most)


async def _fill(system: System) -> None:
    connection = await asyncpg.connect(system.database_url())
    try:
        await connection.execute(_FILL)
    finally:
        await connection.close()
    await asyncio.sleep(5)  # the services notice the rows


def _round(page: Page, case: Case) -> tuple[float, float]:
    """Milliseconds from the navigation to the first row, and from the last key to the result."""
    page.goto(case.path, wait_until="commit")
    first: float = page.evaluate(_SHOWN, list(case.row))
    page.evaluate(_LAST_KEY)
    field = page.get_by_test_id(case.search)
    field.click()
    page.keyboard.type(case.words)
    shown: float = page.evaluate(_SHOWN, list(case.result))
    return first, shown - float(page.evaluate("() => window.lastKey"))
