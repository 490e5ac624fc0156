"""The pool: results, costs, and a full queue."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

import pulse_passwords.hashing
from pulse_passwords import (
    LOGIN_POLICY,
    MIRROR_POLICY,
    HashingBusy,
    HashingPolicy,
    PasswordEmpty,
    PasswordHasher,
    PasswordTooLong,
    Verification,
    check_digest,
)

CHEAP = HashingPolicy(memory_kib=8 * 1024, time_cost=1, parallelism=1)
VALID = Verification(is_valid=True)
WRONG = Verification(is_valid=False)


@pytest_asyncio.fixture
async def hasher() -> AsyncIterator[PasswordHasher]:
    async with PasswordHasher(CHEAP, workers=1, queue=1) as hasher:
        yield hasher


async def test_the_login_policy_round_trip() -> None:
    async with PasswordHasher(LOGIN_POLICY) as hasher:
        digest = await hasher.hash("correct horse")
        assert digest.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert check_digest(digest) == LOGIN_POLICY
        assert await hasher.verify("correct horse", digest) == VALID
        assert await hasher.verify("correct horsf", digest) == WRONG


async def test_a_verifier_has_the_costs_of_the_mirror_and_its_own_salt() -> None:
    async with PasswordHasher(CHEAP) as hasher:
        digest, verifier = await hasher.hash_each("correct horse", CHEAP, MIRROR_POLICY)
        assert (await hasher.verify("correct horse", verifier)).is_valid
        assert not (await hasher.verify("correct horsf", verifier)).is_valid
    assert (check_digest(digest), check_digest(verifier)) == (CHEAP, MIRROR_POLICY)
    assert digest.split("$")[4] != verifier.split("$")[4]


async def test_two_digests_of_one_password_differ(hasher: PasswordHasher) -> None:
    assert await hasher.hash("password") != await hasher.hash("password")


async def test_both_encodings_of_an_accent_are_one_password(hasher: PasswordHasher) -> None:
    assert await hasher.verify("Gru\u0308\u00dfe", await hasher.hash("Gr\u00fc\u00dfe")) == VALID


async def test_a_nul_does_not_end_a_password(hasher: PasswordHasher) -> None:
    assert await hasher.verify("before\0after", await hasher.hash("before\0other")) == WRONG


async def test_an_unknown_account_counts_as_a_wrong_password(hasher: PasswordHasher) -> None:
    assert await hasher.verify("password", None) == WRONG


@pytest.mark.parametrize(
    "digest",
    ["", "junk", "$2b$12$" + "a" * 53, "$argon2id$v=19$m=4194304,t=1,p=1$" + "A" * 22 + "$" + "A" * 43, "\ud800"],
)
async def test_a_hostile_digest_counts_as_a_wrong_password_and_is_reported(hasher: PasswordHasher, digest: str) -> None:
    assert await hasher.verify("password", digest) == Verification(is_valid=False, is_digest_refused=True)


async def test_a_digest_with_other_costs_needs_a_rehash_after_the_right_password(
    hasher: PasswordHasher,
) -> None:
    digest = await hasher.hash("password")
    async with PasswordHasher(HashingPolicy(8 * 1024, 2, 1)) as stronger:
        assert await stronger.verify("password", digest) == Verification(is_valid=True, needs_rehash=True)
        assert await stronger.verify("wrong", digest) == WRONG


@pytest.mark.parametrize(("password", "refusal"), [("", PasswordEmpty), ("a" * 257, PasswordTooLong)])
async def test_an_invalid_password_is_rejected_equally_with_and_without_an_account(
    hasher: PasswordHasher, password: str, refusal: type[Exception]
) -> None:
    digest = await hasher.hash("password")
    with pytest.raises(refusal):
        await hasher.hash(password)
    for known in (digest, None):
        with pytest.raises(refusal):
            await hasher.verify(password, known)


async def test_verify_before_start_raises_runtime_error() -> None:
    hasher = PasswordHasher(CHEAP)
    with pytest.raises(RuntimeError, match="call start before verify"):
        await hasher.verify("password", None)
    await hasher.close()


async def test_a_closed_hasher_accepts_no_calls(hasher: PasswordHasher) -> None:
    await hasher.close()
    for _ in range(3):  # a rejected call frees its slot, so the error never becomes HashingBusy
        with pytest.raises(RuntimeError, match="shutdown"):
            await hasher.hash("password")


class Spy:
    """Wraps the calls of argon2: records the verified digests, and blocks each hash until it is released."""

    def __init__(self) -> None:
        self._hash, self._verify = pulse_passwords.hashing._hash, pulse_passwords.hashing._verify
        self.verified: list[str] = []
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()

    def hash(self, secret: bytes, policy: HashingPolicy) -> str:
        self.entered.release()
        assert self.gate.wait(10)
        return self._hash(secret, policy)

    def verify(self, secret: bytes, digest: str) -> bool:
        self.verified.append(digest)
        return self._verify(secret, digest)


@pytest.fixture
def spy(hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> Spy:
    """The hasher has its dummy already."""
    spy = Spy()
    monkeypatch.setattr(pulse_passwords.hashing, "_hash", spy.hash)
    monkeypatch.setattr(pulse_passwords.hashing, "_verify", spy.verify)
    return spy


async def test_unknown_accounts_and_hostile_digests_cost_the_same_as_known_ones(
    hasher: PasswordHasher, spy: Spy
) -> None:
    await hasher.verify("password", None)
    await hasher.verify("password", "$argon2id$v=19$m=4194304,t=1,p=1$" + "A" * 22 + "$" + "A" * 43)
    assert [check_digest(digest) for digest in spy.verified] == [CHEAP, CHEAP]


async def test_a_full_queue_raises_hashing_busy_and_recovers(hasher: PasswordHasher, spy: Spy) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(hasher.hash("one"))
        waiting = group.create_task(hasher.hash("two"))
        await asyncio.to_thread(spy.entered.acquire)
        with pytest.raises(HashingBusy) as busy:
            await hasher.hash("three")
        with pytest.raises(HashingBusy):
            await hasher.verify("three", None)
        assert busy.value.retry_after == pulse_passwords.hashing.RETRY_AFTER
        spy.gate.set()
    assert check_digest(running.result()) == check_digest(waiting.result()) == CHEAP
    assert await hasher.verify("two", waiting.result()) == VALID


async def test_two_hashes_need_two_places_or_none_is_computed(hasher: PasswordHasher, spy: Spy) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(hasher.hash("one"))
        await asyncio.to_thread(spy.entered.acquire)
        with pytest.raises(HashingBusy):
            await hasher.hash_each("two", CHEAP, MIRROR_POLICY)
        second = group.create_task(hasher.hash("three"))  # the place of the first of the two is free again
        spy.gate.set()
    assert check_digest(first.result()) == check_digest(second.result()) == CHEAP


async def test_a_cancelled_call_frees_its_slot_at_once_if_pending_and_at_its_end_if_running(
    hasher: PasswordHasher, spy: Spy
) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(hasher.hash("one"))
        waiting = group.create_task(hasher.hash("two"))
        await asyncio.to_thread(spy.entered.acquire)
        running.cancel()
        waiting.cancel()
        await asyncio.wait([running, waiting])
        # One slot is free (the pending call); the thread of the other call still runs.
        waiting = group.create_task(hasher.hash("three"))
        await asyncio.wait([waiting], timeout=0)
        with pytest.raises(HashingBusy):
            await hasher.hash("four")
        spy.gate.set()
    assert await hasher.verify("three", waiting.result()) == VALID


async def test_no_error_message_contains_a_password(hasher: PasswordHasher) -> None:
    with pytest.raises(PasswordTooLong) as refused:
        await hasher.hash("secret" * 50)
    assert "secret" not in repr(refused.value)


async def test_hashing_threads_have_a_lower_priority(hasher: PasswordHasher) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    ours = niceness()
    nicer = min(ours + 5, 19) if sys.platform == "linux" else ours
    assert (await hasher._run(niceness), niceness()) == (nicer, ours)
