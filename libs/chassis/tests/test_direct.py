"""Direct routes: the same answers as everybody's, and no framework between a fitting request and its endpoint."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Request, Response, Security
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, StringConstraints
from starlette.background import BackgroundTask
from starlette.types import Message, Scope
from structlog.testing import capture_logs

from pulse_chassis.http.app import MAX_BODY, Envelope, Health, create_app
from pulse_chassis.http.direct import DirectRoute
from pulse_chassis.identity.principal import Principal, Principals, require
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role

direct = APIRouter(route_class=DirectRoute)
usual = APIRouter()
JSON = "application/json"


class Thing(BaseModel):
    name: Annotated[str, StringConstraints(min_length=1, max_length=8, strip_whitespace=True)]
    is_new: bool = True


class Taken(DomainError):
    code, status = "taken", 409


@direct.post("/direct", operation_id="direct")
@usual.post("/usual", operation_id="usual")
async def make(request: Request, thing: Thing) -> Response:
    request.app.state.made = getattr(request.app.state, "made", 0) + 1
    if thing.name == "taken":
        raise Taken("somebody has it")
    if thing.name == "broken":
        raise ZeroDivisionError
    by = "route" if "fastapi_function_astack" in request.scope else "direct"
    headers = {"x-by": by, "x-path": request.url.path}
    return Response(thing.model_dump_json(), 201, headers, media_type=JSON)


@direct.get("/direct/me", operation_id="direct_me")
@usual.get("/usual/me", operation_id="usual_me")
async def me(request: Request, caller: Annotated[Principal, require("accounts.read")]) -> Response:
    headers = {"x-by": "usual" if "fastapi_function_astack" in request.scope else "direct"}
    return Response(json.dumps({"name": caller.name}), 200, headers, media_type=JSON)


class _Principals(Principals):
    def __init__(self) -> None:
        super().__init__(lambda: 0.0)

    def verify(self, token: str) -> Principal:
        role: Role = "admin" if token == "admin" else "user"
        return Principal("a" * 36, "a@b.c", token, role, "s", 0, 300)

    def require_fresh(self) -> None:
        """Auth was heard."""


def app() -> Envelope:
    metrics = Metrics()
    made = create_app("test", "1", [direct, usual], health=Health(), metrics=metrics)
    made.state.principals = _Principals()
    return Envelope(made, metrics)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://test") as client:
        yield client


async def test_what_fits_goes_straight_there_and_by_way_of_the_middleware(http: httpx.AsyncClient) -> None:
    answer = await http.post("/direct", json={"name": " a ", "is_new": False}, headers={"x-request-id": "r1"})
    assert (answer.status_code, answer.json()) == (201, {"name": "a", "is_new": False})
    assert (answer.headers["x-by"], answer.headers["x-path"]) == ("direct", "/direct")
    assert answer.headers["x-request-id"] == "r1"
    assert (await http.post("/usual", json={"name": "a"})).headers["x-by"] == "route"
    assert 'route="/direct",status="201"' in (await http.get("/metrics")).text


MEMBERS = st.dictionaries(
    st.sampled_from(["name", "is_new", "other"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from(["taken", "yes", "\ud800"]),
)
BODIES = st.binary(max_size=30) | st.builds(
    lambda members, encoding: json.dumps(members).encode(encoding),
    MEMBERS,
    st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-8-sig"]),
)
TYPES = st.sampled_from([None, JSON, "application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", "a/b+json"])


@settings(max_examples=150, deadline=None)
@given(body=BODIES, content_type=TYPES, method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]))
@example(b'{"name": "taken"}', JSON, "POST")
@example(b'{"name": "a"}', JSON, "GET")
@example(b'{"name": "a", "name": "b"}', JSON, "POST")
@example(b'{"name": "a", "is_new": NaN}', JSON, "POST")
@example(b'{"name": "a"}{}', JSON, "POST")
@example(b"", JSON, "POST")
@example(b"[" * 10_000, JSON, "POST")
async def test_whatever_comes_is_answered_as_on_any_other_route(
    body: bytes, content_type: str | None, method: str
) -> None:
    headers = {"x-request-id": "r1"} | ({} if content_type is None else {"content-type": content_type})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://test") as client:
        ours, theirs = [
            await client.request(method, path, content=body, headers=headers) for path in ("/direct", "/usual")
        ]
    assert ours.status_code == theirs.status_code
    assert ours.content == theirs.content
    kept = [{k: v for k, v in answer.headers.items() if k not in {"x-by", "x-path"}} for answer in (ours, theirs)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("path", ["/direct", "/usual"])
async def test_a_body_that_is_too_large_is_refused(http: httpx.AsyncClient, path: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 1024 + 1):
            yield b"x" * 1024

    answer = await http.post(path, content=chunks(), headers={"content-type": JSON, "content-length": "10"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/direct", "/usual"])
async def test_who_hangs_up_before_the_body_is_there_is_no_bug_of_ours(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Message] = []
    headers = [(b"content-type", JSON.encode()), (b"content-length", b"9")]
    scope: Scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app()(scope, receive, send)
    assert sent[0]["status"] == 400
    assert not caplog.records


def test_both_are_documented_alike() -> None:
    paths = create_app("test", "1", [direct, usual], health=Health(), metrics=Metrics()).openapi()["paths"]
    assert paths["/direct"]["post"] | {"operationId": "usual"} == paths["/usual"]["post"]
    assert paths["/direct/me"]["get"] | {"operationId": "usual_me"} == paths["/usual/me"]["get"]
    assert paths["/direct/me"]["get"]["security"]


@pytest.mark.parametrize("path", ["/direct/me", "/usual/me"])
async def test_who_calls_is_found_out_on_both(http: httpx.AsyncClient, path: str) -> None:
    refused = await http.get(path)
    assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")
    forbidden = await http.get(path, headers={"authorization": "Bearer user"})
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "forbidden")
    answer = await http.get(path, headers={"authorization": "Bearer admin"})
    assert (answer.status_code, answer.json()) == (200, {"name": "admin"})
    assert answer.headers["x-by"] == path.split("/")[1]
    assert (await http.request("GET", path, content=b"{", headers={"authorization": "Bearer admin"})).status_code == 200
    unfit = await http.post(path)
    assert (unfit.status_code, unfit.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("name", ["taken", "broken"])
@pytest.mark.announces_log("request_failed")
async def test_what_an_endpoint_raises_is_answered_as_elsewhere_and_it_is_not_asked_again(name: str) -> None:
    metrics = Metrics()
    made = create_app("test", "1", [direct, usual], health=Health(), metrics=metrics)
    transport = httpx.ASGITransport(Envelope(made, metrics))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [
            await client.post(path, json={"name": name}, headers={"x-request-id": "r1"})
            for path in ("/direct", "/usual")
        ]
    assert made.state.made == 2
    assert [answer.status_code for answer in answers] == [409 if name == "taken" else 500] * 2
    assert answers[0].content == answers[1].content
    assert answers[0].headers == answers[1].headers


class _Later(Response):
    """Not plain: who knows what it does when its answer has begun."""


@pytest.mark.announces_log("request_failed")
@pytest.mark.parametrize(
    "wrong", [None, _Later(), Response(background=BackgroundTask(print))], ids=["none", "kind", "background"]
)
async def test_an_answer_that_is_not_plain_is_an_error_of_ours_and_not_asked_for_twice(wrong: Response | None) -> None:
    router, asked = APIRouter(route_class=DirectRoute), 0

    @router.post("/wrong")
    async def answer(request: Request, thing: Thing) -> Response:
        nonlocal asked
        asked += 1
        return wrong  # type: ignore[return-value]  # what is tried here

    metrics = Metrics()
    envelope = Envelope(create_app("test", "1", [router], health=Health(), metrics=metrics), metrics)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(envelope), base_url="http://test") as client:
        said = await client.post("/wrong", json={"name": "a"})
    assert (said.status_code, said.json()["code"], asked) == (500, "internal", 1)


@pytest.mark.announces_log("request_failed")
async def test_an_answer_that_cannot_be_sent_is_logged() -> None:
    body = b'{"name": "a"}'
    headers = [(b"content-type", JSON.encode()), (b"content-length", str(len(body)).encode())]
    scope: Scope = {"type": "http", "method": "POST", "path": "/direct", "query_string": b"", "headers": headers}
    scope["server"] = ("test", 80)

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(_: Message) -> None:
        raise RuntimeError("Invalid HTTP header value.")

    with capture_logs() as logs:
        await app()(scope, receive, send)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["request_failed"]


@pytest.mark.parametrize("root", ["/direct", "/d"])
async def test_below_a_root_path_the_router_decides(root: str) -> None:
    transport = httpx.ASGITransport(app(), root_path=root)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [await client.post(path, json={"name": "a"}) for path in ("/direct", root + "/direct")]
    assert [answer.status_code for answer in answers] == [404 if root == "/direct" else 201, 201]
    assert answers[1].headers["x-by"] == "route"


def test_a_direct_route_that_another_would_answer_for_is_refused() -> None:
    earlier, later = APIRouter(), APIRouter(route_class=DirectRoute)
    earlier.post("/{anything}")(make)
    later.post("/direct")(make)
    for routers in ([earlier, later], [later, later]):
        with pytest.raises(TypeError, match="already"):
            create_app("test", "1", routers, health=Health(), metrics=Metrics())
    create_app("test", "1", [later, earlier], health=Health(), metrics=Metrics())
    with pytest.raises(TypeError, match="wrap"):
        create_app("test", "1", [], health=Health(), metrics=Metrics()).add_middleware(Envelope, Metrics())


def test_an_endpoint_that_wants_more_is_refused_when_it_is_made() -> None:
    async def wants_more(request: Request, thing: Thing, other: int) -> Response:
        raise NotImplementedError

    async def says_too_little(request: Request, thing: Thing) -> Thing:
        raise NotImplementedError

    async def wants_any(request: Request, thing: Annotated[Thing, Depends(make)]) -> Response:
        raise NotImplementedError

    async def is_guarded_otherwise(request: Request, caller: Annotated[Principal, Security(make)]) -> Response:
        raise NotImplementedError

    for endpoint in (wants_more, says_too_little, wants_any, is_guarded_otherwise):
        with pytest.raises(TypeError, match="is not"):
            direct.post("/never")(endpoint)


def test_dependencies_are_refused_for_they_would_be_passed_over() -> None:
    with pytest.raises(TypeError, match="parameters"):
        direct.post("/never/{id}")(make)
    with pytest.raises(TypeError, match="dependencies"):
        direct.post("/never", dependencies=[Depends(make)])(make)
    with pytest.raises(TypeError, match="dependencies"):
        APIRouter(route_class=DirectRoute, dependencies=[Depends(make)]).post("/never")(make)
