"""The dashboards of users, in a browser on a real system."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.boards import CHART, LOG, UNSET, at, create, panel, series_of, stored, text_panel
from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.people import Office
from tests.e2e.test_accounts import enter, examine, unexpected
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
_GROWS = "([name, n]) => window.__pulse?.series(window.__pulse.seriesIds()[name])?.t.length > n"
_COUNT_CLICKS = "() => { window.clicks = 0; addEventListener('click', e => e.isTrusted && window.clicks++, true); }"


@pytest.fixture
def office(system: System) -> Office:
    return Office(system)


@pytest.fixture
def elsewhere(browser: Browser, system: System) -> Iterator[Page]:
    """A page in another browser profile."""
    context = browser.new_context(base_url=system.url, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def open_switcher(page: Page) -> None:
    page.get_by_test_id("board-switcher").click()
    expect(page.get_by_test_id("open-overview")).to_be_visible()


def edited(page: Page, number: int) -> Locator:
    """The panel while it is edited."""
    return page.get_by_test_id(f"edit-p{number}")


def place_of(item: Locator) -> tuple[int, ...]:
    return tuple(int(part) for part in (item.get_attribute("data-place") or "").split(","))


def save(page: Page) -> None:
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("edit-board")).to_be_visible()


def test_a_person_builds_a_first_panel_with_at_most_six_clicks(
    page: Page, system: System, complaints: Complaints
) -> None:
    sign_in(page, system)
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()
    page.evaluate(_COUNT_CLICKS)
    open_switcher(page)
    page.get_by_test_id("new-board").click()
    page.get_by_test_id("add-chart").click()
    expect(page.get_by_test_id("series-search")).to_be_focused()
    page.keyboard.type("cpu total")
    page.locator("[data-testid$='-cpu.total']").first.click()
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("edit-board")).to_be_visible()
    assert page.evaluate("() => window.clicks") <= 6
    address = page.url
    assert re.search(r"/dashboard/[0-9a-f-]{36}$", address), address

    # Readings arrive, also after a reload, and the choice is remembered.
    for _ in range(2):
        expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
        page.wait_for_function(_GROWS, arg=["cpu.total", 2])
        held = page.evaluate("() => window.__pulse.series(window.__pulse.seriesIds()['cpu.total']).t.length")
        page.wait_for_function(_GROWS, arg=["cpu.total", held])
        page.goto("/dashboard")
        page.wait_for_url(address)
    examine(page, "dashboard-first")
    open_switcher(page)
    page.get_by_test_id("open-overview").click()
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()
    assert complaints == []


def test_a_person_builds_and_arranges_panels_by_keyboard_alone(
    page: Page, system: System, complaints: Complaints
) -> None:
    sign_in(page, system)
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()
    page.get_by_test_id("board-switcher").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("open-overview")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_test_id("copy-overview")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_test_id("new-board")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_test_id("board-name").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("By keyboard")
    for kind, search in (("number", "cpu.total"), ("gauge", "memory.percent")):
        page.get_by_test_id(f"add-{kind}").press("Enter")
        expect(page.get_by_test_id("series-search")).to_be_focused()
        page.keyboard.type(search)
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("chosen-series")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("panel-sheet")).to_have_count(0)
    number, gauge = (page.locator("[data-place]").nth(place) for place in (0, 1))
    expect(gauge).to_be_focused()
    assert (place_of(number), place_of(gauge)) == ((0, 0, 4, 2), (4, 0, 4, 4))
    page.keyboard.press("ArrowRight")
    expect(gauge).to_have_attribute("data-place", "5,0,4,4")
    expect(page.get_by_test_id("spoken")).to_contain_text("column 6, row 1, 4 by 4")
    page.keyboard.press("Shift+ArrowDown")
    expect(gauge).to_have_attribute("data-place", "5,0,4,5")
    for _ in range(2):
        page.keyboard.press("Control+z")
    expect(gauge).to_have_attribute("data-place", "4,0,4,4")
    page.keyboard.press("Control+Shift+z")
    expect(gauge).to_have_attribute("data-place", "5,0,4,4")
    page.get_by_test_id("save").press("Enter")
    expect(page.get_by_test_id("board-title")).to_have_text("By keyboard")
    expect(page.get_by_test_id("tile-cpu.total")).to_have_attribute("data-freshness", "current")
    expect(page.get_by_test_id("gauge-memory.percent")).to_have_attribute("data-freshness", "current")
    assert complaints == []


def test_panels_are_dragged_resized_and_dropped_with_the_mouse(
    page: Page, system: System, complaints: Complaints
) -> None:
    board = create(system, "Mouse", [text_panel(0, "left"), text_panel(1, "right")])
    sign_in(page, system)
    page.goto(f"/dashboard/{board}?edit=1")
    expect(edited(page, 0)).to_have_attribute("data-place", "0,0,6,6")
    corner = page.locator(".react-grid-item", has=edited(page, 1)).locator(".react-resizable-handle-se")
    for handle, by, place in (
        (page.get_by_test_id("drag-p1"), (-700, 0), "0,0,6,6"),
        (corner, (-200, -60), "0,0,[2-5],[2-5]"),
    ):
        handle.hover()  # waits until the panel has stopped to move
        box = handle.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.down()
        page.mouse.move(x + by[0] / 2, y + by[1] / 2, steps=5)
        page.mouse.move(x + by[0], y + by[1], steps=5)
        page.mouse.up()
        expect(edited(page, 1)).to_have_attribute("data-place", re.compile(f"^{place}$"))
    width = place_of(edited(page, 1))[2]
    page.get_by_test_id("open-drawer").click()
    page.get_by_test_id("add-table").drag_to(page.get_by_test_id("edit-grid"), target_position={"x": 900, "y": 30})
    expect(page.locator("[data-place]")).to_have_count(3)
    save(page)
    saved = {one["id"]: one for one in stored(system, board)["panels"]}
    assert (saved["p1"]["x"], saved["p1"]["y"], saved["p1"]["w"]) == (0, 0, width)
    assert complaints == []


def test_two_administrators_never_overwrite_each_other_unseen(
    page: Page, elsewhere: Page, system: System, complaints: Complaints
) -> None:
    board = create(system, "Plant", [text_panel(0, "a"), text_panel(1, "b"), text_panel(2, "c")], shared=True)
    for one in (page, elsewhere):
        sign_in(one, system)
        one.goto(f"/dashboard/{board}?edit=1")
        expect(edited(one, 0)).to_be_visible()

    def retitle(one: Page, number: int, title: str) -> None:
        one.get_by_test_id(f"drag-p{number}").click()
        one.get_by_test_id("panel-title").fill(title)
        one.get_by_test_id("panel-done").click()

    retitle(elsewhere, 0, "Theirs only")
    retitle(elsewhere, 1, "Theirs too")
    save(elsewhere)
    retitle(page, 1, "Mine too")
    retitle(page, 2, "Mine only")
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("differences")).to_be_visible()
    assert stored(system, board)["version"] == 2, "nothing is saved before the person has chosen"
    for number, side in ((0, "Theirs"), (1, "Mine"), (2, "Mine")):
        chosen = page.get_by_test_id(f"side-p{number}").get_by_role("button", name=side, exact=True)
        expect(chosen).to_have_attribute("aria-pressed", "true")
    examine(page, "dashboard-differences")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("newer-version")).to_contain_text("saved version 2")
    page.get_by_test_id("show-differences").click()
    page.get_by_test_id("side-p1").get_by_role("button", name="Theirs", exact=True).click()
    page.get_by_test_id("take-and-save").click()
    expect(page.get_by_test_id("edit-board")).to_be_visible()
    titles = {one["id"]: one["title"] for one in stored(system, board)["panels"]}
    assert titles == {"p0": "Theirs only", "p1": "Theirs too", "p2": "Mine only"}
    assert unexpected(complaints) == []


def test_changes_survive_a_reload_and_are_discarded_on_request(page: Page, system: System) -> None:
    board = create(system, "Draft", [text_panel(0, "before")])
    sign_in(page, system)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"/dashboard/{board}?edit=1")
    page.get_by_test_id("drag-p0").click()
    note = "line one\n\u05e9\u05dc\u05d5\u05dd 🦉 <b>bold</b> https://example.org/a."
    page.get_by_test_id("panel-text").fill(note)
    page.reload()
    expect(page.get_by_test_id("restored")).to_be_visible()
    expect(edited(page, 0)).to_contain_text("line one")
    page.get_by_role("link", name="Devices").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("Leave without saving?")
    page.get_by_role("button", name="Cancel").click()
    save(page)
    assert stored(system, board)["panels"][0]["text"] == note
    shown = page.get_by_test_id("panel-p0")
    expect(shown.get_by_role("link")).to_have_attribute("href", "https://example.org/a")
    expect(shown.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer")
    assert shown.locator("b").count() == 0, "text is never HTML"
    page.get_by_test_id("edit-board").click()
    page.get_by_test_id("board-name").fill("Other")
    page.get_by_test_id("discard").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("board-title")).to_have_text("Draft")


def test_a_user_sees_a_shared_dashboard_and_cannot_change_it(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    shared = create(system, "For everybody", [text_panel(0, "read me")], shared=True)
    private = create(system, "Only mine", [text_panel(0, "secret")])
    password = "a long enough password 7"
    enter(page, office.create(password))
    page.goto(f"/dashboard/{shared}?edit=1")
    expect(page.get_by_test_id("may-not-edit")).to_be_visible()
    expect(page.get_by_test_id("panel-p0")).to_contain_text("read me")
    expect(page.get_by_test_id("edit-board")).to_have_count(0)
    page.get_by_test_id("board-menu").click()
    expect(page.get_by_test_id("copy-board")).to_be_visible()
    expect(page.get_by_test_id("delete-board")).to_have_count(0)
    page.get_by_test_id("copy-board").click()
    expect(page.get_by_test_id("board-name")).to_have_value("Copy of For everybody")
    save(page)
    page.goto(f"/dashboard/{private}")
    expect(page.get_by_text("This dashboard does not exist")).to_be_visible()
    page.get_by_test_id("to-overview").click()
    expect(page.get_by_test_id("board-switcher")).to_be_visible()
    assert unexpected(complaints) == []


def test_every_kind_of_panel_shows_live_readings(page: Page, system: System, complaints: Complaints) -> None:
    series = series_of(system)
    cpu, memory = series["cpu.total"]["id"], series["memory.percent"]["id"]
    limits = [
        {"severity": "warning", "direction": "above", "value": 75},
        {"severity": "critical", "direction": "above", "value": 90},
    ]
    reached = [{"severity": "warning", "direction": "above", "value": 0}]
    note = (
        "Line 4, week 48\n\nThe press runs warm since Tuesday. Above 90 % call 4417.\nManual: https://example.org/press"
    )
    panels = [
        at(panel("number", 0, **UNSET, series=cpu, show_sparkline=True), "Load of the press", 0, 0, 4, 2),
        at(
            panel("number", 1, **UNSET | {"limits": reached, "decimals": 3}, series=memory, show_sparkline=True),
            "", 4, 0, 4, 2,
        ),
        at(panel("switch", 2, series=[cpu, memory], labels={"on": "Busy", "off": "Idle"}), "Running now", 8, 0, 4, 4),
        at(panel("chart", 3, **CHART | {"limits": limits}, series=[cpu, memory]), "Load", 0, 2, 8, 8),
        at(panel("gauge", 4, **UNSET | {"limits": limits}, series=memory, min=0, max=100), "Memory", 8, 4, 4, 5),
        at(text_panel(5, note), "Shift note", 8, 9, 4, 4),
        at(panel("table", 6, series=[cpu, memory], decimals=1), "Values", 0, 10, 8, 3),
    ]  # fmt: skip
    board = create(system, "Plant overview", panels, shared=True)
    sign_in(page, system)
    page.goto(f"/dashboard/{board}")
    page.wait_for_function(_GROWS, arg=["cpu.total", 3])
    number = page.get_by_test_id("panel-p1").get_by_test_id("tile-memory.percent")
    expect(number).to_have_attribute("data-severity", "warning")
    expect(number).to_contain_text(re.compile(r"\d\.\d{3}"))
    expect(page.get_by_test_id("gauge-memory.percent")).to_have_attribute("data-value", re.compile(r"\d"))
    expect(page.get_by_test_id("switch-cpu.total")).to_contain_text("Busy")
    expect(page.get_by_test_id("panel-p6").get_by_test_id("row-cpu.total")).to_be_visible()
    expect(page.get_by_test_id("panel-p5").get_by_role("link")).to_be_visible()
    examine(page, "dashboard-own")
    page.get_by_test_id("edit-board").click()
    page.get_by_test_id("drag-p3").click()
    expect(page.get_by_test_id("panel-sheet")).to_be_visible()
    expect(page.get_by_test_id("chosen-series").get_by_role("listitem")).to_have_count(2)
    examine(page, "dashboard-edit")
    page.get_by_test_id("panel-done").click()
    page.get_by_test_id("open-drawer").click()
    examine(page, "dashboard-drawer")
    assert complaints == []


def test_panels_say_why_they_show_nothing_and_a_kiosk_has_no_navigation(
    page: Page, system: System, complaints: Complaints
) -> None:
    cpu, gone = series_of(system)["cpu.total"]["id"], 2_000_000_000
    panels = [
        panel("chart", 0, **CHART | {"axis": LOG}, series=[cpu, gone]),
        panel("number", 1, **UNSET, series=gone, show_sparkline=False),
        panel("gauge", 2, **UNSET, series=None, min=0, max=1),
    ]
    board = create(system, "States", panels)
    sign_in(page, system)
    page.goto(f"/dashboard/{board}?range=15m")
    page.wait_for_function(_GROWS, arg=["cpu.total", 3])
    expect(page.get_by_test_id("missing-series")).to_have_text("1 series of this panel was deleted")
    expect(page.get_by_test_id("panel-p1")).to_contain_text("deleted")
    expect(page.get_by_test_id("panel-p2").get_by_role("button", name="Choose series")).to_be_visible()
    page.get_by_test_id("full-screen").click()
    expect(page.get_by_test_id("kiosk")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    assert {"kiosk=1", "range=15m"} <= set(page.url.partition("?")[2].split("&"))
    page.get_by_test_id("leave-kiosk").click()
    expect(page.get_by_role("navigation").first).to_be_visible()
    page.goto(f"/dashboard/{board}?kiosk=1")
    expect(page.get_by_test_id("panel-p1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation").first).to_be_visible()
    assert complaints == []


def test_wrong_input_is_refused_clearly_and_nothing_is_lost(page: Page, system: System) -> None:
    cpu = series_of(system)["cpu.total"]["id"]
    board = create(system, "Input", [panel("gauge", 0, **UNSET, series=cpu, min=0, max=100)])
    sign_in(page, system)
    page.goto(f"/dashboard/{board}?edit=1")
    page.get_by_test_id("drag-p0").click()
    sheet = page.get_by_test_id("panel-sheet")
    most = sheet.get_by_label("Maximum")
    for wrong in ("abc", "1,000", "9e9", "Infinity", ""):
        most.fill(wrong)
        expect(sheet.get_by_role("alert")).to_contain_text("Enter a number")
        page.get_by_test_id("panel-done").click()
        expect(most).to_be_focused()
        expect(most).to_have_value(wrong)
    most.fill("-5,5")
    expect(sheet.get_by_role("alert")).to_contain_text("greater than the minimum")
    page.get_by_test_id("save").click()
    expect(sheet).to_be_visible()
    most.fill("75,5")
    expect(sheet.get_by_role("alert")).to_have_count(0)
    decimals = sheet.get_by_label("Decimals")
    decimals.fill("7")
    expect(sheet.get_by_role("alert")).to_contain_text("from 0 to 6")
    decimals.fill("2")
    page.get_by_test_id("panel-title").fill("x" * 500)
    expect(page.get_by_test_id("panel-title")).to_have_value("x" * 120)
    page.get_by_test_id("panel-title").fill("  <img src=x onerror=alert(1)> \u202e\u05e9\u05dc\u05d5\u05dd🦉\t")
    page.get_by_test_id("panel-done").click()
    page.get_by_test_id("board-name").fill("   ")
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("board-problem")).to_contain_text("Enter a name")
    page.get_by_test_id("board-name").fill("  Input 2 ")
    save(page)
    saved = stored(system, board)
    assert (saved["name"], saved["panels"][0]["max"], saved["panels"][0]["decimals"]) == ("Input 2", 75.5, 2)
    expect(page.get_by_test_id("panel-p0")).to_contain_text("<img src=x onerror=alert(1)>")


def test_an_administrator_shares_a_copy_of_an_overview_and_deletes_it(
    page: Page, system: System, complaints: Complaints
) -> None:
    sign_in(page, system)
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()
    open_switcher(page)
    page.get_by_test_id("copy-overview").click()
    expect(page.locator("[data-place]").nth(7)).to_be_visible()
    page.get_by_test_id("board-name").fill("Copied overview")
    save(page)
    expect(page.get_by_test_id("tile-cpu.total")).to_have_attribute("data-freshness", "current")
    examine(page, "dashboard-copy")
    page.get_by_test_id("board-menu").click()
    page.get_by_test_id("share-board").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_text("Shared", exact=True)).to_be_visible()
    page.get_by_test_id("edit-board").click()
    page.locator("[data-place]").first.focus()
    page.keyboard.press("Delete")
    page.get_by_test_id("reset-board").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("edit-summary")).to_contain_text("not saved")
    save(page)
    page.get_by_test_id("board-menu").click()
    page.get_by_test_id("delete-board").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("board-title")).to_have_count(0)  # the copy has the same tiles as the overview
    expect(page.get_by_test_id("tile-cpu.total")).to_be_visible()
    open_switcher(page)
    expect(page.get_by_text("Copied overview")).to_have_count(0)
    assert complaints == []
