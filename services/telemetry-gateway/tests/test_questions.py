"""Saved questions follow the rules of dashboards (`test_dashboards.py`), and share nothing with them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_testkit.servers import Servers

from .conftest import PASSWORD
from .saving import ADA, BOB, EVE, Person, audited, problem
from .system import Gateway, gateway

pytestmark = pytest.mark.servers
PATH = "/questions"


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, has_intake=False, history_deadline=50) as opened:
        yield opened


def body(name: str = "Oil", *, shared: bool = False, query: str = "series=1,2&range=24h&tz=Europe%2FBerlin") -> Any:
    return {"name": name, "query": query, "shared": shared}


async def test_a_question_is_private_until_an_administrator_shares_it(started: Gateway, database: Database) -> None:
    ada, bob, admin = Person(started, ADA), Person(started, BOB), Person(started, EVE, "admin")
    answer = await ada.ask("POST", PATH, body())
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    made = answer.json()
    assert made.items() >= (body() | {"owner": ADA, "owner_name": "A", "version": 1}).items()
    assert (await ada.get(PATH))["items"] == [made] == [await ada.get(f"{PATH}/{made['id']}")]
    for other in (bob, admin):
        assert (await other.get(PATH))["items"] == []
        assert problem(await other.ask("PUT", f"{PATH}/{made['id']}", body(), version="*")) == (404, "not_found")
    assert problem(await ada.ask("POST", PATH, body(shared=True))) == (403, "forbidden")
    shared = await admin.post(PATH, body("Shared", shared=True))
    path = f"{PATH}/{shared['id']}"
    assert await bob.get(path) == shared
    assert problem(await bob.ask("DELETE", path, version=1)) == (403, "forbidden")
    assert problem(await admin.ask("DELETE", path)) == (428, "precondition_required")
    assert (await admin.ask("PUT", path, body("Better", shared=True), version=1)).status_code == 200
    refused = await admin.ask("PUT", path, body(shared=True), version=1)
    assert (problem(refused), refused.json()["current"]["version"]) == ((412, "precondition_failed"), 2)
    assert (await admin.ask("DELETE", path, version=2)).status_code == 204
    kinds = [(kind, target) for kind, target, *_ in await audited(database) if kind != "access_refused"]
    assert kinds == [(f"question_{event}", f"question:{shared['id']}") for event in ("created", "changed", "deleted")]
    assert "series=1" not in json.dumps(await audited(database))


async def test_questions_and_dashboards_are_counted_and_listed_apart(started: Gateway) -> None:
    ada = Person(started, ADA)
    dashboard = await ada.post("/dashboards", {"name": "Hall", "shared": False, "panels": []})
    made = [await ada.post(PATH, body(f"{n:02}")) for n in range(50)]
    assert problem(await ada.ask("POST", PATH, body())) == (409, "too_many_own")
    await ada.post("/dashboards", {"name": "Other", "shared": False, "panels": []})
    assert (await ada.get(f"{PATH}?limit=49"))["items"] == made[:49]
    assert problem(await ada.ask("GET", f"{PATH}/{dashboard['id']}")) == (404, "not_found")
    assert problem(await ada.ask("DELETE", f"{PATH}/{dashboard['id']}", version="*")) == (404, "not_found")
    assert problem(await ada.ask("GET", f"/dashboards/{made[0]['id']}")) == (404, "not_found")


async def test_bad_input_saves_nothing(started: Gateway) -> None:
    ada = Person(started, ADA)
    mistakes: list[dict[str, Any]] = [{"name": ""}, {"query": "x" * 4_001}, {"query": "a\x00"}, {"query": 1}]
    for wrong in [*mistakes, {"shared": 0}, {"panels": []}]:
        assert problem(await ada.ask("POST", PATH, body() | wrong)) == (422, "invalid_request"), wrong
    assert (await ada.get(PATH))["items"] == []
