"""Signing keys: rotation by schedule, on demand and in an emergency; replicas; publication; rules as properties."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_auth.actions.ending import SessionRevoker
from pulse_auth.actions.signing_keys import Rotation, SigningKeys
from pulse_auth.model.signing_keys import KEEP, LEAD, StoredKey, current_key, plan_rotation, published
from pulse_bus import Delivery
from pulse_chassis.identity.caller import SYSTEM
from pulse_chassis.identity.principal import Principals
from pulse_contracts.auth import VerificationKeys
from pulse_contracts.topics import AUTH_KEYS
from pulse_jose.vault import Vault, VaultClosed
from pulse_postgres import Audit, Outbox
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, SECRET, World

pytestmark = pytest.mark.servers
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(days=30)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def kids(ada: World) -> list[str]:
    return [key["kid"] for key in (await ada.http.get("/api/auth/keys")).json()["keys"]]


async def rotate(ada: World, token: str, *, emergency: bool = False) -> list[str]:
    answer = await ada.http.post("/api/auth/keys/rotate", json={"emergency": emergency}, headers=bearer(token))
    assert answer.status_code == 200, answer.text
    return [key["kid"] for key in answer.json()["keys"]]


async def test_current_and_next_key_are_published_as_retained_from_the_start(ada: World) -> None:
    received: list[list[str]] = []

    async def hear(delivery: Delivery[VerificationKeys]) -> None:
        received.append([record.kid for record in delivery.message.keys])

    await ada.bus.wait_connected()
    await ada.routes.keys.publish()
    await ada.bus.subscribe(AUTH_KEYS, hear)
    await eventually(lambda: bool(received))
    assert received[-1] == await kids(ada)
    assert len(received[-1]) == 2


async def test_administrators_see_the_state_of_each_key_without_its_private_part(ada: World) -> None:
    token = (await ada.login()).json()["access_token"]
    await rotate(ada, token)
    answer = await ada.http.get("/api/auth/signing-keys", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [one["state"] for one in items] == ["current", "next", "previous"]
    assert [one["id"] for one in items] == await kids(ada)
    assert [one["valid_until"] is None for one in items] == [True, True, False]
    assert "private" not in answer.text


async def test_the_next_key_takes_over_on_schedule_and_the_previous_one_verifies_until_its_tokens_expire(
    ada: World,
) -> None:
    before = await kids(ada)
    ada.clock.advance(EVERY - timedelta(seconds=1))
    await ada.routes.rotation.on_schedule()
    assert await kids(ada) == before
    old = (await ada.login()).json()["access_token"]
    ada.clock.advance(timedelta(seconds=1))
    await ada.routes.rotation.on_schedule()
    now = await kids(ada)
    assert now[0] == before[1]
    assert now[2] == before[0]
    assert len(now) == 3
    assert ada.routes.principals.verify(old).account == str(ACCOUNT)
    new = (await ada.login()).json()["access_token"]
    assert ada.routes.principals.verify(new).account == str(ACCOUNT)
    ada.clock.advance(KEEP)
    await ada.routes.rotation.on_schedule()
    assert await kids(ada) == now[:2]
    superseded = await ada.rows(f"SELECT private FROM signing_key WHERE kid = '{before[0]}'")  # noqa: S608
    assert superseded == [{"private": None}]


async def test_rotation_on_demand_takes_effect_at_once_and_ends_no_session(ada: World) -> None:
    before, token = await kids(ada), (await ada.login()).json()["access_token"]
    after = await rotate(ada, token)
    assert after[0] == before[1]
    assert before[0] in after
    assert (await ada.http.get("/api/auth/session", headers=bearer(token))).status_code == 200
    refreshed = await ada.refresh()
    assert refreshed.status_code == 200
    assert (await ada.kinds())[-1] == "signing_keys_turned"


async def test_rotation_is_rate_limited_before_the_message_has_too_many_keys(ada: World) -> None:
    token = (await ada.login()).json()["access_token"]
    for _ in range(4):
        await rotate(ada, token)
    answer = await ada.http.post("/api/auth/keys/rotate", json={}, headers=bearer(token))
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")


async def test_an_emergency_ends_all_keys_and_sessions(ada: World) -> None:
    before = await kids(ada)
    signed_in = [await ada.login() for _ in range(2)]
    token = signed_in[0].json()["access_token"]
    after = await rotate(ada, token, emergency=True)
    assert not set(before) & set(after)
    assert len(after) == 2
    assert (await ada.http.get("/api/auth/session", headers=bearer(token))).status_code == 401
    assert (await ada.refresh(str(signed_in[1].cookies["pulse_rt"]))).status_code == 401
    (message,) = await ada.revoked()
    assert json.loads(message)["sid"] is None
    assert await ada.rows("SELECT 1 FROM signing_key WHERE private IS NOT NULL AND not_after IS NOT NULL") == []
    assert (await ada.login()).status_code == 200


async def test_concurrent_replicas_create_one_pair_of_keys(ada: World) -> None:
    ada.clock.advance(EVERY)

    def replica() -> Rotation:
        vault = Vault(bytes(32), ada.clock)
        keys = SigningKeys(ada.bus, Principals(lambda: ada.clock() / 1_000_000), vault)
        return Rotation(ada.database, keys, SessionRevoker(Outbox(), Audit(SECRET)), Audit(SECRET), ada.clock)

    replicas = [replica() for _ in range(6)]
    await asyncio.gather(*(each.on_schedule() for each in replicas))
    assert len(await ada.rows("SELECT 1 FROM signing_key")) == 3
    assert len({tuple(key.kid for key in each._keys.published) for each in replicas}) == 1


async def test_a_token_of_an_unknown_key_is_rejected_without_a_query(ada: World) -> None:
    token = (await ada.login()).json()["access_token"]
    await rotate(ada, token, emergency=True)
    published_before = ada.bus.broker.published
    statements = await ada.rows("SELECT count(*) AS n FROM audit")
    for _ in range(200):
        assert (await ada.http.get("/api/auth/sessions", headers=bearer(token))).status_code == 401
    assert ada.bus.broker.published == published_before
    assert await ada.rows("SELECT count(*) AS n FROM audit") == statements


async def test_private_keys_are_sealed_in_the_database(ada: World) -> None:
    (row, *_) = await ada.rows("SELECT kid, private FROM signing_key WHERE private IS NOT NULL")
    assert "PRIVATE KEY" not in str(row["private"])
    kid, sealed = str(row["kid"]), str(row["private"])
    assert b"PRIVATE KEY" in Vault(bytes(32), ada.clock).unseal(sealed, "signing_key", kid)
    for vault, purpose, owner in (
        (Vault(bytes(31) + b"x", ada.clock), "signing_key", kid),
        (Vault(bytes(32), ada.clock), "second_factor", kid),
        (Vault(bytes(32), ada.clock), "signing_key", "other"),
    ):
        with pytest.raises(VaultClosed):
            vault.unseal(sealed, purpose, owner)


async def test_no_key_is_rotated_without_the_audit_log(ada: World) -> None:
    await ada.rows("DELETE FROM audit_head RETURNING 1")
    before = await kids(ada)
    with pytest.raises(LookupError):
        await ada.routes.rotation.on_demand(SYSTEM, is_emergency=True)
    await ada.rows("SELECT 1")
    async with ada.database.connection() as connection:
        await ada.routes.keys.load(connection, NOW)
    assert await kids(ada) == before


@given(st.lists(st.tuples(st.integers(0, 60 * 24), st.booleans()), max_size=40))
def test_there_is_always_a_current_key_and_a_next_key_published_a_day_before_use(steps: list[tuple[int, bool]]) -> None:
    now, keys, number = NOW, cast("list[StoredKey]", []), 0
    for hours, is_demanded in steps:
        now += timedelta(hours=hours)
        if is_demanded:
            following = next((key for key in keys if key.not_after is None and key.not_before > now), None)
            keys = [
                StoredKey(key.kid, key.public, key.private, key.created, now, None) if key is following else key
                for key in keys
            ]
        while due := plan_rotation(keys, now, EVERY):
            for not_before in due.make:
                number += 1
                keys.append(StoredKey(f"k{number:04}", "", "x", now, not_before))
            ends = dict(due.supersede)
            keys = [
                StoredKey(key.kid, "", None, key.created, key.not_before, ends[key.kid]) if key.kid in ends else key
                for key in keys
            ]
        current = current_key(keys, now)
        assert current is not None
        later = [key for key in keys if key.not_before > now and key.not_after is None]
        assert len(later) == 1
        assert later[0].not_before - later[0].created >= LEAD
        assert published(keys, now)[0] is current
        assert later[0] in published(keys, now)
        assert all(key.not_after is None or key.not_after > now for key in published(keys, now))
