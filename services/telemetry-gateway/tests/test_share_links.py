"""Share links: whoever has one reads one shared dashboard and its series, and nothing else, until it ends."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions.concurrency_limit import ConcurrencyLimit
from pulse_telemetry_gateway.routes import share_links
from pulse_testkit.servers import Servers

from .conftest import NOW, PASSWORD, mixed, three_series
from .saving import ADA, BOB, EVE, Person, audited, problem
from .system import Gateway, gateway

pytestmark = pytest.mark.servers
SPAN = f"from={NOW}&to={NOW + 3_600_000_000}"
SHARED = "/api/telemetry/shared"


@pytest.fixture
async def started(servers: Servers, database: Database, database_url: str) -> AsyncIterator[Gateway]:
    """A gateway with 30 readings of three series."""
    ledger = await three_series(database)
    await ledger.commit([mixed(0, 30)])
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, has_intake=False, history_deadline=50, trusted_proxies=("127.0.0.1",)) as opened:
        yield opened


@pytest.fixture
def admin(started: Gateway) -> Person:
    return Person(started, EVE, "admin")


def body(*, shared: bool = True, series: int | None = 1, name: str = "Hall") -> dict[str, Any]:
    frame = {"title": "", "x": 0, "y": 0, "w": 3, "h": 4, "unit": None, "decimals": None, "limits": []}
    number = frame | {"kind": "number", "id": "a", "series": series, "show_sparkline": True}
    table = {"kind": "table", "id": "b", "title": "", "x": 3, "y": 0, "w": 3, "h": 4, "series": [2, 999]}
    return {"name": name, "shared": shared, "panels": [number, table | {"decimals": None}]}


LINK = {"name": "Screen", "expires_in_days": 1}


async def link_of(admin: Person) -> tuple[str, dict[str, Any]]:
    """The path of the links of a new shared dashboard, and one link."""
    path = f"/dashboards/{(await admin.post('/dashboards', body()))['id']}/links"
    made = await admin.post(path, LINK)
    assert isinstance(made, dict)
    return path, made


async def read(started: Gateway, token: str, path: str = "", address: str = "192.0.2.1") -> httpx.Response:
    """A request without an account."""
    headers = {"Pulse-Share-Token": token, "X-Forwarded-For": address}
    return await started.http.get(f"{SHARED}{path}", headers=headers)


async def test_a_link_shows_its_dashboard_and_the_readings_of_its_series(started: Gateway, admin: Person) -> None:
    _, link = await link_of(admin)
    answer = await read(started, link["token"])
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found.items() >= {"name": "Hall", "version": 1, "expires_at": link["expires_at"]}.items()
    assert found["panels"] == body()["panels"]
    assert [(one["id"], one["device"]) for one in found["series"]] == [(1, "alpha"), (2, "alpha")]
    assert EVE not in answer.text, "people stay unnamed"
    for number in (1, 2):
        readings = await read(started, link["token"], f"/series/{number}/readings?{SPAN}")
        assert (readings.status_code, len(readings.json()["t"])) == (200, 10)


async def test_a_page_follows_all_series_of_its_dashboard_with_one_request(started: Gateway, admin: Person) -> None:
    _, link = await link_of(admin)
    answer = await read(started, link["token"], f"/readings?series=2,1&{SPAN}")
    assert answer.status_code == 200, answer.text
    assert [(one["series"], len(one["t"])) for one in answer.json()["items"]] == [(2, 10), (1, 10)]
    for wrong, expected in (
        ("1,3", (404, "not_found")),
        ("1,x", (422, "invalid_series")),
        (",".join(str(n) for n in range(51)), (422, "too_much")),
    ):
        assert problem(await read(started, link["token"], f"/readings?series={wrong}&{SPAN}")) == expected
    assert problem(await read(started, "q" * 43, f"/readings?series=1&{SPAN}")) == (404, "share_link_invalid")


async def test_a_reader_learns_the_clock_and_the_names_of_the_devices(started: Gateway, admin: Person) -> None:
    _, link = await link_of(admin)
    before = started.runtime.clock()
    found = (await read(started, link["token"])).json()
    assert before <= found["now"] <= started.runtime.clock()
    clocks = [(one["clock_offset_us"] is not None, one["clock_suspect"]) for one in found["devices"]]
    assert clocks == [(True, True)], "the readings of the fixture are old"
    assert [(one["id"], one["name"]) for one in found["devices"]] == [("alpha", "alpha")]


async def test_a_link_says_when_it_was_last_used_to_the_minute(
    started: Gateway, admin: Person, database: Database
) -> None:
    path, link = await link_of(admin)
    assert (await admin.get(path))["items"][0]["last_used_at"] is None
    await read(started, link["token"])
    first = (await admin.get(path))["items"][0]["last_used_at"]
    assert first is not None
    await read(started, link["token"])
    assert (await admin.get(path))["items"][0]["last_used_at"] == first
    async with database.connection() as connection:
        await connection.execute("UPDATE share_link SET last_used_at = last_used_at - interval '2 minutes'")
    await read(started, link["token"])
    assert (await admin.get(path))["items"][0]["last_used_at"] >= first


async def test_only_a_link_that_was_made_for_it_says_that_it_may_be_embedded(
    started: Gateway, admin: Person, database: Database
) -> None:
    path, link = await link_of(admin)
    framed = await admin.post(path, LINK | {"embeddable": True})
    assert [(await read(started, one["token"])).json()["embeddable"] for one in (link, framed)] == [False, True]
    recorded = [json.loads(after or "") for kind, _, _, after in await audited(database) if kind.startswith("share_l")]
    assert [one.get("embeddable") for one in recorded] == [None, True]


async def test_a_link_shows_nothing_else(started: Gateway, admin: Person) -> None:
    _, link = await link_of(admin)
    for number in (3, 999):
        answer = await read(started, link["token"], f"/series/{number}/readings?{SPAN}")
        assert problem(answer) == (404, "not_found")
    headers = {"Authorization": f"Bearer {link['token']}", "Pulse-Share-Token": link["token"]}
    for path in ("/series", "/dashboards", f"/series/1/readings?{SPAN}", "/annotations?from=0&to=1"):
        assert (await started.http.get(f"/api/telemetry{path}", headers=headers)).status_code == 401
    assert problem(await started.http.get(SHARED)) == (422, "invalid_request")
    assert problem(await read(started, "short")) == (422, "invalid_request")


async def test_a_link_ends_when_it_is_revoked_or_expires_or_its_dashboard_is_deleted(
    started: Gateway, admin: Person, database: Database
) -> None:
    path, link = await link_of(admin)
    other = await admin.post(path, LINK | {"name": "Other"})
    assert (await admin.ask("DELETE", f"{path}/{link['id']}")).status_code == 204
    assert problem(await read(started, link["token"])) == (404, "share_link_invalid")
    assert (await read(started, other["token"])).status_code == 200
    assert (await admin.ask("DELETE", f"{path}/{link['id']}")).status_code == 204, "revoking twice changes nothing"
    dashboard = path.removesuffix("/links")
    async with database.connection() as connection:
        await connection.execute("UPDATE share_link SET expires_at = now() WHERE name = 'Other'")
    assert problem(await read(started, other["token"])) == (404, "share_link_invalid")
    assert problem(await read(started, "q" * 43)) == (404, "share_link_invalid")
    listed = (await admin.get(path))["items"]
    assert [(one["name"], one["state"]) for one in listed] == [("Other", "expired"), ("Screen", "revoked")]
    third = await admin.post(path, LINK)
    assert (await read(started, third["token"])).status_code == 200
    assert (await admin.ask("DELETE", dashboard, version=1)).status_code == 204
    assert problem(await read(started, third["token"])) == (404, "share_link_invalid")


async def test_unsharing_a_dashboard_revokes_its_links_for_good(
    started: Gateway, admin: Person, database: Database
) -> None:
    path, link = await link_of(admin)
    dashboard = path.removesuffix("/links")
    expired = await admin.post(path, LINK | {"name": "Old"})
    async with database.connection() as connection:
        await connection.execute("UPDATE share_link SET expires_at = now() WHERE name = 'Old'")
    assert (await admin.ask("PUT", dashboard, body(shared=False), version=1)).status_code == 200
    assert problem(await read(started, link["token"])) == (404, "share_link_invalid")
    assert (await admin.ask("PUT", dashboard, body(), version=2)).status_code == 200
    assert problem(await read(started, link["token"])) == (404, "share_link_invalid")
    states = {one["id"]: (one["state"], one["revoked_by"]) for one in (await admin.get(path))["items"]}
    assert states == {link["id"]: ("revoked", EVE), expired["id"]: ("expired", None)}
    revoked = [json.loads(after or "") for kind, _, _, after in await audited(database) if kind == "share_link_revoked"]
    assert [one["link"] for one in revoked] == [link["id"]]


async def test_only_the_owner_unshares_and_other_administrators_may_delete(started: Gateway, admin: Person) -> None:
    made = await admin.post("/dashboards", body())
    path, other = f"/dashboards/{made['id']}", Person(started, ADA, "admin")
    refused = await other.ask("PUT", path, body(shared=False), version=1)
    assert problem(refused) == (403, "not_the_owner")
    assert refused.json()["detail"] == "Only its owner can stop sharing this dashboard. Keep it shared, or delete it."
    assert await Person(started, BOB).get(path) == made
    assert (await admin.ask("PUT", path, body(shared=False), version=1)).status_code == 200
    assert (await admin.ask("PUT", path, body(shared=True), version=2)).status_code == 200
    assert (await other.ask("DELETE", path, version=3)).status_code == 204


async def test_a_link_follows_changes_of_its_dashboard(started: Gateway, admin: Person) -> None:
    path, link = await link_of(admin)
    await admin.ask("PUT", path.removesuffix("/links"), body(series=3, name="Better"), version=1)
    found = (await read(started, link["token"])).json()
    assert (found["name"], [one["id"] for one in found["series"]]) == ("Better", [2, 3])
    assert problem(await read(started, link["token"], f"/series/1/readings?{SPAN}")) == (404, "not_found")
    assert (await read(started, link["token"], f"/series/3/readings?{SPAN}")).status_code == 200


async def test_only_administrators_make_links_and_only_of_shared_dashboards(started: Gateway, admin: Person) -> None:
    path, link = await link_of(admin)
    user = Person(started, BOB)
    for method, where, given in (("GET", path, None), ("POST", path, LINK), ("DELETE", f"{path}/{link['id']}", None)):
        assert problem(await user.ask(method, where, given)) == (403, "forbidden")
    private = (await admin.post("/dashboards", body(shared=False)))["id"]
    assert problem(await admin.ask("POST", f"/dashboards/{private}/links", LINK)) == (409, "dashboard_not_shared")
    other = Person(started, ADA, "admin")
    assert problem(await other.ask("POST", f"/dashboards/{private}/links", LINK)) == (404, "not_found")
    assert problem(await other.ask("GET", f"/dashboards/{private}/links")) == (404, "not_found")
    assert problem(await other.ask("DELETE", f"{path}/{uuid4()}")) == (404, "not_found")
    assert (await other.ask("DELETE", f"{path}/{link['id']}")).status_code == 204


async def test_the_token_is_shown_once_and_stored_nowhere(admin: Person, database: Database) -> None:
    path, link = await link_of(admin)
    assert set(link) - set((await admin.get(path))["items"][0]) == {"token"}
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM share_link")
        keys = await connection.fetchval("SELECT count(*) FROM idempotency")
    assert link["token"] not in str([tuple(row) for row in rows])
    assert keys == 0
    entries = [entry for entry in await audited(database) if entry[0].startswith("share_link")]
    for _ in range(2):
        await admin.ask("DELETE", f"{path}/{link['id']}")
    assert [(kind, json.loads(after or "")) for kind, _, _, after in entries] == [
        (
            "share_link_created",
            {"link": link["id"], "name": "Screen", "expires": link["expires_at"].replace("Z", "+00:00")},
        )
    ]
    assert [kind for kind, *_ in await audited(database)].count("share_link_revoked") == 1
    assert link["token"] not in json.dumps(await audited(database))


async def test_a_dashboard_has_twenty_valid_links(admin: Person) -> None:
    path, link = await link_of(admin)
    for _ in range(19):
        await admin.post(path, LINK)
    assert problem(await admin.ask("POST", path, LINK)) == (409, "too_many_share_links")
    await admin.ask("DELETE", f"{path}/{link['id']}")
    await admin.post(path, LINK)
    assert len((await admin.get(path))["items"]) == 21
    for wrong in ({"name": ""}, {"expires_in_days": 0}, {"expires_in_days": 366}, {"expires_in_days": "1"}, {"x": 1}):
        assert problem(await admin.ask("POST", path, LINK | wrong)) == (422, "invalid_request")


@pytest.mark.parametrize("is_revoking", [False, True])
async def test_twenty_ended_links_are_kept_also_when_many_expire(
    admin: Person, database: Database, is_revoking: bool
) -> None:
    path, link = await link_of(admin)
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO share_link (id, object_id, token_hash, name, created_at, created_by, created_by_name, "
            "expires_at) SELECT gen_random_uuid(), object_id, sha256(n::text::bytea), n::text, created_at - "
            "interval '1 day', created_by, created_by_name, now() FROM share_link, generate_series(1, 40) n"
        )
    if is_revoking:
        assert (await admin.ask("DELETE", f"{path}/{link['id']}")).status_code == 204
    else:
        states = [one["state"] for one in (await admin.get(path))["items"]]
        assert states == ["valid"] + ["expired"] * 20
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM share_link") == (20 if is_revoking else 21)


async def test_wrong_tokens_are_limited_by_address_and_do_not_lock_out_right_ones(
    started: Gateway, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_links, "_WRONG_PER_ADDRESS", "3/minute")
    started.runtime.limits._clock = lambda: 0.0  # the minute never ends, however slow the machine is
    path, revoked = await link_of(admin)
    valid = await admin.post(path, LINK)
    await admin.ask("DELETE", f"{path}/{revoked['id']}")
    for where in ("", f"/series/1/readings?{SPAN}", ""):
        assert problem(await read(started, revoked["token"], where)) == (404, "share_link_invalid")
    for where in ("", f"/series/1/readings?{SPAN}"):
        limited = await read(started, revoked["token"], where)
        assert (problem(limited), "retry-after" in limited.headers) == ((429, "rate_limited"), True)
        assert (await read(started, valid["token"], where)).status_code == 200
    assert problem(await read(started, revoked["token"], address="192.0.2.2")) == (404, "share_link_invalid")


async def test_each_series_of_a_request_counts(
    started: Gateway, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_links, "_SERIES_PER_READER", "5/minute")
    started.runtime.limits._clock = lambda: 0.0
    _, link = await link_of(admin)
    several, single = f"/readings?series=1,2&{SPAN}", f"/series/1/readings?{SPAN}"
    found = [(await read(started, link["token"], path)).status_code for path in (several, several, several, single)]
    assert found == [200, 200, 429, 200]
    assert problem(await read(started, link["token"], single)) == (429, "rate_limited")
    assert (await read(started, link["token"], several, "192.0.2.2")).status_code == 200


async def test_a_request_for_many_series_lets_other_readers_in_between(
    started: Gateway, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, link = await link_of(admin)
    real, taken = ConcurrencyLimit.slot, []

    @asynccontextmanager
    async def slot(limit: ConcurrencyLimit) -> AsyncIterator[None]:
        taken.append(limit)
        async with real(limit):
            yield

    monkeypatch.setattr(ConcurrencyLimit, "slot", slot)
    assert (await read(started, link["token"], f"/readings?series=1,2&{SPAN}")).status_code == 200
    assert len(taken) == 3  # the token, and each series


async def test_uses_of_a_token_are_limited_by_address_without_the_database(
    started: Gateway, admin: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(share_links, "_PER_READER", "3/minute")
    started.runtime.limits._clock = lambda: 0.0
    path, link = await link_of(admin)
    other = await admin.post(path, LINK)
    uses = [(await read(started, link["token"])).status_code for _ in range(3)]
    assert uses == [200] * 3
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE share_link, saved_object IN ACCESS EXCLUSIVE MODE")
        assert problem(await read(started, link["token"])) == (429, "rate_limited")
    assert (await read(started, link["token"], address="192.0.2.2")).status_code == 200
    assert (await read(started, other["token"])).status_code == 200
