"""Verifiers for accounts that have none: made after a sign-in, in the background, and sealed for users."""

import asyncio
import hashlib
import threading
from collections.abc import Callable
from uuid import UUID

import pytest

import pulse_passwords.hashing
from pulse_auth.actions.verifiers import MAX_WAITING, Verifiers
from pulse_auth.model.sessions import Account
from pulse_contracts.accounts import VerifierMade, VerifierRecord
from pulse_jose import KeySet, SealingKey, unseal
from pulse_passwords import HashingPolicy, PasswordHasher, check_digest

from .conftest import ACCOUNT, CHEAP, EMAIL, PASSWORD, SECRET, World, event
from .test_second_factors import challenged, code, enrolled, second

pytestmark = pytest.mark.servers


@pytest.fixture
async def old(world: World, digest: str) -> World:
    """A world with an account from before verifiers existed."""
    await world.mirror.apply(event(world.clock, digest, has_verifier=False))
    return world


@pytest.fixture
def verifiers(world: World) -> Verifiers:
    found = getattr(world.jobs["verifiers"].step, "__self__", None)
    assert isinstance(found, Verifiers)
    return found


async def made(world: World) -> list[VerifierRecord]:
    """What users receives."""
    rows = await world.rows("SELECT message FROM outbox WHERE template = 'auth/verifier/{account}' ORDER BY id")
    keys = KeySet([SealingKey("accounts", SECRET)])
    found = []
    for row in rows:
        message = VerifierMade.model_validate_json(str(row["message"]))
        payload = unseal(message.sealed, keys, world.clock.seconds, {"account": message.account})
        found.append(VerifierRecord.model_validate_json(payload))
    return found


async def test_the_first_sign_in_of_an_account_makes_its_verifier(
    old: World, verifiers: Verifiers, digest: str
) -> None:
    assert (await old.login()).status_code == 200
    assert await made(old) == []
    assert verifiers.due.is_set()
    assert not await verifiers.make_one()
    (record,) = await made(old)
    assert record.account == str(ACCOUNT)
    assert record.digest_hash == hashlib.sha256(digest.encode()).hexdigest()
    assert check_digest(record.verifier) == CHEAP
    async with PasswordHasher(CHEAP) as hasher:
        assert (await hasher.verify(PASSWORD, record.verifier)).is_valid
    assert not await verifiers.make_one()
    assert len(await made(old)) == 1


async def test_no_other_sign_in_makes_one(world: World, verifiers: Verifiers, digest: str) -> None:
    await world.mirror.apply(event(world.clock, digest))
    await world.login()
    await world.mirror.apply(event(world.clock, digest, version=2, has_verifier=False))
    await world.login("wrong password")
    await world.login(email="nobody@example.org")
    await world.mirror.apply(event(world.clock, digest, version=3, has_verifier=False, active=False))
    await world.login()
    assert not verifiers.due.is_set()
    assert verifiers._waiting == {}


async def test_the_sign_in_does_not_wait_for_the_verifier(
    old: World, verifiers: Verifiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    hash_: Callable[[bytes, HashingPolicy], str] = pulse_passwords.hashing._hash

    def held(password: bytes, policy: HashingPolicy) -> str:
        assert release.wait(20)
        return hash_(password, policy)

    monkeypatch.setattr(pulse_passwords.hashing, "_hash", held)
    await old.login()
    async with asyncio.TaskGroup() as group:
        making = group.create_task(verifiers.make_one())
        assert (await old.login()).status_code == 200
        assert not making.done()
        release.set()
    assert len(await made(old)) == 1


async def test_the_passwords_in_memory_are_bounded_and_not_shown(verifiers: Verifiers, digest: str) -> None:
    for number in range(MAX_WAITING + 5):
        account = Account(UUID(int=number), 1, EMAIL, "Ada", "admin", True, digest, has_verifier=False)
        verifiers.offer(account, PASSWORD)
    assert len(verifiers._waiting) == MAX_WAITING
    assert PASSWORD not in repr(verifiers._waiting)
    assert digest not in repr(verifiers._waiting)


async def test_a_busy_hasher_forgets_the_password(
    old: World, verifiers: Verifiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await old.login()
    monkeypatch.setattr(verifiers._deps.hasher._places, "acquire", lambda **_: False)
    await verifiers.make_one()
    assert (verifiers._waiting, await made(old)) == ({}, [])


async def test_a_verifier_between_the_two_steps_of_a_sign_in_does_not_end_it(
    old: World, verifiers: Verifiers, digest: str
) -> None:
    secret, _ = await enrolled(old)
    challenge = await challenged(old)
    while await verifiers.make_one():
        pass
    assert len(await made(old)) == 1
    await old.mirror.apply(event(old.clock, digest, version=2))  # as users answers
    answer = await second(old, challenge, code(old, secret))
    assert answer.status_code == 200, answer.text


async def test_a_changed_role_still_ends_a_sign_in_between_its_steps(old: World, digest: str) -> None:
    secret, _ = await enrolled(old)
    challenge = await challenged(old)
    await old.mirror.apply(event(old.clock, digest, version=2, role="user"))
    assert (await second(old, challenge, code(old, secret))).json()["code"] == "challenge_over"
