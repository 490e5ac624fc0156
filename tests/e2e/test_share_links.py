"""Share links: a dashboard for people without an account, in a browser on a real system."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.boards import BOARDS, CHART, UNSET, create, panel, series_of, stored, text_panel
from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.test_accounts import examine, unexpected
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
_GROWS = "([name, n]) => window.__pulse?.series(window.__pulse.seriesIds()[name])?.t.length > n"
_FRAME = """address => {
    const frame = document.createElement("iframe");
    Object.assign(frame, { src: address, width: 900, height: 700 });
    document.body.append(frame);
}"""


@pytest.fixture
def stranger(browser: Browser, system: System, complaints: Complaints) -> Iterator[Page]:
    """A page in a browser profile without a session."""
    context = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    yield page
    context.close()


def board_of(system: System, name: str) -> str:
    """A shared dashboard with a chart and a number of the first collector."""
    cpu = series_of(system)["cpu.total"]["id"]
    panels = [
        panel("chart", 0, series=[cpu], **CHART),
        panel("number", 1, series=cpu, show_sparkline=True, **UNSET),
        text_panel(2, "For the hall"),
    ]
    return create(system, name, panels, shared=True)


def link(system: System, board: str, *, embeddable: bool = False) -> str:
    headers = {"authorization": f"Bearer {system.token()}"}
    body = {"name": "Screen", "expires_in_days": 1, "embeddable": embeddable}
    answer = httpx.post(f"{system.url}{BOARDS}/{board}/links", json=body, headers=headers, timeout=20)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def test_an_administrator_makes_a_link_that_shows_the_dashboard_until_it_is_revoked(
    page: Page, stranger: Page, system: System, complaints: Complaints
) -> None:
    board = board_of(system, "Hall screen")
    sign_in(page, system)
    page.goto(f"/dashboard/{board}")
    page.get_by_test_id("board-menu").click()
    page.get_by_test_id("share-links").click()
    page.get_by_test_id("link-create").click()
    expect(page.get_by_text("Enter what the link is for.")).to_be_visible()
    page.get_by_test_id("link-name").fill("Screen <b>B</b>")
    page.get_by_test_id("link-days").fill("366")
    page.get_by_test_id("link-create").click()
    expect(page.get_by_text("Enter a whole number from 1 to 365")).to_be_visible()
    page.get_by_test_id("link-days").fill("7")
    examine(page, "share-links-form")
    page.get_by_test_id("link-create").click()
    address = page.get_by_test_id("link-address").inner_text()
    assert address.startswith(f"{system.url}/shared#"), address
    token = address.partition("#")[2]
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("link-address")).to_be_visible()
    page.get_by_test_id("link-kept").click()
    expect(page.get_by_test_id("links")).to_contain_text("Never used")

    asked: list[str] = []
    stranger.on("request", lambda request: asked.append(request.url + str(request.headers.get("referer"))))
    stranger.goto(address)
    expect(stranger.get_by_test_id("board-title")).to_have_text("Hall screen")
    stranger.wait_for_function(_GROWS, arg=["cpu.total", 2])
    held = stranger.evaluate("() => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.length")
    stranger.wait_for_function(_GROWS, arg=["cpu.total", held])
    expect(stranger.get_by_test_id("tile-cpu.total")).to_have_attribute("data-freshness", "current")
    assert [url for url in asked if token in url] == []
    assert [url for url in asked if "/api/auth" in url or "/socket.io" in url] == [], "no session"
    expect(stranger.get_by_role("navigation")).to_have_count(0)
    assert stranger.context.cookies() == []
    examine(stranger, "shared")
    stranger.get_by_test_id("range-15m").click()
    stranger.reload()
    expect(stranger.get_by_test_id("range-15m")).to_have_attribute("aria-pressed", "true")
    expect(stranger.get_by_test_id("board-title")).to_have_text("Hall screen")

    page.reload()
    page.get_by_test_id("board-menu").click()
    page.get_by_test_id("share-links").click()
    expect(page.get_by_test_id("links")).to_contain_text("Last used")
    examine(page, "share-links")
    page.get_by_test_id("revoke-link").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("links").locator("[data-state='revoked']")).to_have_count(1)
    expect(stranger.get_by_test_id("link-ended")).to_be_visible()
    examine(stranger, "shared-ended")
    assert unexpected(complaints) == []


def test_a_link_shows_a_changed_dashboard_without_a_reload_and_no_secret_part_is_explained(
    stranger: Page, system: System, complaints: Complaints
) -> None:
    board = board_of(system, "Follows")
    stranger.goto(f"/shared#{link(system, board)}")
    expect(stranger.get_by_test_id("board-title")).to_have_text("Follows")
    found = stored(system, board)
    body = {"name": "Followed", "shared": True, "panels": found["panels"][:1]}
    headers = {"authorization": f"Bearer {system.token()}", "if-match": f'"{found["version"]}"'}
    httpx.put(f"{system.url}{BOARDS}/{board}", json=body, headers=headers, timeout=20).raise_for_status()
    expect(stranger.get_by_test_id("board-title")).to_have_text("Followed", timeout=60_000)
    for address in ("/shared", "/shared#short"):
        stranger.goto("about:blank")
        stranger.goto(address)
        expect(stranger.get_by_test_id("link-incomplete")).to_be_visible()
    assert complaints == []


def test_only_an_embeddable_link_is_shown_in_a_frame_and_only_by_an_allowed_origin(
    stranger: Page, system: System, complaints: Complaints, embedder: str
) -> None:
    board = board_of(system, "Framed")
    framed, plain = link(system, board, embeddable=True), link(system, board)

    def show(origin: str, path: str, token: str) -> None:
        stranger.goto(f"{origin}/")
        stranger.evaluate(_FRAME, f"{system.url}{path}#{token}")

    inside = stranger.frame_locator("iframe")
    show(embedder, "/embed", framed)
    expect(inside.get_by_test_id("board-title")).to_have_text("Framed")
    expect(inside.get_by_test_id("tile-cpu.total")).to_have_attribute("data-freshness", "current")
    show(embedder, "/embed", plain)
    expect(inside.get_by_test_id("link-unframed")).to_be_visible()
    assert complaints == []
    for origin, path in ((embedder, "/shared"), (embedder.replace("127.0.0.1", "localhost"), "/embed")):
        complaints.clear()
        with stranger.expect_console_message(lambda message: "frame-ancestors" in message.text):
            show(origin, path, framed)
        expect(inside.get_by_test_id("board-title")).to_have_count(0)
