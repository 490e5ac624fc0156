"""The dashboard with readings of plain devices, and its texts at every width."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.e2e.conftest import sign_in
from tests.e2e.device import PLAIN, SECOND, SILENT, PlainDevice
from tests.system import System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
PICTURES = os.environ.get("PULSE_PICTURES")
DAY = 86_400 * SECOND
MINUTE = 60 * SECOND
WIDTHS = (390, 1024, 1280, 1920)
_HOLDS = "([name, n]) => window.__pulse?.series(window.__pulse.seriesIds()[name])?.t.length >= n"
_KNOWN = re.compile("current|stale")
_CUT = """() => [...document.querySelectorAll("body *")].filter(one => {
  const style = getComputedStyle(one);
  if (!one.checkVisibility() || one.closest(".sr-only")) return false;
  if (![...one.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.textContent.trim())) return false;
  const isCut = style.display !== "inline" && one.scrollWidth > one.clientWidth && one.clientWidth > 1;
  return isCut || one.getBoundingClientRect().right > innerWidth + 0.5;
}).map(one => one.textContent.trim())"""
_COLORED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let colored = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 200 && Math.max(...data.slice(at, at + 3)) - Math.min(...data.slice(at, at + 3)) > 60) colored++;
  return colored;
}"""


def now() -> int:
    return time.time_ns() // 1_000 // SECOND * SECOND


@pytest.fixture(scope="module")
def start(system: System) -> int:
    """The time when the two plain devices had sent their readings."""
    token, at = system.token(), now()
    with PlainDevice(system, SILENT) as silent:
        for place in range(30, -1, -1):
            silent.send(at - 16 * MINUTE - place * 10 * SECOND, {"level": 3.25 + place / 100})
        silent.send(at - 16 * MINUTE, {"lone": 7.5})
    with PlainDevice(system, PLAIN) as plain:
        for place in range(20):
            plain.send(at - 29 * DAY + place * MINUTE, {"pressure": 1013.25})
        for place in range(19, -1, -1):
            plain.send(at - DAY - place * MINUTE, {"pressure": 993.25})
        for place in range(20, 0, -1):
            small = {"tiny": 0.00035, "nano": 1.2e-9, "air": 1013.25, "outdoor_temperature_at_the_north_wall": 12.5}
            plain.send(at - place * SECOND, small | {"huge": 1.797e308})

    def count(device: str) -> int:
        series = system.get(f"/api/telemetry/series?device={device}", token)["items"]
        return sum(one["latest"] is not None for one in series)

    wait_until(lambda: (count(SILENT), count(PLAIN)) == (2, 6), seconds=20, what="all is stored")
    return at


def open_device(page: Page, device: str, reach: str, name: str, least: int) -> None:
    page.goto(f"/dashboard?device={device}&range={reach}")
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
    page.wait_for_function(_HOLDS, arg=[name, least])


def row(page: Page, name: str) -> Locator:
    return page.get_by_test_id(f"row-{name}")


def test_a_plain_device_is_stale_after_16_min_and_unknown_states_are_not_green(
    page: Page, system: System, start: int
) -> None:
    sign_in(page, system)
    open_device(page, SILENT, "5m", "level", 0)
    expect(row(page, "level")).to_contain_text(re.compile(r"Stale 1[67] min"))
    expect(row(page, "lone")).to_contain_text(re.compile(r"1[67] min ago"))
    summary = page.get_by_test_id("summary")
    expect(summary).to_contain_text("0 of 2 series reporting · 1 with too few readings")
    expect(page.get_by_test_id("series-table").get_by_text("Current")).to_have_count(0)


def test_28_days_without_readings_have_no_line_and_do_not_count_in_the_mean(
    page: Page, system: System, start: int
) -> None:
    sign_in(page, system)
    open_device(page, PLAIN, "30d", "pressure", 40)
    gaps = page.evaluate("() => window.__pulse.gaps(window.__pulse.seriesIds().pressure)")
    assert len(gaps) == 1
    assert gaps[0]["to"] - gaps[0]["from"] > 27 * DAY
    chart = page.get_by_test_id("chart-pressure")
    expect(chart.get_by_test_id("key-gap")).to_be_visible()
    expect(chart.get_by_role("cell").nth(1)).to_have_text("1,003.25")


def test_the_tooltip_shows_the_time_of_the_reading(page: Page, system: System, start: int) -> None:
    sign_in(page, system)
    open_device(page, PLAIN, "30d", "pressure", 40)
    chart = page.get_by_test_id("chart-pressure")
    chart.scroll_into_view_if_needed()
    box = chart.locator(".u-over").bounding_box()
    assert box is not None
    at = start - 29 * DAY - 10 * 3_600 * SECOND  # ten hours before the first one
    edge = page.evaluate("() => Date.now() * 1000")
    page.mouse.move(box["x"] + box["width"] * (1 - (edge - at) / (30 * DAY)), box["y"] + box["height"] / 2, steps=5)
    say = """us => { const date = new Date(us / 1000); const day = { day: "numeric", month: "short" };
      return date.toLocaleDateString("en-GB", day) + ", " + date.toLocaleTimeString("en-GB") }"""
    expect(chart).to_contain_text(page.evaluate(say, start - 29 * DAY))


def test_numbers_are_rounded_and_the_title_has_all_digits(page: Page, system: System, start: int) -> None:
    sign_in(page, system)
    open_device(page, PLAIN, "15m", "tiny", 20)
    for name, text, full in (
        ("tiny", "0.00035", "0.00035"),
        ("nano", "1.2e-9", "1.2e-9"),
        ("air", "1,013.25", "1,013.25"),
        ("huge", "1.797e308", "1.797e308"),
    ):
        expect(row(page, name).get_by_role("cell").nth(1)).to_have_text(text)
        expect(row(page, name).get_by_role("cell").nth(1)).to_have_attribute("title", full)
    canvas = page.get_by_test_id("chart-huge").locator("canvas")
    canvas.scroll_into_view_if_needed()
    wait_until(lambda: canvas.evaluate(_COLORED) > 5, seconds=30, what="a line of the largest numbers")
    expect(page.get_by_text("Infinity")).to_have_count(0)


def test_an_unknown_device_is_named_with_a_list_of_the_known_ones(page: Page, system: System, start: int) -> None:
    sign_in(page, system)
    page.goto("/dashboard?device=nope")
    expect(page.get_by_role("alert").filter(has_text="There is no device nope")).to_be_visible()
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]] == []
    page.get_by_test_id(f"device-{PLAIN}").click()
    page.wait_for_url(f"**device={PLAIN}**")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_device_is_found_by_its_name_with_the_keyboard(page: Page, system: System, start: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, system)
    if width < 1024:
        page.get_by_label("Open navigation").click()
    page.get_by_test_id("device-picker").last.focus()  # the list in the drawer, where there is a drawer
    page.keyboard.press("Enter")
    search = page.get_by_test_id("device-search")
    expect(search).to_be_focused()
    page.keyboard.type("zz silent")
    expect(page.get_by_role("option")).to_have_count(1)
    picture(page, f"picker-{width}")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]] == []
    page.keyboard.press("Enter")
    page.wait_for_url(f"**device={SILENT}**")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_readings_of_a_suspect_clock_are_marked(page: Page, system: System, start: int) -> None:
    def doubt(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"clock_suspect": True})

    page.route("**/readings?*", doubt)
    sign_in(page, system)
    open_device(page, PLAIN, "15m", "air", 20)
    chart = page.get_by_test_id("chart-air")
    expect(chart.get_by_test_id("key-suspect")).to_be_visible()
    box = chart.locator(".u-over").bounding_box()
    assert box is not None
    age = (time.time_ns() // 1_000 - start) / SECOND + 10
    page.mouse.move(box["x"] + box["width"] * (1 - age / 900), box["y"] + box["height"] / 2, steps=5)
    expect(chart).to_contain_text("The clock of the device was wrong, so this time may be wrong")
    picture(page, "clock-was-off")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_text_is_truncated_at_any_width(
    context: BrowserContext, page: Page, system: System, start: int, theme: str
) -> None:
    context.add_cookies([{"name": "pulse_theme", "value": theme, "url": system.url}])
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1_000})
        page.goto("/login")
        expect(page.get_by_test_id("login-submit")).to_be_visible()
        assert page.evaluate(_CUT) == [], width
    sign_in(page, system)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1_000})
        for device, name in (("", "cpu.total"), (PLAIN, "tiny"), (SILENT, "level")):
            page.goto(f"/dashboard?range=15m&device={device}" if device else "/dashboard?range=15m")
            expect(page.get_by_test_id(f"tile-{name}")).to_have_attribute("data-freshness", _KNOWN)
            if page.get_by_test_id("all-tiles").is_visible():
                page.get_by_test_id("all-tiles").click()
            assert page.evaluate(_CUT) == [], (width, device)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= width
            picture(page, f"{device or 'collector'}-{width}-{theme}")
    titles = page.locator("h2").all_inner_texts()
    assert len(set(titles)) == len(titles)


def test_a_phone_shows_the_mean_and_does_not_zoom_into_fields(page: Page, system: System, start: int) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/login")
    size = "one => parseFloat(getComputedStyle(one).fontSize)"
    for field in ("login-email", "login-password"):
        assert page.get_by_test_id(field).evaluate(size) >= 16
    sign_in(page, system)
    open_device(page, PLAIN, "15m", "air", 20)
    expect(page.get_by_test_id("chart-air").get_by_role("columnheader", name="Mean")).to_be_visible()
    page.goto("/dashboard?device=nope")
    assert page.get_by_test_id("device-search").evaluate(size) >= 16


@pytest.fixture
def forced(browser: Browser, system: System) -> Iterator[Page]:
    """A page in a contrast theme of the operating system."""
    context = browser.new_context(base_url=system.url, forced_colors="active", viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_lines_and_their_marks_stay_visible_in_forced_colors(forced: Page, system: System) -> None:
    sign_in(forced, system)
    chart = forced.get_by_test_id("chart-cpu")
    mark = chart.get_by_role("rowheader").locator("span").first
    expect(mark).to_be_visible()
    background = "one => getComputedStyle(one).backgroundColor"
    assert mark.evaluate(background) not in {"rgb(255, 255, 255)", "rgb(0, 0, 0)", "rgba(0, 0, 0, 0)"}
    wait_until(lambda: chart.locator("canvas").evaluate(_COLORED) > 20, seconds=30, what="a coloured line")
    picture(forced, "forced-colors")


def test_an_ended_session_is_not_reported_as_an_unavailable_service(page: Page, system: System) -> None:
    problem = {"title": "Unauthorized", "status": 401, "code": "not_signed_in", "detail": "The access token expired."}
    page.route("**/api/telemetry/devices*", lambda route: route.fulfill(status=401, json=problem))
    sign_in(page, system)
    expect(page.get_by_role("alert").filter(has_text="Your session has ended")).to_be_visible()
    expect(page.get_by_text("does not answer")).to_have_count(0)


def picture(page: Page, name: str) -> None:
    """Saves a screenshot when PULSE_PICTURES names a folder."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
