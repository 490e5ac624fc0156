"""Revoked sessions: their tokens are rejected until they expire, with bounded memory."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_chassis.identity.principal import RULES, NotSignedIn, Principals
from pulse_chassis.identity.revocations import Revocations
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.topics import AUTH_EVENT
from pulse_jose import SigningKey
from pulse_jose.claims import Claims
from pulse_jose.signing import TokenSigner
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually

KEY = SigningKey.generate(kid="k1")
ADA, BOB = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


def token(clock: FakeClock, account: str = ADA, sid: str = "s1", *, age: int = 0) -> str:
    now = clock() // 1_000_000 - age
    claims = Claims("precisionpulse", "pulse", account, "j", sid, "user", "a@b.c", "A", now, now + 300)
    return TokenSigner(KEY, RULES).sign(claims)


def revoked(at: int, sid: str | None = "s1", account: str = ADA) -> SessionRevoked:
    return SessionRevoked(account=account, sid=sid, at=at)


async def test_a_revoked_session_is_rejected(clock: FakeClock) -> None:
    principals = Principals(lambda: clock() / 1_000_000)
    principals.replace_keys([KEY.verification_key()])
    broker = MemoryBroker()
    mine, auths = MemoryBus(broker, clock=clock), MemoryBus(broker, clock=clock)
    await principals.follow(mine)
    ended, other, foreign = token(clock), token(clock, sid="s2"), token(clock, BOB)

    def is_refused(presented: str) -> bool:
        try:
            principals.verify(presented)
        except NotSignedIn:
            return True
        return False

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(bus.run()) for bus in (mine, auths)]
        await asyncio.gather(mine.wait_connected(), auths.wait_connected())
        assert principals.verify(ended).issued == clock() // 1_000_000
        await auths.publish(AUTH_EVENT, revoked(clock()), account=ADA)
        await eventually(lambda: is_refused(ended))
        assert not is_refused(other)
        await auths.publish(AUTH_EVENT, revoked(clock(), None), account=ADA)
        await eventually(lambda: is_refused(other))
        assert not is_refused(foreign)
        clock.advance(timedelta(seconds=1))
        assert not is_refused(token(clock, sid="s3"))
        for task in tasks:
            task.cancel()


@dataclass(frozen=True)
class Token:
    """The properties of a token that a revocation refers to."""

    account: str = ADA
    sid: str = "any"
    issued: int = 0
    generation: int = 0


@pytest.mark.parametrize(("issued", "is_covered"), [(9, True), (10, True), (11, False)])
def test_without_a_generation_an_account_is_revoked_up_to_the_second(issued: int, is_covered: bool) -> None:
    known = Revocations(lambda: 10.0, timedelta(seconds=330))
    known.add(revoked(10_500_000, None))
    known.add(revoked(3_000_000, None))  # a late repetition
    assert known.cover(Token(issued=issued)) is is_covered
    assert not known.cover(Token(BOB, issued=issued))


@pytest.mark.parametrize(("generation", "is_covered"), [(0, True), (1, True), (2, False), (3, False)])
@pytest.mark.parametrize("issued", [0, 10, 20])
def test_an_account_is_revoked_up_to_its_generation_regardless_of_clocks(
    issued: int, generation: int, is_covered: bool
) -> None:
    known = Revocations(lambda: 10.0, timedelta(seconds=330))
    known.add(SessionRevoked(account=ADA, sid=None, at=10_500_000, generation=2))
    known.add(SessionRevoked(account=ADA, sid=None, at=10_600_000, generation=1))  # an older one, from another clock
    assert known.cover(Token(issued=issued, generation=generation)) is is_covered
    assert not known.cover(Token(BOB, issued=issued, generation=generation))


def test_a_restored_auth_revokes_earlier_tokens_and_undoes_no_revocation() -> None:
    known = Revocations(lambda: 100.0, timedelta(seconds=330))
    known.add(SessionRevoked(account=ADA, sid=None, at=90_000_000, generation=1_800_000_000_005))
    assert known.cover(Token(issued=101, generation=1_800_000_000_003))  # issued before the backup
    known.add(SessionRevoked(account=ADA, sid=None, at=100_000_000, generation=1_800_000_010_000))
    assert known.cover(Token(issued=95, generation=1_800_000_000_005))
    assert not known.cover(Token(issued=95, generation=1_800_000_010_000))


def test_a_generation_stays_exact_in_a_token_and_on_the_bus(clock: FakeClock) -> None:
    most = 2**53 - 1
    now = clock() // 1_000_000
    claims = Claims("precisionpulse", "pulse", ADA, "j", "s1", "user", "a@b.c", "A", now, now + 300, gen=most)
    principals = Principals(lambda: clock() / 1_000_000)
    principals.replace_keys([KEY.verification_key()])
    assert principals.verify(TokenSigner(KEY, RULES).sign(claims)).generation == most
    event = SessionRevoked(account=ADA, sid=None, at=1, generation=most)
    assert SessionRevoked.model_validate_json(event.model_dump_json()).generation == most


def test_revocations_with_and_without_a_generation_are_kept_side_by_side() -> None:
    known = Revocations(lambda: 10.0, timedelta(seconds=330))
    known.add(revoked(10_500_000, None))
    known.add(SessionRevoked(account=ADA, sid=None, at=1, generation=1))
    assert known.cover(Token(issued=10, generation=1))
    assert known.cover(Token(issued=11, generation=0))
    assert not known.cover(Token(issued=11, generation=1))


def test_a_revocation_is_removed_when_every_token_has_expired(clock: FakeClock) -> None:
    known = Revocations(clock.seconds, timedelta(seconds=330))
    known.add(revoked(0, "s1"))
    clock.advance(timedelta(seconds=330))
    known.add(revoked(0, "s2"))
    assert known.cover(Token(sid="s1"))
    clock.advance(timedelta(seconds=1))
    known.add(revoked(0, "s3"))
    assert len(known) == 2
    assert not known.cover(Token(sid="s1"))


@pytest.mark.announces_log("oldest_revocation_dropped")
def test_beyond_the_limit_the_oldest_revocation_is_dropped(clock: FakeClock) -> None:
    known = Revocations(clock.seconds, timedelta(seconds=330), limit=3)
    for number in range(4):
        known.add(revoked(0, f"s{number}"))
    assert [known.cover(Token(sid=f"s{number}")) for number in range(4)] == [False, True, True, True]
