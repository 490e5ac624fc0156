"""The HTTP app of every service: problem documents, limits, request ids, principals and health."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from pulse_chassis.http.app import MAX_BODY, Health, RequestMiddleware, create_app
from pulse_chassis.http.problems import Overloaded
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.principal import RULES, Principals, current, require
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.auth import Revocations
from pulse_contracts.errors import DomainError, Unavailable
from pulse_jose import SigningKey
from pulse_jose.claims import Claims
from pulse_jose.signing import TokenSigner

KEY, OTHER = SigningKey.generate(kid="k1"), SigningKey.generate(kid="k1")
router = APIRouter()
limits = RateLimits()


class Thing(BaseModel):
    number: Annotated[int, Field(ge=0)]


class Taken(DomainError):
    code, status = "taken", 409


@router.post("/things")
async def make(thing: Thing) -> Thing:
    return thing


@router.get("/fail/{how}")
async def fail(how: str) -> None:
    raise {
        "domain": Taken("the name is taken"),
        "away": Unavailable("host db-7.internal refused"),
        "busy": Overloaded(timedelta(seconds=7)),
        "bug": RuntimeError("password=hunter2"),
    }[how]


@router.get("/slashed/")
async def slashed() -> dict[str, bool]:
    return {"ok": True}


@router.get("/mine", dependencies=[Depends(current)])
async def mine() -> dict[str, bool]:
    return {"ok": True}


@router.get("/admin", dependencies=[require("accounts.manage")])
async def admin() -> dict[str, bool]:
    return {"ok": True}


@router.get("/limited/{key}")
async def limited(key: str) -> dict[str, bool]:
    await limits.check("things", "2/minute", key)
    return {"ok": True}


class World:
    """The app and its dependencies."""

    def __init__(self) -> None:
        self.health, self.metrics, self.principals = Health(), Metrics(), Principals(time.time)
        self.principals.apply_revocations(Revocations(at=int(time.time() * 1e6), recent=[]))
        self.is_up = True

        async def up() -> bool:
            return self.is_up

        self.health.checks = {"database": up}
        app = create_app("test", "1", [router], health=self.health, metrics=self.metrics)
        app.state.principals = self.principals
        self.inner, self.app = app, RequestMiddleware(app, self.metrics)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url="http://test") as client:
        yield client


def signed(key: SigningKey = KEY, role: str = "user", *, lifetime: int = 300, age: int = 0) -> dict[str, str]:
    now = int(time.time()) - age
    claims = Claims("precisionpulse", "pulse", "a", "j", "s", role, "a@b.c", "A", now, now + lifetime)
    return {"Authorization": f"Bearer {TokenSigner(key, RULES).sign(claims)}"}


@pytest.mark.parametrize("path", ["/mine", "/readyz", "/metrics", "/none", "/fail/domain"])
async def test_head_is_answered_like_get_without_the_body(http: httpx.AsyncClient, path: str) -> None:
    got, headed = await http.get(path), await http.head(path)
    assert headed.status_code == got.status_code
    assert headed.content == b""
    assert headed.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize(
    ("how", "status", "code", "retry"),
    [("domain", 409, "taken", None), ("away", 503, "unavailable", "2"), ("busy", 503, "unavailable", "7")],
)
async def test_failures_are_problem_documents_with_a_code(
    http: httpx.AsyncClient, how: str, status: int, code: str, retry: str | None
) -> None:
    answer = await http.get(f"/fail/{how}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"], answer.headers.get("retry-after")) == (status, code, retry)
    assert "db-7" not in answer.text


@pytest.mark.announces_log("request_failed")
async def test_a_bug_is_a_500_without_details_and_logged_once(http: httpx.AsyncClient, world: World) -> None:
    answer = await http.get("/fail/bug", headers={"X-Request-Id": "find-me"})
    assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (500, "internal", "find-me")
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    assert 'route="/fail/{how}",status="500"' in world.metrics.render().decode()


async def test_an_invalid_field_is_named_without_its_value(http: httpx.AsyncClient) -> None:
    answer = await http.post("/things", json={"number": "s3cret"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["loc"] == ["body", "number"]
    assert "s3cret" not in answer.text
    assert (await http.post("/things", content=b"{", headers={"content-type": "application/json"})).status_code == 422


async def chunks(size: int) -> AsyncIterator[bytes]:
    yield b'{"number": 1, "pad": "'
    for _ in range(size // 1024):
        yield b"x" * 1024
    yield b'"}'


async def test_a_body_that_is_too_large_is_413_with_and_without_content_length(http: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    announced = await http.post("/things", content=b"x" * (MAX_BODY + 1), headers=headers)
    streamed = await http.post("/things", content=chunks(MAX_BODY * 2), headers=headers)
    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert (await http.post("/things", content=chunks(MAX_BODY // 2), headers=headers)).status_code == 200


async def test_a_path_may_have_another_limit_for_bodies(world: World) -> None:
    app = RequestMiddleware(world.inner, Metrics(), {"/things": 2 * MAX_BODY})
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        assert (await http.post("/things", content=chunks(2 * MAX_BODY - 1024), headers=headers)).status_code == 200
        too_large = await http.post("/things/1", content=b"x" * (2 * MAX_BODY + 1), headers=headers)
        assert f"The limit is {2 * MAX_BODY} bytes" in too_large.json()["detail"]
        other = await http.post("/things-2", content=b"x" * (MAX_BODY + 1), headers=headers)
        assert f"The limit is {MAX_BODY} bytes" in other.json()["detail"]


@pytest.mark.parametrize(("given", "kept"), [("a-B_9", True), ("x" * 65, False), ("a b", False), ("a\tb", False)])
async def test_a_valid_request_id_of_the_client_is_used(http: httpx.AsyncClient, given: str, kept: bool) -> None:
    answer = await http.get("/livez", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is kept
    assert len(answer.headers["x-request-id"]) >= 5


async def test_without_keys_every_token_is_answered_with_503(http: httpx.AsyncClient) -> None:
    answer = await http.get("/mine", headers=signed())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


@pytest.mark.parametrize(
    ("headers", "path", "status", "code"),
    [
        ({}, "/mine", 401, "not_signed_in"),
        ({"Authorization": "Basic eDp5"}, "/mine", 401, "not_signed_in"),
        (signed(OTHER), "/mine", 401, "not_signed_in"),
        (signed(age=400), "/mine", 401, "not_signed_in"),
        (signed(role="root"), "/mine", 401, "not_signed_in"),
        (signed(role="user"), "/admin", 403, "forbidden"),
        (signed(role="admin"), "/admin", 200, None),
        (signed(), "/mine", 200, None),
    ],
    ids=["none", "basic", "other key", "over", "unknown role", "user", "admin", "good"],
)
async def test_the_token_decides(
    http: httpx.AsyncClient, world: World, headers: dict[str, str], path: str, status: int, code: str | None
) -> None:
    world.principals.replace_keys([KEY.verification_key()])
    answer = await http.get(path, headers=headers)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


async def test_a_request_beyond_the_limit_must_wait_and_other_keys_need_not(http: httpx.AsyncClient) -> None:
    codes = [(await http.get("/limited/a")).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    refused = await http.get("/limited/a")
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert (await http.get("/limited/b")).status_code == 200


async def test_readiness_reports_failed_checks_and_the_shutdown(http: httpx.AsyncClient, world: World) -> None:
    assert (await http.get("/startupz")).status_code == 503
    world.health.is_started = True
    assert (await http.get("/readyz")).json() == {"ready": True, "checks": {"database": True}}
    world.is_up = False
    assert (await http.get("/readyz")).status_code == 503
    world.is_up, world.health.is_stopping = True, True
    assert (await http.get("/readyz")).json() == {"ready": False, "checks": {"database": True}}
    assert (await http.get("/livez")).status_code == 200


async def test_unknown_routes_and_methods_are_problem_documents_and_one_metric(
    http: httpx.AsyncClient, world: World
) -> None:
    for number in range(3):
        assert (await http.get(f"/nothing/{number}")).json()["code"] == "not_found"
    assert (await http.delete("/things")).json()["code"] == "method_not_allowed"
    assert "/nothing" not in world.metrics.render().decode()


@pytest.mark.parametrize("path", ["/mine/", "/things/", "/slashed", "/livez/", "/nothing/"])
async def test_a_missing_or_extra_slash_is_not_redirected(http: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "location" not in answer.headers


async def test_invented_methods_share_one_metric(http: httpx.AsyncClient, world: World) -> None:
    for number in range(3):
        for path in ("/things", "/nothing"):
            assert (await http.request(f"INVENTED{number}", path)).status_code in {404, 405}
    metrics_text = world.metrics.render().decode()
    assert "INVENTED" not in metrics_text
    assert 'method="OTHER"' in metrics_text
