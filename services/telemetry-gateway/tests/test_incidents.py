"""Incidents: who may report them, that everybody sees them, that no change is lost, their limits, and the audit
trail."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.model.incidents import INCIDENTS_MAX
from pulse_testkit.servers import Servers

from .conftest import PASSWORD
from .saving import ADA, BOB, EVE, Person, audited, problem
from .system import Gateway, gateway

pytestmark = pytest.mark.servers
PATH = "/incidents"


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, has_intake=False, history_deadline=50) as opened:
        yield opened


@pytest.fixture
def admin(started: Gateway) -> Person:
    return Person(started, EVE, "admin")


@pytest.fixture
def viewer(started: Gateway) -> Person:
    return Person(started, BOB, "viewer")


def incident(**more: Any) -> dict[str, Any]:
    return {
        "title": "Live view slow",
        "text": "A report holds back the live view.\nIt is being changed.",
        "services": ["telemetry-gateway"],
        "started_at": "2026-11-20T09:02:00Z",
        "ended_at": None,
    } | more


async def test_a_viewer_reads_what_an_administrator_reported(admin: Person, viewer: Person, database: Database) -> None:
    answer = await admin.ask("POST", PATH, incident(title="  <b>Update</b> 🏭 "))
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    made = answer.json()
    assert answer.headers["location"] == f"/api/telemetry{PATH}/{made['id']}"
    assert made == incident(
        title="<b>Update</b> 🏭",
        id=made["id"],
        version=1,
        created_at=made["created_at"],
        created_by=EVE,
        created_by_name=made["created_by_name"],
        updated_at=made["created_at"],
        updated_by=EVE,
        updated_by_name=made["created_by_name"],
    )
    assert await viewer.get(PATH) == {"items": [made], "next": None}
    read = await viewer.ask("GET", f"{PATH}/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    ((kind, target, before, after),) = await audited(database)
    assert (kind, target, before) == ("incident_reported", f"incident:{made['id']}", None)
    assert json.loads(str(after))["title"] == "<b>Update</b> 🏭"


@pytest.mark.parametrize("role", ["user", "viewer"])
async def test_only_administrators_report_change_and_delete(started: Gateway, admin: Person, role: str) -> None:
    made = await admin.post(PATH, incident())
    other = Person(started, ADA, role)
    for method, path, body in (
        ("POST", PATH, incident()),
        ("PUT", f"{PATH}/{made['id']}", incident()),
        ("DELETE", f"{PATH}/{made['id']}", None),
    ):
        refused = await other.ask(method, path, body, version=1)
        assert problem(refused) == (403, "forbidden"), method
    assert (await other.get(PATH))["items"] == [made]


async def test_an_incident_is_closed_and_no_change_of_another_administrator_is_lost(
    admin: Person, viewer: Person, database: Database
) -> None:
    made = await admin.post(PATH, incident())
    path = f"{PATH}/{made['id']}"
    assert problem(await admin.ask("PUT", path, incident())) == (428, "precondition_required")
    closed = await admin.ask("PUT", path, incident(ended_at="2026-11-20T09:06:00Z"), version=1)
    assert (closed.status_code, closed.headers["etag"]) == (200, '"2"')
    late = await admin.ask("PUT", path, incident(title="Late"), version=1)
    assert problem(late) == (412, "precondition_failed")
    assert late.json()["current"]["version"] == 2
    assert problem(await admin.ask("DELETE", path, version=1)) == (412, "precondition_failed")
    (found,) = (await viewer.get(PATH))["items"]
    assert (found["title"], found["ended_at"]) == ("Live view slow", "2026-11-20T09:06:00Z")
    assert (await admin.ask("DELETE", path, version=2)).status_code == 204
    assert problem(await admin.ask("PUT", path, incident(), version=2)) == (404, "not_found")
    assert (await viewer.get(PATH))["items"] == []
    assert [kind for kind, *_ in await audited(database)] == [
        "incident_reported",
        "incident_changed",
        "incident_deleted",
    ]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"ended_at": "2026-11-20T09:01:59Z"}, "incident_ends_before_start"),
        ({"title": "   "}, "invalid"),
        ({"title": "x" * 121}, "invalid"),
        ({"title": "a\nb"}, "invalid"),
        ({"text": "x" * 2_001}, "invalid"),
        ({"text": "a\u0000b"}, "invalid"),
        ({"services": ["web"]}, "invalid"),
        ({"services": ["users"] * 7}, "invalid"),
        ({"started_at": "2026-11-20T09:02:00"}, "invalid"),
        ({"started_at": "1969-12-31T23:59:59Z"}, "invalid"),
        ({"started_at": None}, "invalid"),
        ({"started_at": 1_763_629_320}, "invalid"),
        ({"started_at": "1763629320"}, "invalid"),
        ({"started_at": "2026-11-20"}, "invalid"),
        ({"started_at": "2255-06-01T00:00:00Z"}, "invalid"),
        ({"color": "red"}, "invalid"),
    ],
)
async def test_an_invalid_incident_is_refused(admin: Person, bad: dict[str, Any], code: str) -> None:
    status, found = problem(await admin.ask("POST", PATH, incident(**bad)))
    assert status == 422
    assert found.startswith(code)
    assert (await admin.get(PATH))["items"] == []


async def test_the_list_has_pages_with_the_newest_first(admin: Person, viewer: Person) -> None:
    for minute in (3, 1, 2, 2):
        await admin.post(PATH, incident(title=str(minute), started_at=f"2026-11-20T09:0{minute}:00.000001Z"))
    found: list[str] = []
    after = ""
    while True:
        page = await viewer.get(f"{PATH}?limit=1{after}")
        found += [one["title"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == ["3", "2", "2", "1"]
    for cursor in ("x", "1/2", f"{10**30}/{uuid4()}"):
        assert problem(await viewer.ask("GET", f"{PATH}?after={cursor}"))[0] == 422, cursor


async def test_a_repeated_request_reports_once(admin: Person) -> None:
    key = str(uuid4())
    first = await admin.ask("POST", PATH, incident(), key=key)
    again = await admin.ask("POST", PATH, incident(), key=key)
    assert first.json() == again.json()
    assert [UUID(one["id"]) for one in (await admin.get(PATH))["items"]] == [UUID(first.json()["id"])]


async def test_there_are_at_most_a_thousand_incidents(admin: Person, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO incident SELECT gen_random_uuid(), 'x', '', '{}', now(), NULL, 1, now(), '', '', now(), '', "
            "'' FROM generate_series(1, $1)",
            INCIDENTS_MAX,
        )
    assert problem(await admin.ask("POST", PATH, incident())) == (409, "too_many_incidents")
