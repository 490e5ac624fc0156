"""How series are shown: names, units, decimals, limits and expected ranges that people set."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD, three_series
from .saving import ADA, BOB, Person, audited, problem
from .system import Gateway, gateway

pytestmark = pytest.mark.servers
PATH = "/series/1/display"
LIMITS = [
    {"severity": "warning", "direction": "above", "value": 80.5},
    {"severity": "critical", "direction": "below", "value": -1.0},
]
SET = {
    "display_name": "Oil",
    "unit": "°C",
    "decimals": 2,
    "limits": LIMITS,
    "expected_min": 20.0,
    "expected_max": 90.0,
}
NOTHING: dict[str, Any] = dict.fromkeys(SET) | {"limits": []}


@pytest.fixture
async def started(servers: Servers, database: Database, database_url: str) -> AsyncIterator[Gateway]:
    await three_series(database)
    async with gateway(
        servers, with_role(database_url, "pulse_telemetry", PASSWORD), has_intake=False, history_deadline=50
    ) as opened:
        yield opened


@pytest.fixture
def admin(started: Gateway) -> Person:
    return Person(started, ADA, "admin")


@pytest.fixture
def user(started: Gateway) -> Person:
    return Person(started, BOB)


async def listed(person: Person) -> dict[str, Any]:
    """Series 1 as the list shows it."""
    found = next(one for one in (await person.get("/series"))["items"] if one["id"] == 1)
    assert isinstance(found, dict)
    return found


async def test_settings_are_shown_to_everybody_and_removed_with_null(admin: Person, user: Person) -> None:
    fresh = await user.ask("GET", PATH)
    assert (fresh.headers["etag"], fresh.json()["updated_at"]) == ('"1"', None)
    assert fresh.json().items() >= (NOTHING | {"declared_name": "s1", "declared_unit": ""}).items()
    saved = await admin.ask("PUT", PATH, SET, version=1)
    assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
    assert saved.json() == await user.get(PATH)
    assert saved.json().items() >= (SET | {"version": 2, "updated_by": ADA, "updated_by_name": "A"}).items()
    shown = {name: value for name, value in SET.items() if name != "unit"} | {"unit": "°C", "display_unit": "°C"}
    assert (await listed(user)).items() >= shown.items()
    assert (await admin.ask("PUT", PATH, NOTHING, version=2)).status_code == 200
    back: dict[str, Any] = {"display_name": "s1", "unit": "", "display_unit": None, "decimals": None, "limits": []}
    assert (await listed(user)).items() >= back.items()


async def test_a_series_without_settings_is_listed_with_none(user: Person) -> None:
    assert (await listed(user)).items() >= {"limits": [], "decimals": None, "expected_max": None}.items()


async def test_one_of_many_changes_of_the_same_version_succeeds(admin: Person) -> None:
    async def save(n: int) -> int:
        return (await admin.ask("PUT", PATH, SET | {"display_name": f"Name {n}"}, version=1)).status_code

    assert Counter(await asyncio.gather(*map(save, range(12)))) == {200: 1, 412: 11}
    refused = await admin.ask("PUT", PATH, SET, version=1)
    assert (problem(refused), refused.headers["etag"]) == ((412, "precondition_failed"), '"2"')
    assert refused.json()["current"]["updated_by"] == ADA
    assert problem(await admin.ask("PUT", PATH, SET)) == (428, "precondition_required")


async def test_renaming_keeps_the_other_settings_and_makes_a_version(admin: Person) -> None:
    await admin.ask("PUT", PATH, SET, version=1)
    assert (await admin.ask("PATCH", "/series/1", {"display_name": "Water"})).status_code == 204
    found = await admin.get(PATH)
    assert found.items() >= (SET | {"display_name": "Water", "unit": None, "version": 3}).items()
    assert problem(await admin.ask("PUT", PATH, SET, version=2)) == (412, "precondition_failed")


async def test_deleting_a_series_deletes_its_settings(admin: Person, database: Database) -> None:
    await admin.ask("PUT", PATH, SET, version=1)

    async def is_deleted() -> bool:
        return (await admin.ask("DELETE", "/series/1")).status_code == 200

    await eventually(is_deleted)
    for method, path, given in (("GET", PATH, None), ("PUT", PATH, SET), ("PATCH", "/series/1", {"display_name": "x"})):
        assert problem(await admin.ask(method, path, given, version="*")) == (404, "not_found")
    async with database.connection() as connection:  # the device sends again
        await connection.execute(
            "INSERT INTO latest (series_id, ord, epoch, seq, t, word, rank) VALUES (1, 1, 7, 1, 1, 1, 1)"
        )
    assert (await admin.get(PATH)).items() >= (NOTHING | {"updated_by": None}).items()
    assert problem(await admin.ask("PUT", PATH, SET, version=2)) == (412, "precondition_failed")


async def test_changes_are_audited_with_the_values_before_and_after(admin: Person, database: Database) -> None:
    await admin.ask("PUT", PATH, SET, version=1)
    await admin.ask("PATCH", "/series/1", {})
    entries = await audited(database)
    assert [(kind, target) for kind, target, *_ in entries] == [
        ("series_display_changed", "device:alpha"),
        ("series_renamed", "device:alpha"),
    ]
    before, after = (json.loads(text or "null") for text in entries[0][2:])
    assert before == {"series": 1, "name": None} | {key: NOTHING[key] for key in NOTHING if key != "display_name"}
    assert after["limits"] == ["warning above 80.5", "critical below -1.0"]
    assert (after["name"], after["unit"], after["decimals"]) == ("Oil", "°C", 2)


async def test_bad_input_and_missing_permissions_change_nothing(admin: Person, user: Person) -> None:
    for wrong in (
        {"decimals": 7},
        {"decimals": -1},
        {"decimals": "1"},
        {"unit": "x" * 33},
        {"unit": "\x00"},
        {"display_name": " "},
        {"display_name": "x" * 129},
        {"limits": [LIMITS[0]] * 9},
        {"limits": [LIMITS[0] | {"value": None}]},
        {"limits": [LIMITS[0] | {"direction": "near"}]},
        {"expected_min": 1, "expected_max": 1},
        {"expected_min": "1"},
        {"version": 3},
    ):
        answer = await admin.ask("PUT", PATH, SET | wrong, version=1)
        assert problem(answer) == (422, "invalid_request"), (wrong, answer.text)
    assert problem(await admin.ask("PUT", PATH, {"decimals": 1}, version=1)) == (422, "invalid_request")
    assert problem(await user.ask("PUT", PATH, SET, version=1)) == (403, "forbidden")
    for method, given in (("GET", None), ("PUT", SET)):
        assert problem(await admin.ask(method, "/series/999/display", given, version="*")) == (404, "not_found")
    assert (await admin.get(PATH))["version"] == 1
