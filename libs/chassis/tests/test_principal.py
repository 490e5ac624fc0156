"""Permissions of a principal: by role and scope, and only with fresh revocations if they are not common."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from typing import Annotated, Any

import httpx
import pytest
import structlog
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st

from pulse_chassis.http import app as app_module
from pulse_chassis.http.app import Health, RequestMiddleware, create_app
from pulse_chassis.identity.principal import RULES, NotSignedIn, Principal, Principals, require
from pulse_chassis.identity.proxies import Proxies
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.auth import API_KEY_SID, Revocations, SessionRevoked
from pulse_contracts.permissions import COMMON_PERMISSIONS, PERMISSIONS, ROLES, Permission, Role, read_scope
from pulse_jose import SigningKey
from pulse_jose.claims import Claims
from pulse_jose.signing import TokenSigner

KEY = SigningKey.generate(kid="k1")
ADA = "00000000-0000-4000-8000-000000000001"
router = APIRouter()


@router.get("/everybody")
async def everybody(principal: Annotated[Principal, require("telemetry.read")]) -> str:
    return principal.account


@router.get("/few")
async def few(principal: Annotated[Principal, require("accounts.manage")]) -> str:
    return principal.account


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.principals = Principals(self.clock)
        self.principals.replace_keys([KEY.verification_key()])
        metrics = Metrics()
        app = create_app("test", "1", [router], health=Health(), metrics=metrics)
        app.state.principals, self.web = self.principals, app
        self.app = RequestMiddleware(app, metrics)

    def heartbeat(self, *recent: SessionRevoked, age: float = 0) -> None:
        self.principals.apply_revocations(Revocations(at=int((self.clock.now - age) * 1e6), recent=list(recent)))

    def token(self, role: str = "admin", scope: str | None = None, sid: str = "s") -> dict[str, str]:
        now = int(self.clock.now)
        claims = Claims("precisionpulse", "pulse", ADA, "j", sid, role, "a@b.c", "A", now, now + 300, scope)
        return {"Authorization": f"Bearer {TokenSigner(KEY, RULES).sign(claims)}"}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url="http://test") as client:
        yield client


async def test_privileged_requests_need_fresh_revocations(world: World, http: httpx.AsyncClient) -> None:
    async def status() -> tuple[int, int]:
        headers = world.token()
        return (await http.get("/few", headers=headers)).status_code, (
            await http.get("/everybody", headers=headers)
        ).status_code

    assert await status() == (503, 200)
    world.heartbeat()
    assert await status() == (200, 200)
    world.clock.now += 15.5
    assert await status() == (503, 200)
    refusal = await http.get("/few", headers=world.token())
    assert (refusal.json()["code"], refusal.headers["retry-after"]) == ("revocations_unknown", "5")
    world.heartbeat()
    assert await status() == (200, 200)


async def test_an_old_retained_message_does_not_make_revocations_fresh(world: World, http: httpx.AsyncClient) -> None:
    ended = SessionRevoked(account=ADA, sid="gone", at=int((world.clock.now - 100) * 1e6))
    world.heartbeat(ended, age=100)
    assert (await http.get("/few", headers=world.token())).status_code == 503
    assert (await http.get("/everybody", headers=world.token(sid="gone"))).status_code == 401
    world.heartbeat()
    world.clock.now += 14
    world.heartbeat(age=14)  # the retained message again, after a reconnect
    world.clock.now += 2
    assert (await http.get("/few", headers=world.token())).status_code == 503


async def test_a_message_from_the_future_does_not_block_later_ones(world: World, http: httpx.AsyncClient) -> None:
    world.heartbeat(age=-3600)
    assert (await http.get("/few", headers=world.token())).status_code == 503
    world.heartbeat()
    assert (await http.get("/few", headers=world.token())).status_code == 200


@pytest.mark.parametrize(
    ("role", "scope", "path", "status"),
    [
        ("user", None, "/everybody", 200),
        ("user", None, "/few", 403),
        ("user", "accounts.manage", "/few", 403),
        ("admin", "telemetry.read", "/few", 403),
        ("admin", "telemetry.read", "/everybody", 200),
        ("admin", "accounts.manage", "/few", 200),
        ("admin", "accounts.manage", "/everybody", 403),
        ("admin", "telemetry", "/everybody", 403),
        ("owner", None, "/everybody", 401),
    ],
)
async def test_role_and_scope_decide_together(
    world: World, http: httpx.AsyncClient, role: str, scope: str | None, path: str, status: int
) -> None:
    world.heartbeat()
    assert (await http.get(path, headers=world.token(role, scope))).status_code == status


@given(st.sampled_from(list(ROLES)), st.none() | st.sets(st.sampled_from(list(PERMISSIONS))))
def test_a_scope_only_ever_narrows(role: Role, scope: set[Permission] | None) -> None:
    whole = Principal(ADA, "a@b.c", "A", role, "s", 0, 1)
    narrowed = replace(whole, scope=None if scope is None else read_scope(" ".join(scope)))
    for permission in PERMISSIONS:
        assert narrowed.may(permission) == (whole.may(permission) and (scope is None or permission in scope))


def test_every_permission_has_a_description_and_a_role() -> None:
    assert ROLES["admin"] == frozenset(PERMISSIONS)
    assert ROLES["admin"] > ROLES["user"] == COMMON_PERMISSIONS > ROLES["viewer"]


def test_a_cached_token_expires_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    principals = Principals(lambda: now)
    principals.replace_keys([KEY.verification_key()])
    checked: list[object] = []
    verify = principals._verifier.verify

    def counted(token: str) -> Claims:
        checked.append(token)
        return verify(token)

    monkeypatch.setattr(principals._verifier, "verify", counted)
    issued = int(now)
    claims = Claims("precisionpulse", "pulse", ADA, "j", "s", "user", "a@b.c", "Ada", issued, issued + 300)
    token = TokenSigner(KEY, RULES).sign(claims)
    for _ in range(5):
        assert principals.verify(token).account == ADA
    assert len(checked) == 1
    now += 329
    assert principals.verify(token).sid == "s"
    now += 1
    with pytest.raises(NotSignedIn):
        principals.verify(token)
    now -= 330
    principals.apply_revocations(
        Revocations(at=int(now * 1e6), recent=[SessionRevoked(account=ADA, sid="s", at=int(now * 1e6))])
    )
    with pytest.raises(NotSignedIn):
        principals.verify(token)
    other = TokenSigner(KEY, RULES).sign(replace(claims, sid="t"))
    assert principals.verify(other).sid == "t"
    principals.replace_keys([SigningKey.generate(kid="k2").verification_key()])
    with pytest.raises(NotSignedIn):
        principals.verify(other)
    for hostile in ("", "x" * 100_000, "\ud800", f"{other}A"):
        with pytest.raises(NotSignedIn):
            principals.verify(hostile)


async def test_the_line_of_a_request_names_the_account_the_key_and_the_client(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = structlog.testing.LogCapture()
    processors: list[Any] = [structlog.contextvars.merge_contextvars, seen]
    monkeypatch.setattr(app_module, "log", structlog.wrap_logger(None, processors=processors))
    world.heartbeat()
    world.web.state.proxies = Proxies([ip_network("127.0.0.0/8")])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(world.app), base_url="http://test") as http:
        behind = {"x-forwarded-for": "192.0.2.9"}
        await http.get("/few", headers=world.token("user", sid="s-1") | behind)
        await http.get("/few", headers=world.token("user", sid=f"{API_KEY_SID}k-1") | behind)
        await http.get("/few")
    session, key, anonymous = seen.entries
    assert (session["account"], session["client"], "api_key" in session) == (ADA, "192.0.2.9", False)
    assert (key["account"], key["api_key"]) == (ADA, "k-1")
    assert (anonymous["status"], anonymous["client"]) == (401, "127.0.0.1")
    assert anonymous.keys().isdisjoint({"account", "api_key"})
    assert "Bearer" not in str(seen.entries)
