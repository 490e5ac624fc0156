"""Sign-in and sign-out over HTTP with the real PostgreSQL: answers, back-off, limits and hostile input."""

import asyncio
import base64
import json
from datetime import timedelta
from ipaddress import ip_network

import httpx
import pytest

from pulse_auth.actions.signing_in import SignIn
from pulse_chassis.identity.proxies import Proxies
from pulse_postgres import DatabaseUnavailable, Rate

from .conftest import EMAIL, ORIGIN, OTHER_ORIGIN, PASSWORD, World, event

pytestmark = pytest.mark.servers


def token(answer: httpx.Response) -> str:
    return str(answer.cookies["pulse_rt"])


async def test_login_returns_the_token_and_sets_both_cookies(ada: World) -> None:
    answer = await ada.login(email=" ADA@EXAMPLE.ORG ")
    assert answer.status_code == 200
    body = answer.json()
    assert body["account"] == {
        "id": "00000000-0000-4000-8000-000000000001",
        "email": EMAIL,
        "name": "Ada",
        "role": "admin",
    }
    assert body["expires_at"] == "2026-01-01T00:05:00Z"
    at, rt, dv = answer.headers.get_list("set-cookie")
    assert at.startswith("pulse_at=")
    assert "HttpOnly; Max-Age=300; Path=/; SameSite=strict" in at
    assert rt.startswith("pulse_rt=")
    assert "HttpOnly; Max-Age=604800; Path=/; SameSite=strict" in rt
    assert dv.startswith("pulse_dv=")
    head = json.loads(base64.urlsafe_b64decode(body["access_token"].split(".")[0] + "=="))
    keys = (await ada.http.get("/api/auth/keys")).json()["keys"]
    assert head == {"alg": "ES256", "typ": "at+jwt", "kid": keys[0]["kid"]}
    assert set(keys[0]) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


async def test_a_session_without_remember_ends_with_the_browser(ada: World) -> None:
    answer = await ada.login(remember=False)
    assert "Max-Age" not in answer.headers.get_list("set-cookie")[1]


async def test_the_session_is_returned_for_a_cookie_and_a_bearer_token(ada: World) -> None:
    access = (await ada.login()).json()["access_token"]
    by_cookie = await ada.http.get("/api/auth/session")
    ada.http.cookies.clear()
    by_bearer = await ada.http.get("/api/auth/session", headers={"Authorization": f"Bearer {access}"})
    assert by_cookie.json() == by_bearer.json()
    assert by_bearer.json()["expires_at"] == "2026-01-01T00:05:00Z"
    neither = await ada.http.get("/api/auth/session")
    assert (neither.status_code, neither.json()["code"]) == (401, "not_signed_in")


async def test_unknown_disabled_and_wrong_password_get_the_same_answer(ada: World, digest: str) -> None:
    wrong = await ada.login("wrong password")
    unknown = await ada.login(email="nobody@example.org")
    empty = await ada.login("")
    await ada.mirror.apply(event(ada.clock, digest, version=2, active=False))
    off = await ada.login()
    answers = [wrong, unknown, empty, off]
    assert {answer.status_code for answer in answers} == {401}
    assert len({json.dumps(answer.json() | {"request_id": ""}) for answer in answers}) == 1
    assert not any(answer.headers.get_list("set-cookie") for answer in answers)


async def test_login_without_any_account_is_rejected_with_the_same_answer(world: World) -> None:
    assert (await world.login()).json()["code"] == "invalid_credentials"


async def test_logout_ends_the_session_at_once(ada: World) -> None:
    signed_in = await ada.login()
    answer = await ada.http.post("/api/auth/logout", headers={"X-Pulse-CSRF": "1", "Origin": ORIGIN})
    assert answer.status_code == 204
    assert all("Max-Age=0" in line for line in answer.headers.get_list("set-cookie"))
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert (await ada.http.get("/api/auth/session", headers=bearer)).status_code == 401
    assert (await ada.refresh(token(signed_in))).status_code == 401
    assert len(await ada.revoked()) == 1


async def test_no_token_is_stored_in_plain_text(ada: World) -> None:
    first = token(await ada.login())
    second = token(await ada.refresh(first))
    stored = str([await ada.rows(f"SELECT * FROM {name}") for name in ("refresh_token", "session", "audit")])  # noqa: S608
    assert first not in stored
    assert second not in stored
    raw = base64.urlsafe_b64decode(second + "=")
    assert all(row["hash"] != raw for row in await ada.rows("SELECT hash FROM refresh_token"))


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
async def test_the_sixth_failure_is_delayed_for_known_and_unknown_accounts(ada: World, email: str) -> None:
    for _ in range(6):
        assert (await ada.login("wrong", email)).status_code == 401
    waits = await ada.login(email=email)
    assert (waits.status_code, waits.json()["code"], waits.headers["retry-after"]) == (429, "rate_limited", "1")
    ada.clock.advance(timedelta(seconds=1))
    assert (await ada.login("wrong", email)).status_code == 401
    assert (await ada.login("wrong", email)).headers["retry-after"] == "2"


async def test_a_right_password_resets_the_failures(ada: World) -> None:
    for _ in range(2):
        for _ in range(5):
            await ada.login("wrong")
        assert (await ada.login()).status_code == 200


async def test_concurrent_guesses_are_all_counted(ada: World) -> None:
    answers = await asyncio.gather(*(ada.login("wrong") for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 6 + [429] * 6


async def test_a_full_hashing_queue_answers_503_and_does_not_count_the_attempt(ada: World) -> None:
    places = ada.sign_in._deps.hasher._places
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    busy = [await ada.login("wrong") for _ in range(7)]
    assert {(answer.status_code, answer.json()["code"], answer.headers["retry-after"]) for answer in busy} == {
        (503, "unavailable", "1")
    }
    places.release(taken)
    assert (await ada.login()).status_code == 200


async def wrong_logins(ada: World, count: int, *addresses: str) -> list[int]:
    """The statuses of `count` wrong sign-ins, each of another account, with these hops of X-Forwarded-For."""
    headers = {"X-Forwarded-For": ", ".join(addresses)} if addresses else {}
    found = []
    for number in range(count):
        body = {"email": f"a{number}@b.c", "password": "p"}
        found.append((await ada.http.post("/api/auth/login", json=body, headers=headers)).status_code)
    return found


def trust(ada: World, *networks: str) -> None:
    """The requests of these tests come from 127.0.0.1."""
    proxies = Proxies(ip_network(network) for network in networks)
    ada.http._transport.app._app.state.proxies = proxies  # type: ignore[attr-defined]


async def test_failed_sign_ins_of_unknown_clients_do_not_block_a_right_one(ada: World) -> None:
    assert set(await wrong_logins(ada, 140)) == {401}
    assert (await ada.login()).status_code == 200


async def test_failures_are_limited_per_known_client(ada: World) -> None:
    ada.sign_in.client_rate = Rate(3, timedelta(minutes=1))
    trust(ada, "127.0.0.1")
    assert await wrong_logins(ada, 4, "203.0.113.9") == [401, 401, 401, 429]
    assert await wrong_logins(ada, 1, "6.6.6.6", "203.0.113.9") == [429]
    assert await wrong_logins(ada, 1, "203.0.113.9", "203.0.113.10") == [401]
    lines = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.9")]  # the last line is from the proxy
    forged = await ada.http.post("/api/auth/login", json={"email": "a@b.c", "password": "p"}, headers=lines)
    assert forged.status_code == 429
    body, headers = {"email": EMAIL, "password": PASSWORD}, {"X-Forwarded-For": "203.0.113.9"}
    refused = await ada.http.post("/api/auth/login", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) in range(1, 62)
    assert (await ada.login()).status_code == 200


async def test_successful_sign_ins_are_not_counted(ada: World) -> None:
    ada.sign_in.client_rate = Rate(3, timedelta(minutes=1))
    trust(ada, "192.0.2.1")
    assert [(await ada.login()).status_code for _ in range(5)] == [200] * 5
    assert await wrong_logins(ada, 4, "6.6.6.6") == [401, 401, 401, 429]


async def test_a_sign_in_succeeds_even_if_its_use_cannot_be_given_back(
    ada: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnavailable("just now")

    ada.sign_in.client_rate = Rate(3, timedelta(minutes=1))
    trust(ada, "192.0.2.1")
    monkeypatch.setattr(SignIn, "_give_back", away)
    assert [(await ada.login()).status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (json.dumps({"email": "a" * 10_000, "password": "p"}), "application/json", 422, "invalid_request"),
        (json.dumps({"email": EMAIL, "password": "p" * 10_000}), "application/json", 422, "invalid_request"),
        (json.dumps({"email": "a\x00@b.c", "password": "p"}), "application/json", 422, "invalid_request"),
        (r'{"email": "a@b.c", "password": "\ud800"}', "application/json", 422, "invalid_request"),
        (json.dumps([1]), "application/json", 422, "invalid_request"),
        ('"text"', "application/json", 422, "invalid_request"),
        ("{", "application/json", 422, "invalid_request"),
        (json.dumps({"email": EMAIL, "password": PASSWORD}), "text/plain", 422, "invalid_request"),
        (json.dumps({"email": EMAIL, "password": "ä" * 256}), "application/json", 401, "invalid_credentials"),
        (" " * 65_537, "application/json", 413, "too_large"),
    ],
)
async def test_a_malformed_login_is_rejected(ada: World, content: str, kind: str, status: int, code: str) -> None:
    answer = await ada.http.post("/api/auth/login", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/api/auth/refresh", "/api/auth/logout"])
async def test_pages_of_other_sites_cannot_use_the_cookie(ada: World, path: str) -> None:
    await ada.login()
    bare = await ada.http.post(path)
    assert (bare.status_code, bare.json()["code"]) == (403, "csrf_header_missing")
    for origin in ("https://evil.example", "null", ORIGIN + ".evil.example"):
        foreign = await ada.http.post(path, headers={"X-Pulse-CSRF": "1", "Origin": origin})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "wrong_origin")
    assert (await ada.refresh()).status_code == 200


async def test_a_page_of_another_site_cannot_sign_in(ada: World) -> None:
    body = {"email": EMAIL, "password": PASSWORD}
    answer = await ada.http.post("/api/auth/login", json=body, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")


@pytest.mark.parametrize("origin", [ORIGIN, OTHER_ORIGIN])
async def test_pages_of_all_allowed_origins_can_sign_in_refresh_and_sign_out(ada: World, origin: str) -> None:
    headers = {"Origin": origin, "X-Pulse-CSRF": "1"}
    body = {"email": EMAIL, "password": PASSWORD}
    assert (await ada.http.post("/api/auth/login", json=body, headers=headers)).status_code == 200
    assert (await ada.http.post("/api/auth/refresh", headers=headers)).status_code == 200
    assert (await ada.http.post("/api/auth/logout", headers=headers)).status_code == 204


@pytest.mark.parametrize("unknown", ["A" * 43, "x", "a" * 5_000, ""])
async def test_an_unknown_refresh_token_only_clears_the_cookies(ada: World, unknown: str) -> None:
    known = token(await ada.login())
    answer = await ada.refresh(unknown)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
    ada.http.cookies.clear()
    assert (await ada.refresh(known)).status_code == 200


async def test_a_token_without_signature_is_rejected(ada: World) -> None:
    good = (await ada.login()).json()["access_token"]
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    for bad in (f"{head}.{good.split('.')[1]}.", good[:-4] + "AAAA", "x", "a" * 10_000):
        answer = await ada.http.get("/api/auth/session", headers={"Authorization": f"Bearer {bad}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
