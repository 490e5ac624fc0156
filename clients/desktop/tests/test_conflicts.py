"""Conflicts between a collector and the server are decided by version, recorded and audited, and never silent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pulse_contracts.mirror import MirrorRecord
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror import conflicts, emails
from pulse_desktop.core.mirror.conflicts import DECISIONS, MEANINGS, Conflict, Conflicts
from pulse_desktop.core.mirror.database import FILE, Database
from pulse_desktop.core.mirror.keystore import KeystoreError
from pulse_desktop.core.mirror.opening import open_for_collector
from pulse_testkit.waiting import eventually

from .mirror_desk import Desk, WorldClock, fake_auth, synced_desk, verifier
from .publisher import account, live, revoked
from .replica import SECOND
from .sign_ins import NOBODY, audited, opened, sign_in

HOUR = 3_600


@pytest.fixture(scope="module")
def good() -> str:
    """A verifier of PASSWORD."""
    return asyncio.run(verifier())


async def stored(folder: Path) -> list[Conflict]:
    """The conflicts, oldest first, without their times."""
    async with opened(folder) as mirror:
        found = list(reversed(await mirror.conflicts.newest()))
    assert all(one.at > 0 for one in found)
    assert all(one.kind in MEANINGS and one.decision in DECISIONS for one in found)
    reasons = [reason for kind, reason in await audited(folder) if kind == "conflict"]
    assert reasons == [one.kind for one in found], "each is an entry of the audit trail"
    return [Conflict(one.kind, one.decision, one.account, one.other, one.before, one.after) for one in found]


async def send(one: Desk, *records: MirrorRecord) -> None:
    one.publisher.send(one.broker, one.publisher.delta(one.publisher.change(*records)))
    await one.reaches("synced", one.publisher.seq)


async def send_snapshot(one: Desk) -> None:
    one.publisher.seq += 1
    one.publisher.send(one.broker, *one.publisher.snapshot())
    await eventually(lambda: one.mirror.view.seq == one.publisher.seq)


# -- sessions


async def test_a_session_of_a_revoked_account(tmp_path: Path, good: str) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        await sign_in(tmp_path)
        await send(one, revoked(1, 7))
    assert await stored(tmp_path) == [
        Conflict("account_revoked_in_session", "session_ended", account(1), before=1, after=7)
    ]


async def test_an_online_session_of_an_account_that_a_snapshot_does_not_have(tmp_path: Path) -> None:
    with fake_auth() as auth:
        async with synced_desk(tmp_path, live(1, 1), live(2, 2)) as one:
            assert (await sign_in(tmp_path, server=auth.url)).how == "online"
            del one.publisher.held[account(1)]
            await send_snapshot(one)
    assert await stored(tmp_path) == [Conflict("account_revoked_in_session", "session_ended", account(1), before=1)]


async def test_a_session_whose_password_or_role_changed(tmp_path: Path, good: str) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        await sign_in(tmp_path)
        await send(one, live(1, 5, verifier=good, name="Another name"))  # no conflict
        await send(one, live(1, 6, verifier=good, role="admin"))
        await send(one, live(1, 7))
    assert await stored(tmp_path) == [
        Conflict("account_changed_in_session", "role_replaced", account(1), before=5, after=6),
        Conflict("account_changed_in_session", "session_ended", account(1), before=6, after=7),
    ]


async def test_the_same_person_online_and_offline(tmp_path: Path, good: str) -> None:
    with fake_auth() as auth:
        async with synced_desk(tmp_path, live(1, 1, verifier=good)):
            await sign_in(tmp_path, server=NOBODY)
            await sign_in(tmp_path, server=NOBODY)  # no conflict
            await sign_in(tmp_path, server=auth.url)
    assert await stored(tmp_path) == [Conflict("signed_in_twice", "session_replaced", account(1))]


# -- e-mails and versions


async def test_two_live_accounts_with_one_email(tmp_path: Path) -> None:
    shared = "shared@example.org"
    async with synced_desk(tmp_path, live(1, 1, email=shared)) as one:
        await send(one, live(2, 8, email=shared))
        await send(one, live(2, 9, email=shared))  # the same pair: once
        async with opened(tmp_path) as mirror:
            found = await mirror.store.find(shared)
    assert found is not None
    assert found.account == account(2)
    assert await stored(tmp_path) == [
        Conflict("email_reused", "newer_account_signs_in", account(2), account(1), before=1, after=8)
    ]


async def test_an_email_of_a_revoked_account_that_is_used_again(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1, email="shared@example.org")) as one:
        await send(one, revoked(1, 5))
        await send(one, live(2, 8, email="Shared@example.org"))
    assert await stored(tmp_path) == [
        Conflict("email_reused", "older_account_stays_revoked", account(2), account(1), before=1, after=8)
    ]


async def test_an_email_that_a_snapshot_gives_to_another_account(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1, email="shared@example.org"), live(3, 1)) as one:
        del one.publisher.held[account(1)]
        one.publisher.held[account(2)] = live(2, 8, email="shared@example.org")
        one.publisher.ver = 8
        await send_snapshot(one)
    assert await stored(tmp_path) == [
        Conflict("email_reused", "older_account_stays_revoked", account(2), account(1), before=1, after=8)
    ]


async def test_a_change_that_arrives_after_a_deletion(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        await send(one, revoked(1, 5, src=9))
        one.publisher.send(one.broker, one.publisher.delta([live(1, 6, src=8)], base=2, seq=3))
        await eventually(lambda: one.mirror.view.seq == 3)
    assert await stored(tmp_path) == [
        Conflict("change_after_deletion", "account_stays_revoked", account(1), before=5, after=6)
    ]


async def test_only_so_many_emails_of_revoked_accounts_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emails, "MAX_FORMER", 3)
    async with synced_desk(tmp_path, *[live(n, n) for n in range(1, 9)]) as one:
        await send(one, *[revoked(n, 10 + n) for n in range(1, 9)])
        async with opened(tmp_path) as mirror, mirror.database.reading() as rows:
            assert [ver for (ver,) in await rows.fetch("SELECT ver FROM former_email ORDER BY ver")] == [6, 7, 8]


# -- the collector itself


@pytest.mark.parametrize(("hours", "is_conflict"), [(2, False), (4, True)])
async def test_a_collector_that_was_away_for_longer_than_a_lease(tmp_path: Path, hours: int, is_conflict: bool) -> None:
    clock = WorldClock()
    records = live(1, 1, lease=3 * HOUR), live(2, 1, lease=0)

    async def confirmed() -> int:
        async with opened(tmp_path, clock.clock) as mirror:
            assert mirror.position.fresh is not None
            return mirror.position.fresh

    async def is_confirmed_again() -> bool:
        return await confirmed() > before + HOUR * SECOND

    async with synced_desk(tmp_path, *records, clock=clock.clock) as one:
        before = await confirmed()
        clock.passed += hours * HOUR
        await one.answer_hello()
        await eventually(is_confirmed_again)
    found = [(one.kind, one.decision) for one in await stored(tmp_path)]
    assert found == ([("returned_after_lease", "mirror_confirmed_again")] if is_conflict else [])


@pytest.mark.announces_log("mirror_rolled_back")
async def test_a_restored_database(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        async with opened(tmp_path) as mirror:
            await mirror.database.shrink()
        backup = (tmp_path / FILE).read_bytes()
        await send(one, live(2, 3))
    for path in tmp_path.glob(f"{FILE}-*"):
        path.unlink()
    (tmp_path / FILE).write_bytes(backup)
    async with synced_desk(tmp_path, publisher=publisher):
        pass
    found = Conflict("database_restored", "offline_sign_in_refused", before=1, after=2)
    assert found in await stored(tmp_path)


@pytest.mark.announces_log("clock_suspect")
async def test_audit_entries_that_only_the_server_has(tmp_path: Path) -> None:
    clock = WorldClock()
    async with synced_desk(tmp_path, live(1, 1), clock=clock.clock) as one:
        clock.ahead = -3_600  # recorded in the audit trail
        await eventually(lambda: bool(one.publisher.audit_entries(one.broker)))
        one.publisher.audit = 40
        await one.answer_hello()
        await eventually(lambda: one.publisher.reports(one.broker)[-1].audit == 41)
    assert await stored(tmp_path) == [Conflict("audit_ahead", "audit_numbers_raised", before=1, after=40)]


async def test_a_keystore_of_another_enrolment_or_a_missing_one(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)):
        pass
    keys = tmp_path / "mirror-keys.json"
    text = keys.read_text()
    enrolled = Enrolled(tmp_path, None, None)
    identity = enrolled.read()
    assert identity is not None
    for broken in (text.replace('"gen": 1', '"gen": 2'), None):
        keys.unlink() if broken is None else keys.write_text(broken)
        for _ in range(2):  # it is retried
            with pytest.raises(KeystoreError):
                await open_for_collector(enrolled, identity, Clock())
    keys.write_text(text)
    assert await stored(tmp_path) == [Conflict("keystore_mismatch", "offline_sign_in_refused", before=1)]


async def test_the_newest_conflicts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflicts, "MAX_KEPT", 3)
    database = await Database.open(tmp_path / FILE)
    found = Conflicts(database)
    for n in range(1, 6):
        await found.record(n, Conflict("audit_ahead", "audit_numbers_raised", before=n, after=n))
    assert [one.before for one in await found.newest()] == [5, 4, 3]
    assert await found.count() == 3
    await database.close()


async def test_a_flood_of_conflicts_does_not_fill_the_audit_trail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_desktop.core.mirror.audit.QUIET_AFTER", 3)
    database = await Database.open(tmp_path / FILE)
    more: dict[str, Any] = {"before": 1, "after": 2}
    for n in range(1, 9):
        await Conflicts(database).record(n, Conflict("audit_ahead", "audit_numbers_raised", **more))
    async with database.reading() as rows:
        assert await rows.fetch("SELECT n, suppressed FROM audit_head") == [(3, 5)]
    await database.close()
