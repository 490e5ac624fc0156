"""Attacks: races with the end of sessions, forged headers and cookies, and what must be audited."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import httpx
import pytest

from pulse_auth.store.signing_keys import SigningKeyStore
from pulse_chassis.http.preconditions import Precondition
from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_contracts.auth import SessionRevoked
from pulse_testkit.locks import lock_waiters
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, ORIGIN, World, event

pytestmark = pytest.mark.servers
SECOND = timedelta(seconds=1)


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _is_waiting(ada: World) -> bool:
    return len(await lock_waiters(ada.database)) == 1


@pytest.mark.parametrize("cause", ["change", "end_all", "reset"])
async def test_ending_sessions_also_ends_tokens_that_were_issued_while_it_waited_for_the_lock(
    ada: World, digest: str, cause: str
) -> None:
    """Tokens have a resolution of one second: a revocation from before the lock would spare a token that its holder
    signed."""
    headers = bearer(await ada.login())
    if cause == "reset":
        await ada.rows(
            "INSERT INTO second_factor (account_id, secret, created, confirmed) "
            "SELECT id, 'x', now(), now() FROM account RETURNING 1"
        )
    causes: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "change": lambda: ada.mirror.apply(event(ada.clock, digest, version=2, role="user")),
        "end_all": lambda: ada.http.delete(f"/api/auth/accounts/{ACCOUNT}/sessions", headers=headers),
        "reset": lambda: ada.routes.factors.reset_by_email("ada@example.org", COMMAND_LINE),
    }
    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        await connection.execute("SELECT 1 FROM account WHERE id = $1 FOR SHARE", ACCOUNT)  # as a refresh does
        group.create_task(causes[cause]())
        await eventually(lambda: _is_waiting(ada))
        ada.clock.advance(3 * SECOND)
        signed = ada.clock()  # and issues a token
    revoked = SessionRevoked.model_validate_json((await ada.revoked())[-1])
    assert (revoked.sid, revoked.at) == (None, signed)


@pytest.mark.parametrize("referer", ["http://[", "http://[::1", "https://a]b/"])
async def test_a_malformed_referer_is_a_wrong_origin(ada: World, referer: str) -> None:
    headers = {"Referer": referer, "X-Pulse-CSRF": "1"}
    for path in ("/api/auth/refresh", "/api/auth/logout"):
        answer = await ada.http.post(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")


async def test_an_administrator_cannot_reset_their_own_second_factor(ada: World) -> None:
    headers = bearer(await ada.login())
    answer = await ada.http.delete(f"/api/auth/accounts/{ACCOUNT}/second-factor", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "own_second_factor")


async def test_a_wrong_current_password_is_audited(ada: World) -> None:
    headers = bearer(await ada.login())
    await ada.http.post("/api/auth/second-factor", json={"password": "wrong"}, headers=headers)
    audited = await ada.rows("SELECT kind, actor FROM audit ORDER BY n DESC LIMIT 1")
    assert audited == [{"kind": "password_refused", "actor": str(ACCOUNT)}]


async def test_with_https_a_cookie_of_another_host_is_ignored(ada: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host of the domain can set `pulse_rt` for the whole domain, but never `__Host-pulse_rt`."""
    own = await ada.login()
    token, access = own.cookies["pulse_rt"], own.cookies["pulse_at"]
    monkeypatch.setattr(type(ada.routes), "is_secure", property(lambda _: True))
    ada.http.cookies.clear()
    planted = {"Cookie": f"pulse_rt={token}; pulse_at={access}", "X-Pulse-CSRF": "1", "Origin": ORIGIN}
    assert (await ada.http.post("/api/auth/refresh", headers=planted)).status_code == 401
    assert (await ada.http.get("/api/auth/session", headers=planted)).status_code == 401


async def test_an_export_of_the_audit_log_is_audited(ada: World) -> None:
    headers = bearer(await ada.login())
    answer = await ada.http.get("/api/auth/audit.csv", params={"kind": "signed_in"}, headers=headers)
    assert answer.status_code == 200
    audited = await ada.rows("SELECT kind, actor, after FROM audit ORDER BY n DESC LIMIT 1")
    assert audited == [{"kind": "audit_exported", "actor": str(ACCOUNT), "after": '{"kind":"signed_in"}'}]


async def test_a_missing_permission_is_audited_once_a_minute(ada: World, digest: str) -> None:
    await ada.mirror.apply(event(ada.clock, digest, version=2, role="user"))
    headers = bearer(await ada.login())
    for _ in range(3):
        answer = await ada.http.get("/api/auth/policy", headers=headers)
        assert answer.status_code == 403
    audited = await ada.rows("SELECT actor, target, after FROM audit WHERE kind = 'access_refused'")
    assert audited == [
        {
            "actor": str(ACCOUNT),
            "target": "permission:sessions.manage",
            "after": '{"method":"GET","route":"/api/auth/policy"}',
        }
    ]


async def _create_key(ada: World) -> str:
    headers = bearer(await ada.login())
    spec = {"name": "export", "scope": ["telemetry.read"]}
    answer = await ada.http.post("/api/auth/api-keys", json=spec, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


async def _exchange(ada: World, key: str) -> tuple[int, object]:
    answer = await ada.http.post("/api/auth/token", headers={"Authorization": f"Bearer {key}"})
    return answer.status_code, answer.json().get("code")


async def test_a_key_that_is_revoked_during_the_exchange_is_rejected(ada: World) -> None:
    key = await _create_key(ada)
    async with asyncio.TaskGroup() as group:
        async with ada.database.transaction() as connection:
            await connection.execute("UPDATE api_key SET revoked = now()")
            exchange = group.create_task(_exchange(ada, key))
            await eventually(lambda: _is_waiting(ada))
        assert await exchange == (401, "invalid_api_key")


async def test_a_key_is_rejected_while_its_owner_lacks_a_mandatory_second_factor(ada: World) -> None:
    key = await _create_key(ada)
    assert (await _exchange(ada, key))[0] == 200
    await ada.routes.factors.require_for(frozenset({"admin"}), Precondition(None), COMMAND_LINE)
    assert await _exchange(ada, key) == (401, "invalid_api_key")


async def test_no_session_is_opened_while_an_emergency_replaces_the_keys(ada: World) -> None:
    """Otherwise an emergency would miss a session that is being opened."""
    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        await SigningKeyStore().lock(connection)
        login = group.create_task(ada.login())
        await eventually(lambda: _is_waiting(ada))
        assert not login.done()
    assert login.result().status_code == 200
