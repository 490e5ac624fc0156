"""What people save: versions of dashboards, questions of the explorer, and its charts on dashboards, in a browser."""

import json
import re
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.boards import BOARDS, CHART, create, panel, series_of, stored, text_panel
from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.test_accounts import examine, unexpected
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def replace(system: System, board: str, name: str, panels: list[dict[str, object]]) -> None:
    """Saves another version of a dashboard, as somebody else would."""
    found = stored(system, board)
    headers = {"authorization": f"Bearer {system.token()}", "if-match": f'"{found["version"]}"'}
    body = {"name": name, "shared": found["shared"], "panels": panels}
    httpx.put(f"{system.url}{BOARDS}/{board}", json=body, headers=headers, timeout=20).raise_for_status()


def explored(system: System, *names: str) -> str:
    """The address of the explorer with these series of the first collector."""
    known = series_of(system)
    device = known[names[0]]["device"]
    return f"/explore?s={device}:{'.'.join(str(known[name]['id']) for name in names)}"


def test_an_older_version_is_looked_at_and_restored_as_a_new_one(
    page: Page, system: System, complaints: Complaints
) -> None:
    board = create(system, "First name", [text_panel(0, "the first text")])
    replace(system, board, "Second name", [text_panel(0, "the second text")])
    sign_in(page, system)
    page.goto(f"/dashboard/{board}")
    expect(page.get_by_text("the second text")).to_be_visible()
    page.get_by_test_id("board-menu").click()
    page.get_by_test_id("board-versions").click()
    expect(page.get_by_test_id("versions").get_by_role("listitem")).to_have_count(2)
    examine(page, "versions")
    page.get_by_test_id("look-1").click()
    expect(page.get_by_test_id("version-bar")).to_contain_text("Version 1")
    expect(page.get_by_text("the first text")).to_be_visible()
    examine(page, "version-1")
    page.get_by_test_id("leave-version").click()
    expect(page.get_by_text("the second text")).to_be_visible()

    # Somebody saves meanwhile: nothing of theirs is overwritten unseen.
    page.get_by_test_id("board-menu").click()
    page.get_by_test_id("board-versions").click()
    page.get_by_test_id("look-1").click()
    page.get_by_test_id("restore-version").click()
    replace(system, board, "Third name", [text_panel(0, "the third text")])
    page.get_by_test_id("confirm").click()
    expect(page.get_by_text("Somebody else has changed it meanwhile")).to_be_visible()
    expect(page.get_by_test_id("board-title")).to_have_text("Third name")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("board-title")).to_have_text("First name")
    expect(page.get_by_text("the first text")).to_be_visible()
    assert stored(system, board)["version"] == 4
    assert unexpected(complaints) == []


def test_a_question_is_saved_opened_renamed_replaced_and_deleted(
    page: Page, system: System, complaints: Complaints
) -> None:
    name = f"Load <i>{time.time_ns()}</i>"
    sign_in(page, system)
    page.goto(f"{explored(system, 'cpu.total')}&range=1h")
    expect(page.get_by_test_id("subtitle")).to_contain_text("Processor")
    page.get_by_test_id("saved-button").click()
    page.get_by_test_id("question-save").click()
    expect(page.get_by_text("Enter a name.")).to_be_visible()
    page.get_by_test_id("question-name").fill(name)
    page.get_by_test_id("question-save").click()
    expect(page.get_by_test_id("open-question").filter(has_text=name)).to_be_visible()
    expect(page.get_by_test_id("question-name")).to_have_value("")
    examine(page, "questions")

    page.goto("/explore")
    page.get_by_test_id("saved-button").click()
    page.get_by_test_id("open-question").filter(has_text=name).click()
    expect(page.get_by_test_id("range-1h")).to_have_attribute("aria-pressed", "true")
    assert "s" in parse_qs(urlsplit(page.url).query)

    page.get_by_test_id("range-24h").click()
    page.get_by_test_id("saved-button").click()
    row = page.get_by_test_id("questions").get_by_role("listitem").filter(has_text=name)
    row.get_by_test_id("question-menu").click()
    page.get_by_test_id("ask-replace").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("confirm")).to_have_count(0)
    row.get_by_test_id("question-menu").click()
    page.get_by_test_id("ask-rename").click()
    page.get_by_test_id("rename-question-name").fill(f"{name} 2")
    page.get_by_test_id("rename-question-save").click()
    renamed = page.get_by_test_id("questions").get_by_role("listitem").filter(has_text=f"{name} 2")
    expect(renamed).to_be_visible()
    found = system.get("/api/telemetry/questions", system.token())["items"]
    assert [one["query"].endswith("range=24h") for one in found if one["name"] == f"{name} 2"] == [True], found
    renamed.get_by_test_id("question-menu").click()
    page.get_by_test_id("ask-delete").click()
    page.get_by_test_id("confirm").click()
    expect(renamed).to_have_count(0)
    assert complaints == []


def test_charts_of_the_explorer_come_onto_a_new_and_onto_an_existing_dashboard(
    page: Page, system: System, complaints: Complaints
) -> None:
    cpu = series_of(system)["cpu.total"]["id"]
    board = create(system, f"Existing {time.time_ns()}", [panel("chart", 0, series=[cpu], **CHART)])
    sign_in(page, system)
    page.goto(explored(system, "cpu.total", "memory.percent"))
    page.get_by_test_id("to-board").click()
    page.get_by_test_id("to-board-submit").click()
    expect(page.get_by_text("Enter a name for the dashboard.")).to_be_visible()
    page.get_by_test_id("to-board-name").fill("From the explorer")
    examine(page, "to-board")
    page.get_by_test_id("to-board-submit").click()
    expect(page.get_by_test_id("added")).to_contain_text("From the explorer")
    page.get_by_test_id("open-added").click()
    expect(page.get_by_test_id("board-title")).to_have_text("From the explorer")

    page.goto(explored(system, "cpu.total", "memory.percent"))
    page.get_by_test_id("to-board").click()
    page.get_by_test_id("to-board-target").select_option(board)
    page.get_by_test_id("to-board-submit").click()
    expect(page.get_by_test_id("added")).to_be_visible()
    panels = stored(system, board)["panels"]
    assert panels[0]["id"] == "p0"
    assert all(one["y"] >= panels[0]["h"] for one in panels[1:]), json.dumps(panels)
    assert sorted(id_ for one in panels[1:] for id_ in one["series"]) == sorted(
        series_of(system)[name]["id"] for name in ("cpu.total", "memory.percent")
    )
    assert complaints == []


def test_decimals_and_limits_of_a_series_are_for_everybody_and_a_conflict_is_shown(
    page: Page, system: System, complaints: Complaints
) -> None:
    series = series_of(system)["memory.percent"]
    path = f"{system.url}/api/telemetry/series/{series['id']}/display"

    def save(**change: object) -> None:
        """Saves as somebody else would."""
        headers = {"authorization": f"Bearer {system.token()}"}
        found = httpx.get(path, headers=headers, timeout=20)
        fields = ("display_name", "unit", "decimals", "limits", "expected_min", "expected_max")
        body = {name: found.json()[name] for name in fields} | change
        tagged = headers | {"if-match": found.headers["etag"]}
        httpx.put(path, json=body, headers=tagged, timeout=20).raise_for_status()

    try:
        sign_in(page, system)
        page.goto(f"/devices/{series['device']}")
        row = page.get_by_test_id("series-memory.percent")
        row.get_by_role("button").click()
        page.get_by_test_id("series-decimals").fill("7")
        page.get_by_test_id("series-submit").click()
        expect(page.get_by_text("Enter a whole number from 0 to 6")).to_be_visible()
        page.get_by_test_id("series-decimals").fill("3")
        page.get_by_test_id("series-warningAbove").fill("0")
        examine(page, "series-display")
        save(expected_max=100)
        page.get_by_test_id("series-submit").click()
        expect(page.get_by_test_id("change-notice")).to_contain_text("100")
        page.get_by_test_id("series-submit").click()
        expect(page.get_by_test_id("series-submit")).to_have_count(0)
        expect(row).to_contain_text(re.compile(r"\d\.\d{3} %"))
        tile = page.get_by_test_id("tile-memory.percent")
        page.goto(f"/dashboard?device={series['device']}")
        expect(tile).to_contain_text(re.compile(r"\d\.\d{3}"))
        found = httpx.get(path, headers={"authorization": f"Bearer {system.token()}"}, timeout=20).json()
        assert (found["decimals"], found["expected_max"]) == (3, 100)
        assert found["limits"] == [{"severity": "warning", "direction": "above", "value": 0}]
        page.goto(explored(system, "memory.percent"))
        expect(page.get_by_test_id("results").locator("canvas")).to_have_count(1)
        examine(page, "explore-with-limits")
    finally:
        save(decimals=None, limits=[], expected_max=None)
    assert unexpected(complaints) == []
