"""Settings of plain devices over HTTP, counts of skipped names, and grouped quarantine reasons."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.store.erasure import ErasureStore
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import Collector, Gateway, collector, gateway, token

pytestmark = pytest.mark.servers


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as opened:
        yield opened


@pytest.fixture
async def alpha(servers: Servers, started: Gateway) -> AsyncIterator[Collector]:
    async with collector(servers) as device:
        yield device


async def ask(
    started: Gateway,
    path: str,
    *,
    method: str = "GET",
    who: str = "admin",
    body: object = None,
    match: str | None = "*",
) -> Any:
    headers = {"Authorization": f"Bearer {token(role=who)}"}
    if match is not None and method != "GET":
        headers["If-Match"] = match
    return await started.http.request(method, f"/api/telemetry{path}", headers=headers, json=body)


async def names(started: Gateway) -> set[str]:
    return {entry["name"] for entry in (await ask(started, "/series")).json()["items"]}


async def test_a_changed_preset_and_zone_apply_to_the_next_messages(
    started: Gateway, alpha: Collector, database: Database
) -> None:
    await alpha.raw("plain", b'{"on": "ON"}')
    await eventually(lambda: _has(started, "on"))
    before = (await ask(started, "/devices/alpha/plain")).json()
    assert before["settings"]["time_keys"][0] == "ts"
    answer = await ask(
        started, "/devices/alpha/plain", method="PUT", body={"preset": "tasmota", "time_zone": "Europe/Berlin"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["left_out"][0] == "DS18B20.Id"
    assert (await ask(started, "/devices/alpha/plain")).json()["settings"] == answer.json()

    sent: list[str] = []

    async def is_read_so() -> bool:
        found = {one["name"]: one["latest"] for one in (await ask(started, "/series")).json()["items"]}
        if sent and not found.get(sent[-1]):
            return False
        if sent and found[sent[-1]]["t"] == 1_795_955_415_000_000:
            return True
        sent.append(f"n{len(sent)}")  # messages of the first two seconds are read with the old settings
        await alpha.raw(
            "plain", b'{"Time": "2026-11-29T13:30:15", "DS18B20": {"Id": "12"}, "%s": 1}' % sent[-1].encode()
        )
        return False

    await eventually(is_read_so, seconds=15)
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT kind, target FROM audit ORDER BY n DESC LIMIT 1")
    assert row is not None
    assert tuple(row) == ("plain_settings_changed", "device:alpha")


async def _has(started: Gateway, name: str) -> bool:
    return name in await names(started)


async def test_text_that_is_not_a_value_is_counted_by_name_with_an_example(started: Gateway, alpha: Collector) -> None:
    for state in ("idle", "washing", "spinning"):
        await alpha.raw("plain", b'{"state": "%s", "speed": 1}' % state.encode())

    async def is_counted() -> bool:
        skipped = (await ask(started, "/devices/alpha/plain", who="user")).json().get("skipped", [])
        return [(one["name"], one["n"], one["example"]) for one in skipped] == [("state", 3, "spinning")]

    await eventually(is_counted)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"preset": "none"}, "unknown_preset"),
        ({"time_zone": "Nowhere"}, "invalid_calendar"),
        ({"time_keys": ["a"] * 21}, "invalid"),
        ({"takes_text": "yes"}, "invalid"),
        ({"left_out": [""]}, "invalid"),
        ({"unknown": 1}, "invalid"),
    ],
)
async def test_invalid_settings_are_refused_and_change_nothing(
    started: Gateway, alpha: Collector, body: dict[str, object], code: str
) -> None:
    await alpha.raw("plain", b'{"on": true}')
    await eventually(lambda: _has(started, "on"))
    answer = await ask(started, "/devices/alpha/plain", method="PUT", body=body)
    assert answer.status_code == 422
    assert answer.json()["code"].startswith(code)
    assert (await ask(started, "/devices/alpha/plain")).json()["settings"]["time_zone"] == "UTC"


async def test_settings_that_somebody_else_saved_meanwhile_are_not_overwritten(
    started: Gateway, alpha: Collector, database: Database
) -> None:
    path = "/devices/alpha/plain"
    await alpha.raw("plain", b'{"on": true}')
    await eventually(lambda: _has(started, "on"))
    assert (await ask(started, path)).headers["etag"] == '"1"'
    missing = await ask(started, path, method="PUT", body={}, match=None)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    first = await ask(started, path, method="PUT", body={"time_zone": "Europe/Berlin"}, match='"1"')
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    late = await ask(started, path, method="PUT", body={"time_zone": "Asia/Tokyo"}, match='"1"')
    assert (late.status_code, late.json()["code"], late.headers["etag"]) == (412, "precondition_failed", '"2"')
    current = late.json()["current"]
    assert current["version"] == 2
    assert current["updated_by"]
    now = await ask(started, path)
    assert (now.json()["settings"]["time_zone"], now.headers["etag"]) == ("Europe/Berlin", '"2"')

    async with database.transaction() as connection:  # as the previous release does
        await connection.execute("UPDATE plain_setting SET time_zone = 'UTC'")
    late = await ask(started, path, method="PUT", body={}, match='"2"')
    assert (late.status_code, late.headers["etag"]) == (412, '"3"')
    assert late.json()["current"]["updated_by"] is None
    again = await ask(started, path, method="PUT", body={"time_zone": "Asia/Tokyo"}, match='"3"')
    assert (again.status_code, again.headers["etag"]) == (200, '"4"')

    async with ErasureStore(database).erasing(1, is_dry_run=False) as erasing:
        await erasing.device(1)
    await alpha.raw("plain", b'{"on": true}')
    await eventually(lambda: _has(started, "on"))
    back = await ask(started, path)
    assert (back.json()["settings"]["time_zone"], back.headers["etag"]) == ("UTC", '"5"')


async def test_a_caller_without_permission_can_read_but_not_change_settings(started: Gateway) -> None:
    assert (await ask(started, "/plain-presets", who="user")).status_code == 200
    assert (await ask(started, "/devices/none/plain", who="user")).status_code == 404
    assert (await ask(started, "/devices/alpha/plain", method="PUT", who="user", body={})).status_code == 403
    assert (await ask(started, "/quarantine/reasons", who="user")).status_code == 403


async def test_ten_thousand_equal_errors_are_one_reason_and_hide_no_other(started: Gateway, alpha: Collector) -> None:
    await alpha.raw("plain", b"{not json}")
    for number in range(300):
        await alpha.raw("plain", b'{"temperature": 1e999, "n": %d}' % number)

    async def are_there() -> bool:
        items = (await ask(started, "/quarantine/reasons")).json()["items"]
        return [one["n"] for one in items] == [300, 1]

    await eventually(are_there, seconds=30)
    first, second = (await ask(started, "/quarantine/reasons")).json()["items"]
    assert first["text"].endswith("'temperature' is not a finite number.")
    assert second["text"].startswith("The message is invalid")
    kept = (await ask(started, f"/quarantine?reason={first['id']}&limit=1000")).json()["items"]
    assert 100 <= len(kept) < 300
    assert kept[0]["id"] == first["newest"]
    page = (await ask(started, "/quarantine/reasons?limit=1")).json()
    following = (await ask(started, f"/quarantine/reasons?limit=1&cursor={page['next']}")).json()
    assert ([one["id"] for one in following["items"]], following["next"]) == ([second["id"]], None)
    for cursor in ("x", "1", "1_", "_1", "9" * 40 + "_1", "1_" + "9" * 40):
        assert (await ask(started, f"/quarantine/reasons?cursor={cursor}")).status_code == 422
