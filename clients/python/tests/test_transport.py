"""Authentication, retries and errors of calls, against a mock transport."""

from collections.abc import Callable

import httpx
import pytest

from pulse_client import ApiKey, Password, PulseClient, PulseError, SecondFactorRequired

ACCOUNT = {
    "id": "00000000-0000-4000-8000-000000000001",
    "email": "ada@example.org",
    "name": "Ada",
    "role": "admin",
    "active": True,
    "state": "active",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
    "version": 7,
    "a field of tomorrow": 1,
}
Answer = Callable[[httpx.Request], httpx.Response]


class Server:
    """Returns the given responses in order, and records the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.tokens = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path in {"/api/auth/token", "/api/auth/login"}:
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"token-{self.tokens}", "expires_in": 300})
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(server: Answer, credentials: ApiKey | Password | None = None, retry_seconds: float = 30.0) -> PulseClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(server))
    return PulseClient("http://pulse", credentials or ApiKey("pp_x"), http=http, retry_seconds=retry_seconds)


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = {"code": code, "detail": "the detail", "request_id": "r1"}
    return httpx.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def test_a_token_is_reused_and_renewed_after_a_401() -> None:
    server = Server(
        httpx.Response(200, json=ACCOUNT),
        httpx.Response(200, json=ACCOUNT),
        problem(401, "not_signed_in"),
        httpx.Response(200, json=ACCOUNT),
    )
    pulse = client(server)
    for _ in range(3):
        assert (await pulse.profile()).version == 7
    assert server.tokens == 2
    assert [r.headers["authorization"] for r in server.requests][-2:] == ["Bearer token-1", "Bearer token-2"]


async def test_a_second_401_is_raised() -> None:
    server = Server(problem(401, "not_signed_in"), problem(401, "not_signed_in"))
    with pytest.raises(PulseError) as refused:
        await client(server).profile()
    assert (refused.value.status, refused.value.code, refused.value.request_id) == (401, "not_signed_in", "r1")


async def test_a_busy_service_is_retried_and_a_post_keeps_its_key() -> None:
    server = Server(
        problem(503, "unavailable", retry_after="0"),
        problem(429, "rate_limited", retry_after="0"),
        httpx.Response(201, json=ACCOUNT),
    )
    made = await client(server).create_account("ada@example.org", "Ada")
    assert made.email == "ada@example.org"
    keys = {request.headers["idempotency-key"] for request in server.requests}
    assert len(server.requests) == 3
    assert len(keys) == 1


async def test_retries_end() -> None:
    with pytest.raises(PulseError) as refused:
        await client(Server(problem(503, "unavailable", retry_after="60")), retry_seconds=1).profile()
    assert (refused.value.code, refused.value.retry_after) == ("unavailable", 60)


async def test_a_connection_error_has_its_own_code() -> None:
    with pytest.raises(PulseError) as refused:
        await client(Server(httpx.ConnectError("nobody there")), retry_seconds=0).profile()
    assert (refused.value.status, refused.value.code) == (0, "unreachable")


async def test_updates_name_the_version_they_are_based_on() -> None:
    server = Server(
        httpx.Response(200, json=ACCOUNT), httpx.Response(200, json=ACCOUNT), problem(412, "precondition_failed")
    )
    pulse = client(server)
    account = await pulse.profile()
    await pulse.update_account(account, name="Ada L.")
    assert server.requests[1].headers["if-match"] == '"7"'
    with pytest.raises(PulseError, match="precondition_failed"):
        await pulse.toggle_account(account)


async def test_a_second_factor_is_required_or_answered() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/auth/login":
            return httpx.Response(401, json={"code": "second_factor_required", "challenge": "c1"})
        if request.url.path == "/api/auth/login/second-factor":
            assert b'"c1"' in request.content
            assert b'"123456"' in request.content
            return httpx.Response(200, json={"access_token": "t", "expires_at": "2026-01-01T00:00:00Z"})
        return httpx.Response(200, json=ACCOUNT)

    with pytest.raises(SecondFactorRequired):
        await client(server, Password("ada@example.org", "x")).profile()
    assert (await client(server, Password("ada@example.org", "x", lambda: "123456")).profile()).name == "Ada"


async def test_a_response_without_a_problem_document_is_an_error_too() -> None:
    with pytest.raises(PulseError, match="unavailable"):
        await client(Server(httpx.Response(502, text="<html>")), retry_seconds=0).profile()


def test_secrets_are_not_shown() -> None:
    assert "pp_x" not in repr(ApiKey("pp_x"))
    assert "hunter2" not in repr(Password("ada@example.org", "hunter2"))
