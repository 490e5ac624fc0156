"""Signing in at a collector: online first, offline by the rules of protocol B3."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse_contracts.mirror import MirrorRecord
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror.attempts import MAX_DELAY, Attempts, delay
from pulse_desktop.core.mirror.database import FILE, Database
from pulse_desktop.core.mirror.sign_in import SignInRefused
from pulse_passwords import MIRROR_POLICY, HashingPolicy, check_digest, hashing
from pulse_testkit.waiting import eventually

from .mirror_desk import PASSWORD, FakeAuth, WorldClock, fake_auth, synced_desk, verifier
from .publisher import FakePublisher, account, live, revoked
from .sign_ins import audited, current, opened, refusal, sign_in

HOUR = 3_600


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


# -- offline


async def test_a_person_signs_in_offline_with_local_permissions(tmp_path: Path, good: str) -> None:
    await mirrored(tmp_path, live(1, 1, verifier=good))
    session = await sign_in(tmp_path, " Person-1@Example.ORG ")
    assert (session.how, session.person.account, session.person.role) == ("offline", account(1), "user")
    assert "telemetry.read" in session.permissions
    assert "accounts.manage" not in session.permissions
    assert await current(tmp_path) == session
    assert await audited(tmp_path) == [("signed_in_offline", "")]


async def test_wrong_unknown_revoked_and_unready_accounts_get_the_same_answer(tmp_path: Path, good: str) -> None:
    await mirrored(tmp_path, live(1, 1, verifier=good), revoked(2, 2), live(3, 3, verifier=None))
    for email in ("person-1", "person-2", "person-3", "person-4"):
        password = "wrong" if email == "person-1" else PASSWORD
        assert await refusal(tmp_path, f"{email}@example.org", password) == "wrong_credentials"
    assert await current(tmp_path) is None


async def test_every_attempt_is_one_run_of_argon2_with_the_same_costs(
    tmp_path: Path, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[HashingPolicy] = []
    verify = hashing._verify

    def counted(password: bytes, digest: str) -> bool:
        costs.append(check_digest(digest))
        return verify(password, digest)

    monkeypatch.setattr(hashing, "_verify", counted)
    monkeypatch.setattr(hashing, "_hash", None)  # a digest that is made would raise TypeError
    await mirrored(tmp_path, live(1, 1, verifier=good), live(3, 3, verifier=None))
    await sign_in(tmp_path)  # the first one of this mirror
    for email in ("person-3@example.org", "unknown@example.org"):
        assert await refusal(tmp_path, email) == "wrong_credentials"
    assert costs == [MIRROR_POLICY] * 3


async def test_the_lease_counts_from_the_last_confirmation(tmp_path: Path, good: str) -> None:
    clock = WorldClock()
    await mirrored(tmp_path, live(1, 1, verifier=good, lease=72 * HOUR), clock=clock.clock)
    clock.passed += 72 * HOUR - 60
    assert (await sign_in(tmp_path, clock=clock.clock)).how == "offline"
    clock.passed += 3 * HOUR + 60
    with pytest.raises(SignInRefused, match="offline sign-in ended 3 h ago: connect this collector to the network"):
        await sign_in(tmp_path, clock=clock.clock)


async def test_an_account_without_a_lease_cannot_sign_in(tmp_path: Path, good: str) -> None:
    await mirrored(tmp_path, live(1, 1, verifier=good, lease=0, role="admin"))
    with pytest.raises(SignInRefused, match="administrators cannot sign in without the network"):
        await sign_in(tmp_path)
    assert await refusal(tmp_path, "person-1@example.org", "wrong") == "wrong_credentials"  # tells nothing more


async def test_nobody_signs_in_before_the_first_synchronisation(tmp_path: Path) -> None:
    FakePublisher().enrol(Enrolled(tmp_path, None, None))
    assert await refusal(tmp_path) == "never_synchronised"


async def test_a_clock_that_went_back_refuses_until_it_is_right(tmp_path: Path, good: str) -> None:
    clock = WorldClock()
    await mirrored(tmp_path, live(1, 1, verifier=good), clock=clock.clock)
    clock.ahead = -120
    assert await refusal(tmp_path, clock=clock.clock) == "clock_suspect"
    clock.ahead = -30
    assert (await sign_in(tmp_path, clock=clock.clock)).how == "offline"


async def test_elapsed_time_survives_a_clock_that_is_set_back_while_the_machine_is_off(
    tmp_path: Path, good: str
) -> None:
    clock = WorldClock()
    await mirrored(tmp_path, live(1, 1, verifier=good, lease=HOUR), clock=clock.clock)
    clock.passed += 2 * HOUR
    assert await refusal(tmp_path, clock=clock.clock) == "lease_ended"  # persists the elapsed time
    clock.passed -= 2 * HOUR
    assert await refusal(tmp_path, clock=clock.clock) == "clock_suspect"


@pytest.mark.announces_log("mirror_rolled_back")
async def test_a_restored_database_refuses_and_ends_its_sessions(tmp_path: Path, good: str) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        publisher = one.publisher
        await sign_in(tmp_path)
        async with opened(tmp_path) as mirror:
            await mirror.database.shrink()
        backup = (tmp_path / FILE).read_bytes()
        publisher.send(one.broker, publisher.delta(publisher.change(revoked(2, 3))))
        await one.reaches("synced", 2)
    for path in tmp_path.glob(f"{FILE}-*"):
        path.unlink()
    (tmp_path / FILE).write_bytes(backup)
    assert await refusal(tmp_path) == "rolled_back"
    async with synced_desk(tmp_path, revoked(3, 4), publisher=publisher):
        assert await current(tmp_path) is None
    assert ("session_ended", "rolled_back") in await audited(tmp_path)


@pytest.mark.announces_log("mirror_wiped")
async def test_a_wiped_collector_refuses(tmp_path: Path, good: str) -> None:
    async with synced_desk(tmp_path, live(1, 1, verifier=good)) as one:
        await sign_in(tmp_path)
        one.publisher.send(one.broker, one.publisher.wipe())
        await one.reaches("wiped")
        await eventually(lambda: not_signed_in(tmp_path))
    assert await refusal(tmp_path) == "wiped"


async def not_signed_in(folder: Path) -> bool:
    return await current(folder) is None


@pytest.mark.parametrize(("text", "code"), [(None, "missing"), ("{}", "foreign"), ("other", "foreign")])
async def test_a_keystore_that_cannot_be_used_refuses(tmp_path: Path, good: str, text: str | None, code: str) -> None:
    await mirrored(tmp_path, live(1, 1, verifier=good))
    keys = tmp_path / "mirror-keys.json"
    if text is None:
        keys.unlink()
    else:
        keys.write_text(keys.read_text().replace("press-4", "press-5") if text == "other" else text)
    with pytest.raises(SignInRefused, match="with --replace"):
        await sign_in(tmp_path)
    assert await refusal(tmp_path) == f"keystore_{code}"


# -- attempts


async def test_five_free_attempts_and_then_delays_that_survive_restarts(tmp_path: Path, good: str) -> None:
    clock = WorldClock()
    await mirrored(tmp_path, live(1, 1, verifier=good), clock=clock.clock)
    clock.freeze()
    for email in ("person-1@example.org", "unknown@example.org"):
        codes = [await refusal(tmp_path, email, "wrong", clock=clock.clock) for _ in range(6)]
        assert codes == ["wrong_credentials"] * 5 + ["too_many_attempts"]
    assert await refusal(tmp_path, clock=clock.clock) == "too_many_attempts"  # also with the right password
    clock.passed += 2
    assert (await sign_in(tmp_path, clock=clock.clock)).how == "offline"
    assert await refusal(tmp_path, "person-1@example.org", "wrong", clock=clock.clock) == "wrong_credentials"


def test_the_delays_double_up_to_a_quarter_of_an_hour() -> None:
    assert [delay(n) for n in range(8)] == [0, 0, 0, 0, 0, 1, 2, 4]
    assert max(delay(n) for n in range(1_000)) == MAX_DELAY == 900


async def test_an_attempt_counts_before_the_password_is_checked(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / FILE)
    attempts = Attempts(database)
    for _ in range(5):
        assert await attempts.begin("account:1", 0) == 0  # the process ends here each time
    assert await attempts.begin("account:1", 0) == 1
    assert await attempts.begin("account:2", 0) == 0
    await database.close()


async def test_unknown_emails_do_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulse_desktop.core.mirror.attempts.MAX_UNKNOWN", 10)
    database = await Database.open(tmp_path / FILE)
    attempts = Attempts(database)
    await attempts.begin("account:1", 0)
    for n in range(50):
        await attempts.begin(f"email:{n}", n)
    async with database.reading() as rows:
        assert len(await rows.fetch("SELECT subject FROM attempt")) == 11
    await database.close()


# -- online


async def test_the_server_decides_when_it_answers(tmp_path: Path, good: str, auth: FakeAuth) -> None:
    auth.password = "another one"
    await mirrored(tmp_path, live(1, 1, verifier=good))
    assert await refusal(tmp_path, server=auth.url) == "invalid_credentials"  # right offline, refused online: final
    session = await sign_in(tmp_path, password="another one", server=auth.url)
    assert session.how == "online"
    assert auth.requests[-1] == "/api/auth/logout"
    assert auth.cookies == ["refresh=secret"]
    assert await audited(tmp_path) == [("sign_in_refused", "invalid_credentials"), ("signed_in", "")]


@pytest.mark.parametrize("status", [400, 403, 404, 422, 429, 302, 500, 503])
async def test_no_http_answer_is_a_reason_for_an_offline_sign_in(
    tmp_path: Path, good: str, auth: FakeAuth, status: int
) -> None:
    auth.status = status
    await mirrored(tmp_path, live(1, 1, verifier=good))
    code = await refusal(tmp_path, server=auth.url)
    assert code == ("server_failed" if status >= 500 else "made_up")
    assert await current(tmp_path) is None


async def test_a_server_that_does_not_answer_cannot_be_reached(
    tmp_path: Path, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_desktop.core.mirror.server.TIMEOUT", 0.2)
    await mirrored(tmp_path, live(1, 1, verifier=good))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        session = await sign_in(tmp_path, server=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert session.how == "offline"


async def test_a_second_factor_is_asked_for(tmp_path: Path, auth: FakeAuth) -> None:
    auth.code = "123456"
    await mirrored(tmp_path, live(1, 1))
    assert (await sign_in(tmp_path, server=auth.url, code="123456")).how == "online"
    assert await refusal(tmp_path, server=auth.url, code="000000") == "wrong_code"
    assert await refusal(tmp_path, server=auth.url) == "no_code"


async def test_who_is_not_allowed_at_this_collector_cannot_sign_in_online_either(
    tmp_path: Path, auth: FakeAuth
) -> None:
    await mirrored(tmp_path, revoked(1, 1), live(2, 2))
    assert await refusal(tmp_path, server=auth.url) == "not_entitled"  # the server's account is person 1
    assert await current(tmp_path) is None
    assert await audited(tmp_path) == [("sign_in_refused", "not_entitled")]


async def test_a_mirror_that_never_synchronised_leaves_the_decision_to_the_server(
    tmp_path: Path, auth: FakeAuth
) -> None:
    FakePublisher().enrol(Enrolled(tmp_path, None, None), server=auth.url)
    assert (await sign_in(tmp_path, server=auth.url)).how == "online"


async def test_a_locked_keystore_does_not_prevent_an_online_sign_in(tmp_path: Path, auth: FakeAuth) -> None:
    await mirrored(tmp_path, live(1, 1))
    (tmp_path / "mirror-keys.json").unlink()
    assert (await sign_in(tmp_path, server=auth.url)).how == "online"
