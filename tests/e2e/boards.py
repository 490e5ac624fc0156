"""Dashboards as the gateway stores them, for browser tests."""

from typing import Any

import httpx

from tests.system import System

BOARDS = "/api/telemetry/dashboards"
UNSET: dict[str, Any] = {"unit": None, "decimals": None, "limits": []}
AUTO: dict[str, Any] = {"mode": "auto", "min": None, "max": None}
LOG = AUTO | {"mode": "log"}
CHART: dict[str, Any] = {"unit": None, "decimals": None, "limits": [], "axis": AUTO, "show_table": True, "shade": True}


def series_of(system: System) -> dict[str, dict[str, Any]]:
    """The series of the first collector by name."""
    found = system.get("/api/telemetry/series", system.token())["items"]
    return {one["name"]: one for one in found if one["name"].startswith(("cpu.", "memory.", "sim"))}


def panel(kind: str, number: int, **settings: Any) -> dict[str, Any]:
    """A panel as the gateway stores it. `number`: its place, two panels a row."""
    common = {"id": f"p{number}", "kind": kind, "title": f"Panel {number}"}
    place = {"x": number % 2 * 6, "y": number // 2 * 6, "w": 6, "h": 6}
    return common | place | settings


def text_panel(number: int, text: str) -> dict[str, Any]:
    return panel("text", number, text=text)


def create(system: System, name: str, panels: list[dict[str, Any]], *, shared: bool = False) -> str:
    """A stored dashboard of the administrator. Returns its id."""
    body = {"name": name, "shared": shared, "panels": panels}
    headers = {"authorization": f"Bearer {system.token()}"}
    answer = httpx.post(f"{system.url}{BOARDS}", json=body, headers=headers, timeout=20)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def stored(system: System, board: str) -> dict[str, Any]:
    found: dict[str, Any] = system.get(f"{BOARDS}/{board}", system.token())
    return found


def at(one: dict[str, Any], title: str, x: int, y: int, w: int, h: int) -> dict[str, Any]:
    """`one` with a title and a place."""
    return one | {"title": title, "x": x, "y": y, "w": w, "h": h}
