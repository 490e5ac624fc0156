"""Local sessions: they end with the change that does not allow them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse_contracts.mirror import MirrorRecord
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror.sessions import LIFETIME
from pulse_desktop.core.mirror.sign_in import SignIn
from pulse_testkit.waiting import eventually

from .mirror_desk import Desk, FakeAuth, WorldClock, fake_auth, synced_desk, verifier
from .publisher import FakePublisher, account, live, revoked
from .sign_ins import audited, current, refusal, sign_in


@pytest.fixture(scope="module")
def good() -> str:
    """A verifier of PASSWORD."""
    return asyncio.run(verifier())


@pytest.fixture
def auth() -> Iterator[FakeAuth]:
    with fake_auth() as fake:
        yield fake


async def mirrored(folder: Path, *records: MirrorRecord, clock: Clock | None = None) -> FakePublisher:
    """A collector that is off, and had synchronised these records."""
    async with synced_desk(folder, *records, clock=clock) as one:
        return one.publisher


async def signed_in_desk(one: Desk, folder: Path) -> None:
    await sign_in(folder)
    assert await current(folder) is not None


async def test_a_session_ends_with_the_change_that_revokes_its_account(tmp_path: Path, good: str) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        await signed_in_desk(one, tmp_path)
        one.publisher.send(one.broker, one.publisher.delta(one.publisher.change(revoked(1, 3))))
        await one.reaches("synced", 2)
        assert await current(tmp_path) is None
        assert (await audited(tmp_path))[-2:] == [
            ("session_ended", "revoked"),
            ("conflict", "account_revoked_in_session"),
        ]


async def test_a_session_ends_when_a_snapshot_does_not_have_its_account(tmp_path: Path, good: str) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        await signed_in_desk(one, tmp_path)
        one.publisher.held.clear()
        one.publisher.change(live(2, 5))
        one.publisher.send(one.broker, *one.publisher.snapshot())
        await eventually(lambda: one.mirror.view.seq == 2)
        assert await current(tmp_path) is None


async def test_an_offline_session_ends_when_its_password_changes(tmp_path: Path, good: str) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        await signed_in_desk(one, tmp_path)
        change = one.publisher.change(live(1, 3, verifier=await verifier("new password")))
        one.publisher.send(one.broker, one.publisher.delta(change))
        await one.reaches("synced", 2)
        assert await current(tmp_path) is None
        assert (await audited(tmp_path))[-2:] == [
            ("session_ended", "verifier_changed"),
            ("conflict", "account_changed_in_session"),
        ]


async def test_a_session_gets_the_new_role(tmp_path: Path, good: str) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        await signed_in_desk(one, tmp_path)
        one.publisher.send(
            one.broker, one.publisher.delta(one.publisher.change(live(1, 3, verifier=good, role="admin")))
        )
        await one.reaches("synced", 2)
        session = await current(tmp_path)
        assert session is not None
        assert session.person.role == "admin"


async def test_coming_online_validates_offline_sessions_again(tmp_path: Path, good: str) -> None:
    clock = WorldClock()
    async with synced_desk(tmp_path, live(1, 1, verifier=good), clock=clock.clock) as one:
        before = await sign_in(tmp_path, clock=clock.clock)
        clock.passed += 61
        await one.answer_hello()

        async def is_validated() -> bool:
            session = await current(tmp_path, clock.clock)
            return session is not None and session.validated > before.validated

        await eventually(is_validated)


async def test_a_session_ends_after_twelve_hours(tmp_path: Path, good: str) -> None:
    clock = WorldClock()
    async with synced_desk(tmp_path, live(1, 1, verifier=good), clock=clock.clock):
        await sign_in(tmp_path, clock=clock.clock)
        clock.passed += LIFETIME / 1e6 + 1
        assert await current(tmp_path, clock.clock) is None
        await eventually(lambda: has_ended(tmp_path))


async def has_ended(folder: Path) -> bool:
    return (await audited(folder))[-1:] == [("session_ended", "expired")]


async def test_a_sign_in_replaces_the_session_of_another_person(tmp_path: Path, good: str) -> None:
    await mirrored(tmp_path, live(1, 1, verifier=good), live(2, 2, verifier=good))
    await sign_in(tmp_path)
    await sign_in(tmp_path, "person-2@example.org")
    session = await current(tmp_path)
    assert session is not None
    assert session.person.account == account(2)
    assert ("session_ended", "replaced") in await audited(tmp_path)


async def test_a_change_during_the_password_check_wins(
    tmp_path: Path, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        check = SignIn._is_right

        async def slow(self: SignIn, password: str, record: MirrorRecord | None) -> bool:
            is_right = await check(self, password, record)
            one.publisher.send(one.broker, one.publisher.delta(one.publisher.change(revoked(1, 3))))
            await one.reaches("synced", 2)
            return is_right

        monkeypatch.setattr(SignIn, "_is_right", slow)
        assert await refusal(tmp_path) == "wrong_credentials"
        assert await current(tmp_path) is None
