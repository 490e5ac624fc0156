"""A sign-in after all sessions of an account ended is accepted at once, in the same second and for any difference
between the clocks of replicas. Earlier tokens stay rejected."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from pulse_auth.actions.heartbeat import Heartbeat
from pulse_bus import Delivery
from pulse_chassis.identity.caller import SYSTEM
from pulse_contracts.auth import Revocations, SessionRevoked
from pulse_contracts.topics import AUTH_REVOCATIONS
from pulse_passwords import PasswordHasher
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, CHEAP, PASSWORD, World, event

pytestmark = pytest.mark.servers
NEW_PASSWORD = "violet harbour candle"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def deliver(ada: World) -> None:
    """Delivers the messages in the outbox to every service."""
    recent = [SessionRevoked.model_validate_json(message) for message in await ada.revoked()]
    ada.routes.principals.apply_revocations(Revocations(at=ada.clock(), recent=recent))


async def status_of(ada: World, token: str) -> int:
    return (await ada.http.get("/api/auth/sessions", headers=bearer(token))).status_code


async def by_an_administrator(ada: World, digest: str) -> None:
    assert digest
    assert await ada.sessions.end_all(ACCOUNT, SYSTEM) == 1


async def by_another_role(ada: World, digest: str) -> None:
    await ada.mirror.apply(event(ada.clock, digest, version=2, role="user"))


async def by_disabling_and_enabling(ada: World, digest: str) -> None:
    await ada.mirror.apply(event(ada.clock, digest, version=2, active=False))
    await ada.mirror.apply(event(ada.clock, digest, version=3))


async def by_another_password(ada: World, digest: str) -> None:
    assert digest
    async with PasswordHasher(CHEAP) as hasher:
        await ada.mirror.apply(event(ada.clock, await hasher.hash(NEW_PASSWORD), version=2))


async def by_an_emergency(ada: World, digest: str) -> None:
    assert digest
    await ada.routes.rotation.on_demand(SYSTEM, is_emergency=True)


WAYS = [by_an_administrator, by_another_role, by_disabling_and_enabling, by_another_password, by_an_emergency]


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(seconds=2)], ids=["one clock", "a replica behind"])
@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
async def test_a_sign_in_right_after_all_sessions_ended_is_accepted(
    ada: World, digest: str, way: Callable[[World, str], Awaitable[None]], behind: timedelta
) -> None:
    ada.clock.advance(timedelta(seconds=10, milliseconds=400))
    before = (await ada.login()).json()["access_token"]
    await way(ada, digest)
    await deliver(ada)
    if way is not by_an_emergency:  # a replica with a slow clock has no key yet and answers 503
        ada.clock.advance(-behind)
    password = NEW_PASSWORD if way is by_another_password else PASSWORD
    answer = await ada.login(password)
    assert answer.status_code == 200
    await deliver(ada)
    assert await status_of(ada, answer.json()["access_token"]) == 200
    assert await status_of(ada, before) == 401
    assert (await ada.refresh()).status_code == 200


async def test_a_token_of_an_api_key_right_after_all_sessions_ended_is_accepted(ada: World, digest: str) -> None:
    token = (await ada.login()).json()["access_token"]
    spec = {"name": "export", "scope": ["telemetry.read"]}
    key = (await ada.http.post("/api/auth/api-keys", json=spec, headers=bearer(token))).json()["key"]

    async def exchanged() -> str:
        answer = await ada.http.post("/api/auth/token", headers=bearer(key))
        return str(answer.json()["access_token"])

    before = await exchanged()
    await by_another_role(ada, digest)
    after = await exchanged()
    await deliver(ada)
    status = [(await ada.http.get("/api/auth/session", headers=bearer(each))).status_code for each in (before, after)]
    assert status == [401, 200]


async def test_the_heartbeat_contains_the_generation(ada: World) -> None:
    received: list[Revocations] = []

    async def record(delivery: Delivery[Revocations]) -> None:
        received.append(delivery.message)

    await ada.bus.subscribe(AUTH_REVOCATIONS, record)
    for _ in range(2):
        await ada.sessions.end_all(ACCOUNT, SYSTEM)
    heartbeat = Heartbeat(ada.database, ada.bus, ada.clock)
    await heartbeat.beat()
    await eventually(lambda: len(received) == 1)
    now = ada.clock() // 1_000
    assert [event.generation for event in received[0].recent] == [now, now + 1]


async def test_a_restored_database_issues_no_old_generation_again(ada: World) -> None:
    await ada.sessions.end_all(ACCOUNT, SYSTEM)
    backup = await ada.rows("SELECT generation FROM token_generation")
    ada.clock.advance(timedelta(days=1))
    await ada.sessions.end_all(ACCOUNT, SYSTEM)
    known = (await ada.login()).json()["access_token"]
    async with ada.database.transaction() as connection:
        await connection.execute("UPDATE token_generation SET generation = $1", backup[0]["generation"])
    ada.clock.advance(timedelta(seconds=1))
    await ada.sessions.end_all(ACCOUNT, SYSTEM)
    await deliver(ada)
    assert await status_of(ada, known) == 401
    after = (await ada.login()).json()["access_token"]
    assert await status_of(ada, after) == 200


async def test_a_clock_that_is_set_back_issues_no_generation_twice(ada: World) -> None:
    known = []
    for _ in range(3):
        await ada.sessions.end_all(ACCOUNT, SYSTEM)
        known.append((await ada.rows("SELECT generation FROM token_generation"))[0]["generation"])
        ada.clock.advance(-timedelta(hours=1))
    assert known == [known[0], known[0] + 1, known[0] + 2]  # type: ignore[operator]
    assert 0 < ada.clock() // 1_000 < known[2] < 2**53  # type: ignore[operator]
