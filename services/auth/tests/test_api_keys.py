"""API keys: shown once, limited to a scope, exchanged, revoked, rate limited."""

import json
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from pulse_auth.actions.api_keys import ApiKeySpec
from pulse_auth.model.api_keys import require_grantable
from pulse_auth.model.sessions import AccountNotFound
from pulse_chassis.identity.caller import SYSTEM
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.permissions import ROLES
from pulse_passwords import PasswordHasher
from pulse_postgres import Rate

from .conftest import ACCOUNT, CHEAP, EMAIL, World, event

pytestmark = pytest.mark.servers
REQUEST = {"name": "nightly export", "scope": ["telemetry.read", "telemetry.export"], "expires_in_days": 30}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def owner_headers(ada: World, email: str = EMAIL) -> dict[str, str]:
    return bearer((await ada.login(email=email)).json()["access_token"])


async def create_key(ada: World, headers: dict[str, str], **more: object) -> dict[str, str]:
    answer = await ada.http.post("/api/auth/api-keys", json=REQUEST | more, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


async def exchange(ada: World, key: str) -> httpx.Response:
    return await ada.http.post("/api/auth/token", headers=bearer(key))


async def test_a_key_is_shown_once_and_exchanged_for_a_token_with_its_scope(ada: World) -> None:
    headers = await owner_headers(ada)
    key = await create_key(ada, headers)
    assert key["key"].startswith("pp_")
    listed = (await ada.http.get("/api/auth/api-keys", headers=headers)).json()["items"]
    assert [(item["name"], item["last_used_at"]) for item in listed] == [("nightly export", None)]
    assert "key" not in listed[0]
    assert key["key"].split("_", 2)[2] not in str(await ada.rows("SELECT * FROM api_key"))
    answer = await exchange(ada, key["key"])
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    assert body["scope"] == "telemetry.export telemetry.read"
    principal = ada.routes.principals.verify(body["access_token"])
    assert (principal.account, principal.sid) == (str(ACCOUNT), f"key:{key['id']}")
    assert sorted(principal.scope or ()) == ["telemetry.export", "telemetry.read"]
    assert not principal.may("accounts.read")
    assert (await ada.http.get("/api/auth/session", headers=bearer(body["access_token"]))).status_code == 200
    for path in ("/api/auth/api-keys", "/api/auth/sessions", "/api/auth/second-factor", "/api/auth/policy"):
        assert (await ada.http.get(path, headers=bearer(body["access_token"]))).status_code == 403
    listed = (await ada.http.get("/api/auth/api-keys", headers=headers)).json()["items"]
    assert listed[0]["last_used_at"] is not None
    assert (await ada.kinds())[-5:] == ["api_key_made", "api_key_used"] + ["access_refused"] * 3


async def test_a_revoked_key_and_its_tokens_are_rejected(ada: World) -> None:
    headers = await owner_headers(ada)
    key = await create_key(ada, headers)
    token = (await exchange(ada, key["key"])).json()["access_token"]
    path = f"/api/auth/api-keys/{key['id']}"
    assert (await ada.http.delete(path, headers=headers)).status_code == 204
    assert (await exchange(ada, key["key"])).json()["code"] == "invalid_api_key"
    assert (await ada.http.get("/api/auth/session", headers=bearer(token))).status_code == 401
    (message,) = await ada.revoked()
    assert SessionRevoked.model_validate_json(message).sid == f"key:{key['id']}"
    assert (await ada.http.delete(path, headers=headers)).json()["code"] == "not_found"


async def test_a_new_password_revokes_all_keys_but_a_new_role_does_not(ada: World, digest: str) -> None:
    headers = await owner_headers(ada)
    keys = [await create_key(ada, headers, name=name) for name in ("one", "two")]
    await ada.mirror.apply(event(ada.clock, digest, version=2, role="user"))
    assert [(await exchange(ada, key["key"])).status_code for key in keys] == [200, 200]
    async with PasswordHasher(CHEAP) as hasher:
        await ada.mirror.apply(event(ada.clock, await hasher.hash("violet harbour candle"), version=3, role="user"))
    assert [(await exchange(ada, key["key"])).json()["code"] for key in keys] == ["invalid_api_key"] * 2
    (entry,) = await ada.rows("SELECT target, after FROM audit WHERE kind = 'api_keys_revoked'")
    assert entry["target"] == f"account:{ACCOUNT}"
    assert json.loads(str(entry["after"])) == {"reason": "password_changed", "api_keys": 2}


async def test_keys_are_revoked_when_an_administrator_ends_all_sessions_but_not_when_the_owner_does(
    ada: World, digest: str
) -> None:
    eve = UUID("00000000-0000-4000-8000-00000000000e")
    await ada.mirror.apply(event(ada.clock, digest, account=eve, email="eve@example.org", role="user"))
    her_headers = await owner_headers(ada, "eve@example.org")
    key = await create_key(ada, her_headers, scope=["telemetry.read"])
    ended = await ada.http.delete("/api/auth/sessions?include_current=true", headers=her_headers)
    assert ended.json() == {"ended": 1}
    assert (await exchange(ada, key["key"])).status_code == 200
    ended = await ada.http.delete(f"/api/auth/accounts/{eve}/sessions", headers=await owner_headers(ada))
    assert ended.json() == {"ended": 0}
    assert (await exchange(ada, key["key"])).json()["code"] == "invalid_api_key"


async def test_the_keys_of_other_accounts_cannot_be_listed_or_revoked(ada: World, digest: str) -> None:
    key = await create_key(ada, await owner_headers(ada))
    other = UUID(int=2**66 + 2)
    await ada.mirror.apply(event(ada.clock, digest, account=other, email="eve@example.org"))
    eve = await owner_headers(ada, email="eve@example.org")
    assert (await ada.http.get("/api/auth/api-keys", headers=eve)).json() == {"items": []}
    assert (await ada.http.delete(f"/api/auth/api-keys/{key['id']}", headers=eve)).status_code == 404
    assert (await exchange(ada, key["key"])).status_code == 200


async def test_an_administrator_lists_and_revokes_the_keys_of_other_accounts(ada: World, digest: str) -> None:
    other = UUID(int=2**66 + 2)
    await ada.mirror.apply(event(ada.clock, digest, account=other, email="eve@example.org", role="user"))
    eve, admin = await owner_headers(ada, email="eve@example.org"), await owner_headers(ada)
    key = await create_key(ada, eve, scope=["telemetry.read"])
    path = f"/api/auth/accounts/{other}/api-keys"
    assert (await ada.http.get(path, headers=eve)).status_code == 403
    assert (await ada.http.delete(f"{path}/{key['id']}", headers=eve)).status_code == 403
    listed = (await ada.http.get(path, headers=admin)).json()["items"]
    assert [one["id"] for one in listed] == [key["id"]]
    assert "key" not in listed[0]
    assert (await ada.http.delete(f"{path}/{key['id']}", headers=admin)).status_code == 204
    assert (await ada.http.delete(f"{path}/{key['id']}", headers=admin)).status_code == 404
    assert (await exchange(ada, key["key"])).status_code == 401


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        (["api_keys.own"], "scope_too_wide"),
        (["sessions.own"], "scope_too_wide"),
        (["accounts.manage"], "scope_too_wide"),
        (["everything"], "invalid_request"),
        ([], "invalid_request"),
    ],
)
async def test_a_key_cannot_have_permissions_that_its_owner_cannot_grant(
    ada: World, digest: str, scope: list[str], code: str
) -> None:
    await ada.mirror.apply(event(ada.clock, digest, version=2, role="user"))
    answer = await ada.http.post(
        "/api/auth/api-keys", json=REQUEST | {"scope": scope}, headers=await owner_headers(ada)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_key_loses_permissions_with_its_owner_and_ends_when_the_owner_is_disabled(
    ada: World, digest: str
) -> None:
    key = await create_key(ada, await owner_headers(ada), scope=["accounts.read", "telemetry.read"])
    await ada.mirror.apply(event(ada.clock, digest, version=2, role="user"))
    assert (await exchange(ada, key["key"])).json()["scope"] == "telemetry.read"
    await ada.mirror.apply(event(ada.clock, digest, version=3, role="user", active=False))
    assert (await exchange(ada, key["key"])).json()["code"] == "invalid_api_key"


async def test_an_account_that_was_just_disabled_gets_no_key(ada: World, digest: str) -> None:
    headers = await owner_headers(ada)
    principal = ada.routes.principals.verify(headers["Authorization"].removeprefix("Bearer "))
    await ada.mirror.apply(event(ada.clock, digest, version=2, active=False))
    with pytest.raises(AccountNotFound):
        await ada.routes.api_keys.make(principal, ApiKeySpec("late", frozenset(), timedelta(days=1)), SYSTEM)
    assert await ada.rows("SELECT 1 FROM api_key") == []


async def test_a_key_expires(ada: World) -> None:
    key = await create_key(ada, await owner_headers(ada), expires_in_days=1)
    ada.clock.advance(timedelta(days=1) - timedelta(minutes=1))
    assert (await exchange(ada, key["key"])).json()["expires_in"] == 60
    ada.clock.advance(timedelta(minutes=1))
    assert (await exchange(ada, key["key"])).status_code == 401
    too_long = await ada.http.post(
        "/api/auth/api-keys", json=REQUEST | {"expires_in_days": 366}, headers=await owner_headers(ada)
    )
    assert too_long.status_code == 422


async def test_token_requests_are_limited_per_key_and_wrong_secrets_do_not_count(ada: World) -> None:
    ada.routes.api_keys._rate = Rate(3, timedelta(minutes=1))
    key = (await create_key(ada, await owner_headers(ada)))["key"]
    wrong = key[:-4] + "AAAA"
    assert [(await exchange(ada, wrong)).status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    assert [(await exchange(ada, key)).status_code for _ in range(4)] == [200, 200, 200, 429]
    ada.clock.advance(timedelta(seconds=20))
    assert (await exchange(ada, key)).status_code == 200


@pytest.mark.parametrize("key", ["", "x", "pp_x", "pp_" + "0" * 32 + "_" + "A" * 43, "pp_" + "g" * 32 + "_" + "A" * 43])
async def test_a_malformed_or_unknown_key_is_rejected(ada: World, key: str) -> None:
    answer = await exchange(ada, key)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    unknown_target = "api_key:00000000-0000-0000-0000-000000000000" if key.startswith("pp_0") else None
    entries = await ada.rows("SELECT target, after, address FROM audit WHERE kind = 'api_key_refused'")
    assert entries == [{"target": unknown_target, "after": None, "address": "127.0.0.1"}] * bool(key)


async def test_a_repeated_request_creates_one_key(ada: World) -> None:
    headers = await owner_headers(ada) | {"Idempotency-Key": "0b6f6a52-5f2e-4f43-9d51-2f4a1c0f8f6e"}
    first, again = [await create_key(ada, headers) for _ in range(2)]
    assert first == again
    assert len(await ada.rows("SELECT 1 FROM api_key")) == 1


def test_a_token_with_a_scope_grants_only_its_own_permissions() -> None:
    require_grantable(frozenset({"telemetry.read"}), "admin", frozenset({"telemetry.read"}))
    with pytest.raises(Exception, match=r"audit\.read"):
        require_grantable(frozenset({"telemetry.read", "audit.read"}), "admin", frozenset({"telemetry.read"}))
    assert ROLES["admin"]
