"""A repeated POST with the same key is executed once and gets the same response. Responses are stored sealed."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import asyncpg
import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from pulse_chassis.http.app import Health, RequestMiddleware, create_app
from pulse_chassis.http.idempotency import IdempotencyKey, IdempotentRoute
from pulse_chassis.identity.principal import RULES, CurrentPrincipal, Principals
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import DomainError
from pulse_jose import SigningKey
from pulse_jose.claims import Claims
from pulse_jose.signing import TokenSigner
from pulse_postgres import Audit, AuditEntry, Database
from pulse_postgres.database import PoolSettings
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually

SQL = [files("pulse_postgres.tables").joinpath(f"{name}.sql") for name in ("audit", "idempotency", "idempotency_done")]
SIGNER = SigningKey.generate(kid="k1")
KEY = "0b6f6a52-5f2e-4f43-9d51-2f4a1c0f8f6e"
Made = Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]


class NewThing(BaseModel):
    name: str


class Taken(DomainError):
    code, status = "taken", 409


class World:
    """An app that creates items with unique names and counts the attempts."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.created: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.clock = clock
        router = APIRouter(route_class=IdempotentRoute)

        @router.post("/things", status_code=201)
        async def make(thing: NewThing, principal: CurrentPrincipal, _: IdempotencyKey = None) -> dict[str, str]:
            self.created.append(thing.name)
            await self.hold.wait()
            async with database.transaction() as connection:
                await Audit(bytes(32)).append(connection, AuditEntry("thing_made"), datetime(2026, 1, 1, tzinfo=UTC))
                if thing.name == "rolled back":
                    raise RuntimeError("a bug")
            if thing.name == "taken":
                raise Taken("the name is taken")
            if thing.name == "bug":
                raise RuntimeError("a bug")
            return {"secret": f"secret-of-{thing.name}-{len(self.created)}", "owner": principal.account}

        metrics = Metrics()
        app = create_app("test", "1", [router], health=Health(), metrics=metrics)
        app.state.principals = Principals(time.time)
        app.state.principals.replace_keys([SIGNER.verification_key()])
        app.state.database, app.state.clock = database, clock
        self.app = RequestMiddleware(app, metrics)


def headers(
    account: str = "ada", key: str | None = KEY, scope: str | None = None, role: str = "user"
) -> dict[str, str]:
    now = int(time.time())
    claims = Claims("precisionpulse", "pulse", account, "j", "s", role, "a@b.c", "A", now, now + 300, scope)
    found = {"Authorization": f"Bearer {TokenSigner(SIGNER, RULES).sign(claims)}"}
    return found if key is None else found | {"Idempotency-Key": key}


async def tables(url: str) -> None:
    connection = await asyncpg.connect(url)
    for file in SQL:
        await connection.execute(file.read_text())
    await connection.close()


@pytest.fixture
async def database(new_database: Made) -> AsyncIterator[Database]:
    async with Database(PoolSettings(await new_database("audit", tables))) as opened:
        yield opened


@pytest.fixture
def world(database: Database, clock: FakeClock) -> World:
    return World(database, clock)


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(world.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_repeated_request_is_executed_once_with_the_same_response(
    world: World, http: httpx.AsyncClient, database: Database
) -> None:
    first = await http.post("/things", json={"name": "one"}, headers=headers())
    again = await http.post("/things", json={"name": "one"}, headers=headers())
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert world.created == ["one"]
    async with database.connection() as connection:
        stored = str(await connection.fetch("SELECT * FROM idempotency"))
    assert "secret-of" not in stored
    assert KEY not in stored
    assert re.search(r"answer='[\w-]+\.", stored)


async def test_a_token_with_fewer_permissions_does_not_get_the_stored_response(
    world: World, http: httpx.AsyncClient
) -> None:
    await http.post("/things", json={"name": "one"}, headers=headers())
    narrowed = headers(scope="telemetry.read")
    answer = await http.post("/things", json={"name": "one"}, headers=narrowed)
    assert "idempotency-replayed" not in answer.headers
    assert world.created == ["one", "one"], "this route asks for no permission; one that does would have refused"


async def test_a_request_without_the_same_key_and_account_is_executed_again(
    world: World, http: httpx.AsyncClient
) -> None:
    for sent_headers in (headers(), headers(key=None), headers(key=KEY[::-1]), headers("bob")):
        assert (await http.post("/things", json={"name": "one"}, headers=sent_headers)).status_code == 201
    assert len(world.created) == 4


@pytest.mark.parametrize("key", ["", "short", "x" * 129, "has a space in the middle", "späßchen-späßchen"])
async def test_an_invalid_key_is_rejected(world: World, http: httpx.AsyncClient, key: str) -> None:
    sent_headers = {name.encode(): value.encode() for name, value in headers(key=None).items()}
    answer = await http.post(
        "/things", json={"name": "one"}, headers=sent_headers | {b"Idempotency-Key": key.encode("latin-1")}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_unfit")
    assert world.created == []


async def test_a_key_of_a_different_request_is_rejected(world: World, http: httpx.AsyncClient) -> None:
    await http.post("/things", json={"name": "one"}, headers=headers())
    answer = await http.post("/things", json={"name": "two"}, headers=headers())
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert world.created == ["one"]


async def test_fifty_concurrent_requests_are_executed_once(world: World, http: httpx.AsyncClient) -> None:
    world.hold.clear()
    tasks = [asyncio.create_task(http.post("/things", json={"name": "one"}, headers=headers())) for _ in range(50)]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    while len(waiting) > 1:
        more, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        done |= more
    world.hold.set()
    done |= (await asyncio.wait(waiting, timeout=20))[0]
    answers = sorted(task.result().status_code for task in done)
    assert answers == [201] + [409] * 49
    assert world.created == ["one"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("taken", 409), pytest.param("rolled back", 500, marks=pytest.mark.announces_log("request_failed"))],
)
async def test_a_failed_request_may_be_repeated(world: World, http: httpx.AsyncClient, name: str, status: int) -> None:
    for _ in range(2):
        assert (await http.post("/things", json={"name": name}, headers=headers())).status_code == status
    assert world.created == [name, name]


async def test_the_key_of_a_dead_process_is_unlocked_after_a_minute(
    world: World, http: httpx.AsyncClient, database: Database
) -> None:
    await http.post("/things", json={"name": "one"}, headers=headers())
    async with database.connection() as connection:
        await connection.execute("UPDATE idempotency SET answer = NULL, done = false")
    assert (await http.post("/things", json={"name": "one"}, headers=headers())).status_code == 409
    world.clock.advance(timedelta(seconds=61))
    assert (await http.post("/things", json={"name": "one"}, headers=headers())).status_code == 201


@pytest.mark.announces_log("request_failed")
async def test_a_committed_request_is_never_executed_again_if_its_response_is_lost(
    world: World, http: httpx.AsyncClient
) -> None:
    assert (await http.post("/things", json={"name": "bug"}, headers=headers())).status_code == 500
    codes = []
    for seconds in (0, 61, 3600):
        world.clock.advance(timedelta(seconds=seconds))
        answer = await http.post("/things", json={"name": "bug"}, headers=headers())
        codes.append((answer.status_code, answer.json()["code"]))
    assert codes == [(409, "idempotency_in_progress"), *[(409, "idempotency_answer_lost")] * 2]
    assert world.created == ["bug"]


async def test_a_request_whose_key_was_taken_over_changes_nothing(
    world: World, http: httpx.AsyncClient, database: Database
) -> None:
    world.hold.clear()
    slow = asyncio.create_task(http.post("/things", json={"name": "one"}, headers=headers()))
    await eventually(lambda: world.created == ["one"])
    world.clock.advance(timedelta(seconds=61))
    other = asyncio.create_task(http.post("/things", json={"name": "one"}, headers=headers()))
    await eventually(lambda: world.created == ["one", "one"])
    world.hold.set()
    assert sorted([(await slow).status_code, (await other).status_code]) == [201, 409]
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit") == 1


async def test_a_key_is_deleted_after_a_day(world: World, http: httpx.AsyncClient) -> None:
    await http.post("/things", json={"name": "one"}, headers=headers())
    world.clock.advance(timedelta(hours=25))
    await http.post("/things", json={"name": "one"}, headers=headers())
    assert world.created == ["one", "one"]


async def test_a_request_without_a_token_is_rejected(http: httpx.AsyncClient) -> None:
    answer = await http.post("/things", json={"name": "one"}, headers={"Idempotency-Key": KEY})
    assert answer.status_code == 401


async def test_a_stored_response_for_privileged_callers_needs_fresh_revocations(
    world: World, http: httpx.AsyncClient
) -> None:
    as_administrator = headers(role="admin")
    assert (await http.post("/things", json={"name": "one"}, headers=as_administrator)).status_code == 201
    again = await http.post("/things", json={"name": "one"}, headers=as_administrator)
    assert (again.status_code, again.json()["code"], world.created) == (503, "revocations_unknown", ["one"])
