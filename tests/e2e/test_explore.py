"""The explorer in a browser, with stored readings of a real system."""

import csv
import io
import re
import time
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from pulse_contracts.telemetry import SeriesDeclaration
from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.device import EXPLORED, SECOND, ToldDevice
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine, unexpected
from tests.system import System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
DAY = 24 * HOUR
HOURS = 31
BATCH = 500
GAP_MINUTES = 20
DIFFERENCE = 3.25
DECLARED = [
    SeriesDeclaration(id=1, name="bearing", display_name="Bearing A-01", type="float", unit="°C", interval=MINUTE),
    SeriesDeclaration(id=2, name="pressure", display_name="Line pressure", type="float", unit="bar", interval=MINUTE),
    SeriesDeclaration(id=3, name="running", display_name="Pump running", type="bool", unit="", interval=MINUTE),
]


class Stored(NamedTuple):
    """The stored readings. `end`: the minute after the last one, in microseconds. `ids`: of the three series."""

    end: int
    ids: list[int]

    def address(self, *, series: int = 3, more: str = "") -> str:
        """The address of six hours of the first `series`, in UTC."""
        ids = ".".join(str(one) for one in self.ids[:series])
        span = f"from={_text(self.end - 6 * HOUR)}&to={_text(self.end)}"
        return f"/explore?s={EXPLORED}:{ids}&{span}&tz=UTC{more}"


def _text(us: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(us // SECOND))


def _values(end: int) -> dict[int, list[tuple[int, object]]]:
    """Readings of every minute, with a gap of 20 minutes. The last 24 hours are warmer."""
    start, gap = end - HOURS * HOUR, end - 3 * HOUR
    times = [t for t in range(start, end, MINUTE) if not gap <= t < gap + GAP_MINUTES * MINUTE]
    wave = [(t // MINUTE) % 10 for t in times]
    warm = [DIFFERENCE if t >= end - DAY else 0.0 for t in times]
    return {
        1: [(t, 70.0 + w + more) for t, w, more in zip(times, wave, warm, strict=True)],
        2: [(t, 4.0 + w / 10) for t, w in zip(times, wave, strict=True)],
        3: [(t, w < 5) for t, w in zip(times, wave, strict=True)],
    }


@pytest.fixture(scope="module")
def stored(system: System) -> Stored:
    token, end = system.token(), time.time_ns() // 1_000 // MINUTE * MINUTE
    values = _values(end)
    path = f"/api/telemetry/series?device={EXPLORED}"
    with ToldDevice(system, EXPLORED, DECLARED) as device:
        wait_until(lambda: len(system.get(path, token)["items"]) == len(DECLARED), seconds=30, what="series are known")
        for series, readings in values.items():
            for at in range(0, len(readings), BATCH):
                device.send(series, readings[at : at + BATCH], "live")
        ids = {one["name"]: one["id"] for one in system.get(path, token)["items"]}
        numbers = [ids[one.name] for one in DECLARED]
        asked = f"/api/telemetry/readings?series={','.join(map(str, numbers))}&from={end - 2 * DAY}&to={end}&points=1"

        def count() -> int:
            return sum(one["n"][0] for one in system.get(asked, token)["items"])

        wait_until(lambda: count() == sum(map(len, values.values())), seconds=60, what="all readings are stored")
    return Stored(end, numbers)


def open_explorer(page: Page, system: System, address: str) -> None:
    sign_in(page, system)
    page.goto(address)
    expect(page.get_by_test_id("drawn-count")).to_be_visible()


def shown(page: Page) -> tuple[int, int]:
    """The shown range in microseconds."""
    span = page.get_by_test_id("span")
    return int(span.get_attribute("data-from") or 0), int(span.get_attribute("data-to") or 0)


def test_series_are_chosen_with_the_keyboard_and_drawn_by_unit(
    page: Page, system: System, stored: Stored, complaints: Complaints
) -> None:
    sign_in(page, system)
    page.get_by_role("link", name="Explorer").click()
    expect(page.get_by_text("Choose what to look at")).to_be_visible()
    page.get_by_test_id(f"branch-{EXPLORED}").wait_for()
    page.keyboard.press("/")
    expect(page.get_by_test_id("tree-search")).to_be_focused()
    page.keyboard.type("explored bear")
    expect(page.get_by_test_id("series-bearing")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_test_id("series-bearing")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_test_id("unit-°C").locator("canvas")).to_be_visible()
    expect(page.get_by_test_id("drawn-count")).to_have_text(re.compile(r"^1 of [\d,]+ drawn$"))
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("line pressure")
    page.get_by_test_id("series-pressure").check()
    expect(page.get_by_test_id("unit-bar").locator("canvas")).to_be_visible()
    expect(page.get_by_test_id("legend-bearing")).to_contain_text("°C")
    assert unexpected(complaints) == []


def test_a_link_shows_the_same_question_and_the_back_button_the_one_before(
    page: Page, system: System, stored: Stored, complaints: Complaints
) -> None:
    open_explorer(page, system, stored.address())
    expect(page.get_by_test_id("legend-bearing").get_by_role("cell").nth(1)).to_have_text("73.25")
    whole = (stored.end - 6 * HOUR, stored.end)
    assert shown(page) == whole
    page.get_by_test_id("compare").select_option("day")
    page.get_by_test_id("step-back").click()
    expect(page.get_by_test_id("span")).to_have_attribute("data-to", str(whole[0]))
    page.get_by_test_id("view").get_by_role("button", name="Table").click()
    expect(page.get_by_test_id("readings-table")).to_be_visible()
    link = page.url
    page.reload()
    expect(page.get_by_test_id("readings-table")).to_be_visible()
    assert page.url == link
    assert shown(page) == (whole[0] - 6 * HOUR, whole[0])
    expect(page.get_by_test_id("compare")).to_have_value("day")
    page.go_back()
    expect(page.get_by_test_id("charts")).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("span")).to_have_attribute("data-to", str(whole[1]))
    page.go_back()
    expect(page.get_by_test_id("compare")).to_have_value("none")
    assert unexpected(complaints) == []


def test_a_comparison_with_the_day_before_shows_the_difference_of_the_means(
    page: Page, system: System, stored: Stored
) -> None:
    open_explorer(page, system, stored.address(more="&compare=day"))
    expect(page.get_by_test_id("legend-bearing").get_by_test_id("difference")).to_have_text(f"+{DIFFERENCE} °C")
    expect(page.get_by_test_id("subtitle")).to_contain_text("compared with the day before")
    expect(page.get_by_test_id("unit-°C")).to_contain_text("some readings arrived late")
    box = page.get_by_test_id("unit-°C").locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2, steps=5)
    tooltip = page.get_by_test_id("unit-°C").get_by_test_id("tooltip")
    expect(tooltip).to_contain_text("Bearing A-01")
    expect(tooltip).to_contain_text("Line pressure")
    expect(tooltip).to_contain_text("day before")
    expect(page.get_by_test_id("tooltip").locator("visible=true")).to_have_count(1)


def test_a_drag_zooms_all_charts_and_a_double_click_goes_back(page: Page, system: System, stored: Stored) -> None:
    open_explorer(page, system, stored.address())
    area = page.get_by_test_id("unit-°C").locator(".u-over")
    area.wait_for()
    box = area.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=8)
    page.mouse.up()
    before = (stored.end - 6 * HOUR, stored.end)
    expect(page.get_by_test_id("span")).not_to_have_attribute("data-to", str(before[1]))
    start, end = shown(page)
    assert abs(start - (before[0] + 1.5 * HOUR)) < 2 * MINUTE
    assert abs(end - (before[0] + 3 * HOUR)) < 2 * MINUTE
    page.mouse.dblclick(box["x"] + box["width"] * 0.7, middle)
    expect(page.get_by_test_id("span")).to_have_attribute("data-to", str(before[1]))
    page.get_by_test_id("brush-from").focus()
    entries, start = page.evaluate("() => history.length"), before[0]
    for _ in range(4):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_test_id("span")).not_to_have_attribute("data-from", str(start))
        start = shown(page)[0]
    assert page.evaluate("() => history.length") == entries + 1, "a held key is one step back"
    page.get_by_test_id("zoom-out").click()
    page.get_by_test_id("range-24h").click()
    expect(page).to_have_url(re.compile("range=24h"))


def saved(page: Page, item: str) -> bytes:
    """The file that an item of the export menu makes."""
    page.get_by_test_id("export").click()
    with page.expect_download() as download:
        page.get_by_test_id(item).click()
    return download.value.path().read_bytes()


def test_exports_have_exactly_the_readings_of_the_range(page: Page, system: System, stored: Stored) -> None:
    open_explorer(page, system, stored.address())
    expect(page.get_by_test_id("legend-bearing")).to_contain_text("73.25")
    own = {t: v for t, v in _values(stored.end)[1] if t >= stored.end - 6 * HOUR}
    page.get_by_test_id("export").click()
    expect(page.get_by_test_id("export-csv")).to_contain_text(f"{3 * len(own):,} rows")
    page.keyboard.press("Escape")
    rows = list(csv.DictReader(io.StringIO(saved(page, "export-csv").decode())))
    assert len(rows) == 3 * len(own)
    assert {int(one["t"]): float(one["value"]) for one in rows if one["name"] == "bearing"} == own
    expect(page.get_by_test_id("export-notice")).to_contain_text(f"{len(rows):,} rows")
    minutes = list(csv.reader(io.StringIO(saved(page, "export-minutes").decode())))
    assert len(minutes) == 1 + 360
    assert {int(one[1]): float(one[2]) for one in minutes[1:] if one[2]} == own
    assert sum(not one[2] for one in minutes[1:]) == GAP_MINUTES
    assert saved(page, "export-parquet")[:4] == b"PAR1"
    assert saved(page, "export-png")[1:4] == b"PNG"


def test_a_person_reads_other_units_while_limits_and_files_keep_those_of_the_device(
    page: Page, system: System, stored: Stored, complaints: Complaints
) -> None:
    enter(page, Office(system).create(FIRST, role="user"))
    page.goto("/profile")
    page.get_by_test_id("preference-units").select_option("imperial")
    page.get_by_test_id("preference-decimal_sign").select_option("comma")
    page.get_by_test_id("preferences-submit").click()
    expect(page.locator("html")).to_have_attribute("data-units", "imperial")
    page.goto(stored.address(more="&limit=warning:above:80:°C"))
    bearing = page.get_by_test_id("legend-bearing").get_by_role("cell")
    expect(bearing.nth(1)).to_have_text("163,85")  # 73.25 °C
    expect(bearing.nth(1)).to_have_attribute("title", "163,85 °F (73,25 °C)")
    expect(bearing.nth(5)).to_have_text("°F")
    expect(page.get_by_test_id("legend-pressure")).to_contain_text("psi")
    # The count of the title is in the person's number format, too.
    expect(page.get_by_test_id("drawn-count")).to_have_text(re.compile(r"^3 of [\d.]+ drawn$"))
    examine(page, "units")
    page.get_by_test_id("unit-°C").locator(".u-over").hover(position={"x": 100, "y": 60})
    expect(page.get_by_test_id("unit-°C").get_by_test_id("tooltip")).to_contain_text("°F")
    page.mouse.move(0, 0)
    page.get_by_test_id("limits-button").click()
    expect(page.get_by_test_id("limits")).to_contain_text("above 80 °C")
    expect(page.get_by_test_id("unit-note")).to_contain_text("Enter values in °C. Your pages show them in °F.")
    page.keyboard.press("Escape")
    page.get_by_test_id("export").click()
    expect(page.get_by_test_id("export-units")).to_be_visible()
    page.keyboard.press("Escape")
    minutes = list(csv.reader(io.StringIO(saved(page, "export-minutes").decode())))
    assert any("73.25" in row for row in minutes)
    assert unexpected(complaints) == []


def test_a_broken_export_saves_no_file_and_says_why(page: Page, system: System, stored: Stored) -> None:
    open_explorer(page, system, stored.address())
    problem = {"title": "Unavailable", "status": 503, "code": "unavailable", "detail": "The database is down."}
    page.route("**/api/telemetry/export*", lambda route: route.fulfill(status=503, json=problem))
    page.get_by_test_id("export").click()
    page.get_by_test_id("export-csv").click()
    expect(page.get_by_test_id("export-notice")).to_contain_text("The export failed")


def test_a_bad_address_is_named_and_its_readable_part_is_shown(page: Page, system: System, stored: Stored) -> None:
    bearing = f"{EXPLORED}:{stored.ids[0]}"
    open_explorer(page, system, f"/explore?s={bearing}.999999,No!:1&range=2y&tz=Mars/Base&view=<b>")
    warning = page.get_by_text("This address could not be read completely")
    expect(warning).to_contain_text("some series, the time range, the time zone, the view")
    expect(page.get_by_text("1 series of this address does not exist")).to_be_visible()
    expect(page.get_by_test_id("legend-bearing")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(warning).to_have_count(0)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("1 series of this address does not exist")).to_have_count(0)


def test_a_range_without_readings_leads_to_the_newest_ones(page: Page, system: System, stored: Stored) -> None:
    bearing = f"{EXPLORED}:{stored.ids[0]}"
    open_explorer(page, system, f"/explore?s={bearing}&from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z&tz=UTC")
    expect(page.get_by_text("No readings in this range")).to_be_visible()
    page.get_by_test_id("show-latest").click()
    expect(page.get_by_test_id("unit-°C").locator("canvas")).to_be_visible()


def test_a_failed_history_is_explained_and_retried(page: Page, system: System, stored: Stored) -> None:
    problem = {"title": "Unavailable", "status": 503, "code": "unavailable", "detail": "The database is down."}
    page.route("**/series/*/readings?*", lambda route: route.fulfill(status=503, json=problem))
    open_explorer(page, system, stored.address(series=1))
    alert = page.get_by_role("alert").filter(has_text="does not answer")
    expect(alert).to_be_visible()
    expect(page.get_by_test_id("add-note")).to_be_visible()  # somebody may be writing one
    page.unroute("**/series/*/readings?*")
    page.get_by_test_id("retry").click()
    expect(page.get_by_test_id("unit-°C").locator("canvas")).to_be_visible()


def test_the_table_has_rows_by_the_calendar_and_every_reading(page: Page, system: System, stored: Stored) -> None:
    open_explorer(page, system, stored.address(more="&view=table"))
    page.get_by_test_id("row-length").select_option("1h")
    expect(page.get_by_test_id("rows-shown")).to_have_text(re.compile("^[67] rows shown$"))
    page.get_by_test_id("row-length").select_option("readings")
    expect(page.get_by_test_id("rows-shown")).to_have_text("200 rows shown")
    page.get_by_test_id("more-rows").click()
    expect(page.get_by_test_id("rows-shown")).to_have_text("340 rows shown")
    expect(page.get_by_test_id("more-rows")).to_have_count(0)


def test_limits_are_typed_in_and_are_part_of_the_link(page: Page, system: System, stored: Stored) -> None:
    open_explorer(page, system, stored.address(series=1))
    page.get_by_test_id("limits-button").click()
    page.get_by_test_id("limit-value").fill("seventy")
    page.get_by_test_id("add-limit").click()
    expect(page.get_by_text("Enter a number, such as 75.5")).to_be_visible()
    page.get_by_test_id("limit-value").fill("75,5")
    page.get_by_test_id("add-limit").click()
    expect(page.get_by_test_id("limits")).to_contain_text("above 75.5 °C")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("limit=warning:above:75.5:%C2%B0C"))
    page.reload()
    expect(page.get_by_test_id("limits-button")).to_have_text("1 limit")


def test_a_note_is_added_and_belongs_to_its_range(page: Page, system: System, stored: Stored) -> None:
    open_explorer(page, system, stored.address(series=1))
    page.get_by_test_id("add-note").click()
    page.get_by_test_id("save-note").click()
    expect(page.get_by_role("alert").filter(has_text="Enter a text")).to_be_visible()
    page.get_by_test_id("note-text").fill("Sensor A-01 calibrated <b>")
    page.get_by_test_id("save-note").click()
    expect(page.get_by_test_id("notes")).to_contain_text("Sensor A-01 calibrated <b>")
    page.get_by_test_id("step-back").click()
    expect(page.get_by_test_id("notes")).not_to_contain_text("calibrated")


def test_the_page_is_readable_for_everybody(page: Page, system: System, stored: Stored, complaints: Complaints) -> None:
    limits = "&limit=warning:above:80:°C&limit=critical:above:82:°C"
    open_explorer(page, system, stored.address(more=f"&compare=day{limits}"))
    expect(page.get_by_test_id("legend-bearing").get_by_test_id("difference")).to_have_text(f"+{DIFFERENCE} °C")
    expect(page.get_by_test_id("overview").locator("svg")).to_be_visible()
    examine(page, "explore")
    page.get_by_test_id("view").get_by_role("button", name="Table").click()
    expect(page.get_by_test_id("rows-shown")).to_be_visible()
    examine(page, "explore-table")
    page.goto("/explore")
    expect(page.get_by_text("Choose what to look at")).to_be_visible()
    examine(page, "explore-empty")
    assert unexpected(complaints) == []


def test_on_a_phone_the_tree_is_a_sheet(page: Page, system: System, stored: Stored) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, system)
    page.goto("/explore")
    page.get_by_test_id("open-tree").click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_test_id("tree-search").fill("bearing a-01")
    sheet.get_by_test_id("series-bearing").check()
    sheet.get_by_role("button", name="Close").click()
    expect(page.get_by_test_id("unit-°C").locator("canvas")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
