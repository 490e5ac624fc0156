"""What a hostile reviewer tried: races with what ends sessions, forged headers and cookies, and what must be noted."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import httpx
import pytest

from pulse_auth.store.signing_keys import SigningKeyStore
from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_contracts.auth import SessionRevoked
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, ORIGIN, World, event

pytestmark = pytest.mark.servers
SECOND = timedelta(seconds=1)


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _is_waiting(ada: World) -> bool:
    found = await ada.rows("SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return found[0]["n"] == 1


@pytest.mark.parametrize("cause", ["change", "end_all", "reset"])
async def test_what_ends_sessions_ends_the_tokens_that_were_signed_while_it_waited(
    ada: World, digest: str, cause: str
) -> None:
    """Tokens know whole seconds: a revocation of a moment before the lock would spare one signed by its holder."""
    headers = bearer(await ada.login())
    if cause == "reset":
        await ada.rows(
            "INSERT INTO second_factor (account_id, secret, created, confirmed) "
            "SELECT id, 'x', now(), now() FROM account RETURNING 1"
        )
    works: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "change": lambda: ada.mirror.apply(event(ada.clock, digest, version=2, role="user")),
        "end_all": lambda: ada.http.delete(f"/api/auth/accounts/{ACCOUNT}/sessions", headers=headers),
        "reset": lambda: ada.routes.factors.reset_by_email("ada@example.org", COMMAND_LINE),
    }
    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        await connection.execute("SELECT 1 FROM account WHERE id = $1 FOR SHARE", ACCOUNT)  # as a refresh does
        group.create_task(works[cause]())
        await eventually(lambda: _is_waiting(ada))
        ada.clock.advance(3 * SECOND)
        signed = ada.clock()  # and signs
    told = SessionRevoked.model_validate_json((await ada.revoked())[-1])
    assert (told.sid, told.at) == (None, signed)


@pytest.mark.parametrize("referer", ["http://[", "http://[::1", "https://a]b/"])
async def test_a_referer_that_is_no_address_is_another_origin(ada: World, referer: str) -> None:
    headers = {"Referer": referer, "X-Pulse-CSRF": "1"}
    for path in ("/api/auth/refresh", "/api/auth/logout"):
        answer = await ada.http.post(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")


async def test_nobody_takes_their_own_second_factor_away_by_the_administrators_route(ada: World) -> None:
    headers = bearer(await ada.login())
    answer = await ada.http.delete(f"/api/auth/accounts/{ACCOUNT}/second-factor", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "own_second_factor")


async def test_a_wrong_own_password_is_noted(ada: World) -> None:
    headers = bearer(await ada.login())
    await ada.http.post("/api/auth/second-factor", json={"password": "wrong"}, headers=headers)
    noted = await ada.rows("SELECT kind, actor FROM audit ORDER BY n DESC LIMIT 1")
    assert noted == [{"kind": "password_refused", "actor": str(ACCOUNT)}]


async def test_with_https_a_neighbours_cookie_opens_nothing(ada: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of another host of the domain can set `pulse_rt` for all of it, but never `__Host-pulse_rt`."""
    mine = await ada.login()
    token, access = mine.cookies["pulse_rt"], mine.cookies["pulse_at"]
    monkeypatch.setattr(type(ada.routes), "is_secure", property(lambda _: True))
    ada.http.cookies.clear()
    planted = {"Cookie": f"pulse_rt={token}; pulse_at={access}", "X-Pulse-CSRF": "1", "Origin": ORIGIN}
    assert (await ada.http.post("/api/auth/refresh", headers=planted)).status_code == 401
    assert (await ada.http.get("/api/auth/session", headers=planted)).status_code == 401


async def test_an_export_of_the_audit_trail_is_noted(ada: World) -> None:
    headers = bearer(await ada.login())
    answer = await ada.http.get("/api/auth/audit.csv", params={"kind": "signed_in"}, headers=headers)
    assert answer.status_code == 200
    noted = await ada.rows("SELECT kind, actor, after FROM audit ORDER BY n DESC LIMIT 1")
    assert noted == [{"kind": "audit_exported", "actor": str(ACCOUNT), "after": '{"kind":"signed_in"}'}]


async def test_who_is_refused_for_want_of_a_permission_is_noted_once_a_minute(ada: World, digest: str) -> None:
    await ada.mirror.apply(event(ada.clock, digest, version=2, role="user"))
    headers = bearer(await ada.login())
    for _ in range(3):
        answer = await ada.http.get("/api/auth/policy", headers=headers)
        assert answer.status_code == 403
    noted = await ada.rows("SELECT actor, target, after FROM audit WHERE kind = 'access_refused'")
    assert noted == [
        {
            "actor": str(ACCOUNT),
            "target": "permission:sessions.manage",
            "after": '{"method":"GET","route":"/api/auth/policy"}',
        }
    ]


async def _made_key(ada: World) -> str:
    headers = bearer(await ada.login())
    wish = {"name": "export", "scope": ["telemetry.read"]}
    answer = await ada.http.post("/api/auth/api-keys", json=wish, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


async def _exchanged(ada: World, key: str) -> tuple[int, object]:
    answer = await ada.http.post("/api/auth/token", headers={"Authorization": f"Bearer {key}"})
    return answer.status_code, answer.json().get("code")


async def test_a_key_that_is_revoked_while_it_is_exchanged_opens_nothing(ada: World) -> None:
    key = await _made_key(ada)
    async with asyncio.TaskGroup() as group:
        async with ada.database.transaction() as connection:
            await connection.execute("UPDATE api_key SET revoked = now()")
            asked = group.create_task(_exchanged(ada, key))
            await eventually(lambda: _is_waiting(ada))
        assert await asked == (401, "invalid_api_key")


async def test_a_key_opens_nothing_while_its_owner_must_have_a_second_factor_and_has_none(ada: World) -> None:
    key = await _made_key(ada)
    assert (await _exchanged(ada, key))[0] == 200
    await ada.routes.factors.require_for(frozenset({"admin"}), COMMAND_LINE)
    assert await _exchanged(ada, key) == (401, "invalid_api_key")


async def test_nobody_signs_in_between_the_end_of_the_keys_and_of_the_sessions(ada: World) -> None:
    """Else an emergency would miss the session that is just being opened."""
    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        await SigningKeyStore().lock(connection)
        asked = group.create_task(ada.login())
        await eventually(lambda: _is_waiting(ada))
        assert not asked.done()
    assert asked.result().status_code == 200
