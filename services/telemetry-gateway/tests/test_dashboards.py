"""Dashboards: who may see, change and share them, that no change is lost, their limits, and the audit trail."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.routes.dashboards import MAX_DASHBOARD
from pulse_telemetry_gateway.store.saved_objects import SavedObjectStore
from pulse_testkit.locks import lock_waiters
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .saving import ADA, BOB, EVE, Person, audited, problem
from .system import Gateway, gateway, token

pytestmark = pytest.mark.servers
PATH = "/dashboards"


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, has_intake=False, history_deadline=50) as opened:
        yield opened


@pytest.fixture
def ada(started: Gateway) -> Person:
    return Person(started, ADA)


@pytest.fixture
def bob(started: Gateway) -> Person:
    return Person(started, BOB)


@pytest.fixture
def admin(started: Gateway) -> Person:
    return Person(started, EVE, "admin")


def body(name: str = "Press hall", *, shared: bool = False, panels: list[dict[str, Any]] | None = None) -> Any:
    return {"name": name, "shared": shared, "panels": [text()] if panels is None else panels}


def text(**changed: Any) -> dict[str, Any]:
    return frame("text", text="Call Ada\nfirst") | changed


def frame(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "id": "p1", "title": "", "x": 0, "y": 0, "w": 3, "h": 4} | more


LIMIT = {"severity": "warning", "direction": "above", "value": 80.5}
CHART = frame(
    "chart",
    series=[1, 2],
    axis={"mode": "auto", "min": None, "max": None},
    limits=[LIMIT],
    unit="°C",
    decimals=1,
    show_table=False,
    shade=True,
)
NUMBER = frame("number", series=None, unit=None, decimals=None, limits=[], show_sparkline=True)
GAUGE = frame("gauge", series=3, min=-1.5, max=1e308, unit=None, decimals=0, limits=[LIMIT])
SWITCH = frame("switch", series=[4], labels={"on": "läuft", "off": "steht"})
TABLE = frame("table", series=list(range(200)), decimals=None)
KINDS = [CHART, NUMBER, GAUGE, SWITCH, TABLE, text()]


async def test_a_dashboard_is_read_as_it_was_saved(ada: Person) -> None:
    panels = [panel | {"id": f"p{n}", "y": n} for n, panel in enumerate(KINDS)]
    answer = await ada.ask("POST", PATH, body(panels=panels))
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    made = answer.json()
    assert made["panels"] == panels
    assert answer.headers["location"].endswith(f"/{made['id']}")
    assert (made["owner"], made["owner_name"], made["updated_by_name"], made["version"]) == (ADA, "A", "A", 1)
    read = await ada.ask("GET", f"{PATH}/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    listed = (await ada.get(PATH))["items"]
    assert listed == [{name: value for name, value in made.items() if name != "panels"}]
    assert listed[0]["panel_count"] == 6


async def test_a_saved_dashboard_has_the_new_version_and_the_old_ones_can_be_read(ada: Person) -> None:
    made = await ada.post(PATH, body())
    path = f"{PATH}/{made['id']}"
    for n in range(1, 25):
        answer = await ada.ask("PUT", path, body(f"Name {n}", panels=[text(text=f"{n}")]), version=n)
        assert (answer.status_code, answer.headers["etag"]) == (200, f'"{n + 1}"')
    kept = (await ada.get(f"{path}/versions"))["items"]
    assert [one["version"] for one in kept] == list(range(25, 5, -1))
    assert (kept[0]["name"], kept[-1]["name"]) == ("Name 24", "Name 5")
    old = await ada.get(f"{path}/versions/10")
    assert (old["name"], old["panels"]) == ("Name 9", [text(text="9")])
    for version in (5, 26):
        assert problem(await ada.ask("GET", f"{path}/versions/{version}")) == (404, "not_found")
    created = {name: made[name] for name in ("id", "owner", "created_at")}
    assert created.items() <= (await ada.get(path)).items()


async def test_a_private_dashboard_exists_for_nobody_else(ada: Person, bob: Person, admin: Person) -> None:
    made = await ada.post(PATH, body())
    path = f"{PATH}/{made['id']}"
    for other in (bob, admin):
        assert (await other.get(PATH))["items"] == []
        for method, more in (("GET", ""), ("GET", "/versions"), ("GET", "/versions/1"), ("PUT", ""), ("DELETE", "")):
            given = body() if method == "PUT" else None
            answer = await other.ask(method, path + more, given, version="*")
            assert problem(answer) == (404, "not_found"), (method, more)
    assert await ada.get(path) == made


async def test_a_shared_dashboard_is_seen_by_everybody_and_changed_by_administrators(
    ada: Person, bob: Person, admin: Person, database: Database
) -> None:
    assert problem(await ada.ask("POST", PATH, body(shared=True))) == (403, "forbidden")
    private = await ada.post(PATH, body("Mine"))
    answer = await ada.ask("PUT", f"{PATH}/{private['id']}", body("Mine", shared=True), version=1)
    assert problem(answer) == (403, "forbidden")
    made = await admin.post(PATH, body(shared=True))
    path = f"{PATH}/{made['id']}"
    assert await bob.get(path) == made
    assert [one["id"] for one in (await bob.get(PATH))["items"]] == [made["id"]]
    assert problem(await bob.ask("PUT", path, body(), version=1)) == (403, "forbidden")
    assert problem(await bob.ask("DELETE", path, version=1)) == (403, "forbidden")
    other = Person(admin.gateway, ADA, "admin")
    saved = (await other.ask("PUT", path, body("Better", shared=True), version=1)).json()
    assert (saved["owner"], saved["updated_by"], saved["name"]) == (EVE, ADA, "Better")
    refused = [target for kind, target, *_ in await audited(database) if kind == "access_refused"]
    assert refused == ["permission:dashboards.share"] * 2, "one of each account in a minute"


async def test_a_viewer_reads_shared_dashboards_and_changes_nothing(started: Gateway, admin: Person) -> None:
    made, viewer = await admin.post(PATH, body(shared=True)), Person(started, BOB, "viewer")
    path = f"{PATH}/{made['id']}"
    assert (await viewer.get(PATH))["items"][0]["id"] == (await viewer.get(path))["id"] == made["id"]
    for method, where, given in (("POST", PATH, body()), ("PUT", path, body(shared=True)), ("DELETE", path, None)):
        assert problem(await viewer.ask(method, where, given, version=1)) == (403, "forbidden")
    for method, where in (("POST", "/questions"), ("POST", "/annotations"), ("PUT", "/series/1/display")):
        assert problem(await viewer.ask(method, where, {}, version=1)) == (403, "forbidden")


async def test_versions_from_before_a_dashboard_was_shared_stay_private(admin: Person, bob: Person) -> None:
    made = await admin.post(PATH, body("Secret"))
    path = f"{PATH}/{made['id']}"
    await admin.ask("PUT", path, body("Public", shared=True), version=1)
    assert [one["name"] for one in (await bob.get(f"{path}/versions"))["items"]] == ["Public"]
    assert problem(await bob.ask("GET", f"{path}/versions/1")) == (404, "not_found")
    assert (await admin.get(f"{path}/versions/1"))["name"] == "Secret"
    await admin.ask("PUT", path, body("Secret again"), version=2)
    assert problem(await bob.ask("GET", path)) == (404, "not_found")


async def test_a_change_needs_the_newest_version_and_names_who_saved_it(admin: Person, ada: Person) -> None:
    made = await admin.post(PATH, body(shared=True))
    path = f"{PATH}/{made['id']}"
    assert problem(await admin.ask("PUT", path, body(shared=True))) == (428, "precondition_required")
    assert problem(await admin.ask("DELETE", path)) == (428, "precondition_required")
    other = Person(admin.gateway, BOB, "admin")
    assert (await other.ask("PUT", path, body("B", shared=True), version=1)).status_code == 200
    for method, given in (("PUT", body("C", shared=True)), ("DELETE", None)):
        answer = await admin.ask(method, path, given, version=1)
        assert (problem(answer), answer.headers["etag"]) == ((412, "precondition_failed"), '"2"')
        current = answer.json()["current"]
        newest = await ada.get(path)
        assert current == {name: newest[name] for name in ("version", "updated_at", "updated_by", "updated_by_name")}
        assert current["updated_by"] == BOB
    assert problem(await admin.ask("PUT", path, body(shared=True), version='W/"2"')) == (412, "precondition_failed")
    assert (await admin.ask("DELETE", path, version=2)).status_code == 204
    assert problem(await admin.ask("GET", path)) == (404, "not_found")


async def test_one_of_many_changes_of_the_same_version_succeeds(ada: Person, database: Database) -> None:
    made = await ada.post(PATH, body())
    path = f"{PATH}/{made['id']}"

    async def save(n: int) -> int:
        return (await ada.ask("PUT", path, body(f"Name {n}"), version=1)).status_code

    assert Counter(await asyncio.gather(*map(save, range(20)))) == {200: 1, 412: 19}
    assert len((await ada.get(f"{path}/versions"))["items"]) == 2


async def test_a_repeated_request_with_its_key_creates_one_dashboard(ada: Person) -> None:
    key = str(uuid4())
    answers = [await ada.ask("POST", PATH, body(), key=key) for _ in range(3)]
    assert {(answer.status_code, answer.json()["id"], answer.headers["etag"]) for answer in answers} == {
        (201, answers[0].json()["id"], '"1"')
    }
    large = body(panels=[text(id=f"p{n}", text="x" * 4_000) for n in range(20)])
    first = await ada.ask("POST", PATH, large, key=(key := str(uuid4())))
    assert first.status_code == 201
    assert problem(await ada.ask("POST", PATH, large, key=key)) == (409, "idempotency_answer_lost")
    assert len((await ada.get(PATH))["items"]) == 2


async def test_lists_have_pages_in_the_order_of_names(ada: Person, admin: Person) -> None:
    for name in ("b", "A", "c/d", "B", "Ä"):
        await ada.post(PATH, body(name))
    await admin.post(PATH, body("a", shared=True))
    await admin.post(PATH, body("not Ada's"))
    whole = (await ada.get(PATH))["items"]
    assert [one["name"].lower() for one in whole] == ["a", "a", "b", "b", "c/d", "ä"]
    for limit in (1, 2, 5, 6):
        found: list[Any] = []
        after: str | None = ""
        while after is not None:
            page = await ada.get(f"{PATH}?limit={limit}" + (f"&after={after}" if after else ""))
            assert len(page["items"]) <= limit
            found, after = found + page["items"], page["next"]
        assert found == whole
    first = await ada.get(f"{PATH}?limit=1")
    assert first["next"] == f"{whole[0]['id']}/1", "a name would be in the logs of proxies"
    owner, renamed = (admin if whole[0]["shared"] else ada), body("zz", shared=whole[0]["shared"])
    assert (await owner.ask("PUT", f"{PATH}/{whole[0]['id']}", renamed, version=1)).status_code == 200
    assert (await ada.get(f"{PATH}?limit=1&after={first['next']}"))["items"] == [whole[1]], "renames lose nothing"
    for foreign in ("nothing", f"{uuid4()}/", f"{uuid4()}/%00", f"{uuid4()}/1", f"{whole[0]['id']}/{2**63}"):
        assert problem(await ada.ask("GET", f"{PATH}?after={foreign}")) == (422, "foreign_cursor")


async def test_an_account_owns_fifty_dashboards_however_many_it_creates_at_once(
    ada: Person, bob: Person, database: Database
) -> None:
    await ada.post(PATH, body())
    async with database.connection() as connection:
        await copies(connection, 46)

    async def create(n: int) -> int:
        return (await ada.ask("POST", PATH, body(f"New {n}"))).status_code

    assert Counter(await asyncio.gather(*map(create, range(8)))) == {201: 3, 409: 5}
    assert problem(await ada.ask("POST", PATH, body())) == (409, "too_many_own")
    await bob.post(PATH, body())


async def test_a_dashboard_that_is_being_created_counts(ada: Person, database: Database) -> None:
    await ada.post(PATH, body())
    async with database.connection() as connection:
        await copies(connection, 48)
    async with asyncio.TaskGroup() as group, database.transaction() as other:
        await SavedObjectStore(database, "dashboard").counts(other, ADA)
        asking = group.create_task(ada.ask("POST", PATH, body()))

        async def waits() -> bool:
            return len(await lock_waiters(database, "pg_advisory_xact_lock")) == 1

        await eventually(waits)
        await other.execute(
            "INSERT INTO saved_object SELECT gen_random_uuid(), kind, name, shared, owner, owner_name, version, "
            "created_at FROM saved_object LIMIT 1"
        )
    assert problem(asking.result()) == (409, "too_many_own")


async def test_two_hundred_dashboards_are_shared_at_most(admin: Person, database: Database) -> None:
    await admin.post(PATH, body(shared=True))
    async with database.connection() as connection:
        await copies(connection, 199, owner=BOB)
    assert problem(await admin.ask("POST", PATH, body(shared=True))) == (409, "too_many_shared")
    private = await admin.post(PATH, body())
    answer = await admin.ask("PUT", f"{PATH}/{private['id']}", body(shared=True), version=1)
    assert problem(answer) == (409, "too_many_shared")
    shared = next(
        one for one in (await admin.get(f"{PATH}?limit=250"))["items"] if one["owner"] == EVE and one["shared"]
    )
    assert (await admin.ask("PUT", f"{PATH}/{shared['id']}", body(shared=True), version=1)).status_code == 200


async def copies(connection: Any, n: int, owner: str | None = None) -> None:
    """Copies the only dashboard, for another owner if given."""
    await connection.execute(
        "WITH made AS (INSERT INTO saved_object SELECT gen_random_uuid(), kind, name, shared, coalesce($2, owner), "
        "owner_name, version, created_at FROM saved_object, generate_series(1, $1) RETURNING id) "
        "INSERT INTO saved_object_version SELECT made.id, version, name, shared, content, panels, updated_at, "
        "updated_by, updated_by_name FROM saved_object_version, made",
        n,
        owner,
    )


async def test_the_trail_records_changes_of_shared_dashboards_without_their_content(
    ada: Person, admin: Person, database: Database
) -> None:
    private = await ada.post(PATH, body("Private"))
    await ada.ask("PUT", f"{PATH}/{private['id']}", body("Private too"), version=1)
    await ada.ask("DELETE", f"{PATH}/{private['id']}", version=2)
    assert await audited(database) == []
    made = await admin.post(PATH, body("Draft"))
    path, target = f"{PATH}/{made['id']}", f"dashboard:{made['id']}"
    await admin.ask("PUT", path, body("Hall", shared=True), version=1)
    await admin.ask("PUT", path, body("Hall B", shared=True), version=2)
    await admin.ask("DELETE", path, version=3)
    found = [
        (kind, where, json.loads(before or "null"), json.loads(after or "null"))
        for kind, where, before, after in await audited(database)
    ]

    def detail(version: int, name: str) -> dict[str, object]:
        return {"version": version, "shared": True, "owner": EVE, "name": name}

    assert found == [
        ("dashboard_changed", target, {"version": 1, "shared": False, "owner": EVE}, detail(2, "Hall")),
        ("dashboard_changed", target, detail(2, "Hall"), detail(3, "Hall B")),
        ("dashboard_deleted", target, detail(3, "Hall B"), None),
    ]


BAD: list[tuple[str, Any]] = [
    ("a blank name", body(" \t")),
    ("a long name", body("x" * 81)),
    ("NUL in a name", body("a\x00b")),
    ("a line break in a name", body("a\nb")),
    ("an unknown field", body() | {"owner": BOB}),
    ("a missing field", {"name": "a", "shared": False}),
    ("text as a switch", body() | {"shared": "true"}),
    ("an unknown kind", body(panels=[frame("map")])),
    ("61 panels", body(panels=[text(id=f"p{n}") for n in range(61)])),
    ("equal panel ids", body(panels=[text(), NUMBER])),
    ("an invalid panel id", body(panels=[text(id="a b")])),
    ("a panel beyond the grid", body(panels=[text(x=10, w=3)])),
    ("a negative place", body(panels=[text(x=-1)])),
    ("a panel without height", body(panels=[text(h=0)])),
    ("a fraction as a place", body(panels=[text(y=0.5)])),
    ("a long title", body(panels=[text(title="x" * 121)])),
    ("a long text", body(panels=[text(text="x" * 4_001)])),
    ("NUL in a text", body(panels=[text(text="\x00")])),
    ("51 series in a chart", body(panels=[CHART | {"series": list(range(51))}])),
    ("201 series in a table", body(panels=[TABLE | {"series": list(range(201))}])),
    ("a series twice", body(panels=[CHART | {"series": [1, 1]}])),
    ("a series id as text", body(panels=[NUMBER | {"series": "1"}])),
    ("a series id that is true", body(panels=[NUMBER | {"series": True}])),
    ("a huge series id", body(panels=[NUMBER | {"series": 2**31}])),
    (
        "501 series",
        body(panels=[TABLE | {"id": f"p{n}", "series": list(range(n * 167, n * 167 + 167))} for n in range(3)]),
    ),
    ("nine limits", body(panels=[NUMBER | {"limits": [LIMIT] * 9}])),
    ("an unknown severity", body(panels=[NUMBER | {"limits": [LIMIT | {"severity": "fatal"}]}])),
    ("a limit that is text", body(panels=[NUMBER | {"limits": [LIMIT | {"value": "80"}]}])),
    ("a limit that is true", body(panels=[NUMBER | {"limits": [LIMIT | {"value": True}]}])),
    ("seven decimals", body(panels=[NUMBER | {"decimals": 7}])),
    ("a long unit", body(panels=[NUMBER | {"unit": "x" * 33}])),
    ("a fixed axis without bounds", body(panels=[CHART | {"axis": {"mode": "fixed", "min": 1, "max": None}}])),
    ("a reversed axis", body(panels=[CHART | {"axis": {"mode": "fixed", "min": 2, "max": 2}}])),
    ("a logarithmic axis from zero", body(panels=[CHART | {"axis": {"mode": "log", "min": 0, "max": 2}}])),
    ("a reversed gauge", body(panels=[GAUGE | {"min": 1, "max": 1}])),
    ("a long label", body(panels=[SWITCH | {"labels": {"on": "x" * 21, "off": ""}}])),
]


async def test_bad_input_is_refused_with_the_place_of_the_mistake_and_saves_nothing(ada: Person) -> None:
    for what, given in BAD:
        answer = await ada.ask("POST", PATH, given)
        assert problem(answer) == (422, "invalid_request"), (what, answer.text)
        assert answer.json()["errors"], what
    headers = {"Authorization": f"Bearer {token(account=ADA)}", "Content-Type": "application/json"}
    for raw in (
        json.dumps(body(panels=[NUMBER | {"limits": [LIMIT]}])).replace("80.5", "1e999"),
        json.dumps(body(panels=[GAUGE])).replace("-1.5", "NaN"),
        json.dumps(body()).replace("Press", "\\ud800"),
        json.dumps(body()).replace("Ada", "\\udfff"),
        "[" * 100_000,
    ):
        answer = await ada.gateway.http.post(f"/api/telemetry{PATH}", content=raw, headers=headers)
        assert answer.status_code in {400, 422}, (raw[:80], answer.text)
    assert (await ada.get(PATH))["items"] == []


async def test_a_dashboard_has_at_most_256_kib(ada: Person) -> None:
    fits = body(panels=[text(id=f"p{n}", text="x" * 4_000) for n in range(60)])
    assert 64 * 1024 < len(json.dumps(fits)) < MAX_DASHBOARD
    made = await ada.post(PATH, fits)
    wide = body(panels=[text(id=f"p{n}", text="€" * 4_000) for n in range(60)])
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{made['id']}")):
        answer = await ada.ask(method, path, wide, version=1)
        assert problem(answer) == (413, "too_large")
        assert str(MAX_DASHBOARD) in answer.json()["detail"]
    assert (await ada.get(f"{PATH}/{made['id']}"))["panels"] == fits["panels"]


async def test_dashboards_need_a_sign_in(started: Gateway) -> None:
    assert (await started.http.get(f"/api/telemetry{PATH}")).status_code == 401
    assert (await started.http.post(f"/api/telemetry{PATH}", json=body())).status_code == 401
