"""Tokens of ended sessions: refused as soon as the bus says so, for as long as they could live, and within bounds."""

import asyncio
from datetime import timedelta

import pytest

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_chassis.principal import RULES, NotSignedIn, Principals
from pulse_chassis.revocations import Revocations
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


async def test_what_the_bus_revokes_is_no_principal_any_more(clock: FakeClock) -> None:
    principals = Principals(lambda: clock() / 1_000_000)
    principals.use([KEY.verification_key()])
    broker = MemoryBroker()
    mine, auths = MemoryBus(broker, clock=clock), MemoryBus(broker, clock=clock)
    await principals.follow(mine)
    ended, other, foreign = token(clock), token(clock, sid="s2"), token(clock, BOB)

    def is_refused(given: str) -> bool:
        try:
            principals.verify(given)
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


@pytest.mark.parametrize(("issued", "is_covered"), [(9, True), (10, True), (11, False)])
def test_a_whole_account_is_revoked_up_to_the_second(issued: int, is_covered: bool) -> None:
    known = Revocations(lambda: 10.0, timedelta(seconds=330))
    known.add(revoked(10_500_000, None))
    known.add(revoked(3_000_000, None))  # told again, late
    assert known.cover(ADA, "any", issued) is is_covered
    assert not known.cover(BOB, "any", issued)


def test_what_no_token_can_outlive_is_forgotten(clock: FakeClock) -> None:
    known = Revocations(clock.seconds, timedelta(seconds=330))
    known.add(revoked(0, "s1"))
    clock.advance(timedelta(seconds=330))
    known.add(revoked(0, "s2"))
    assert known.cover(ADA, "s1", 0)
    clock.advance(timedelta(seconds=1))
    known.add(revoked(0, "s3"))
    assert len(known) == 2
    assert not known.cover(ADA, "s1", 0)


@pytest.mark.announces_log("the first is forgotten")
def test_a_flood_forgets_the_oldest(clock: FakeClock) -> None:
    known = Revocations(clock.seconds, timedelta(seconds=330), limit=3)
    for number in range(4):
        known.add(revoked(0, f"s{number}"))
    assert [known.cover(ADA, f"s{number}", 0) for number in range(4)] == [False, True, True, True]
