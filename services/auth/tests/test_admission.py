"""Opening a session: the order of locks, and the audit entry in the same transaction."""

import asyncio

import pytest

from pulse_auth.actions.opening import SignedIn, Visitor
from pulse_auth.actions.signing_in import SignIn, _Attempt
from pulse_auth.model.sessions import UNKNOWN_CLIENT
from pulse_auth.store.sessions import AccountCopy
from pulse_chassis.identity.caller import Caller
from pulse_postgres import Audit
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, EMAIL, SECRET, World, event

pytestmark = pytest.mark.servers


async def fault(world: World) -> str | None:
    async with world.database.snapshot() as connection:
        return (await Audit(SECRET).verify(connection)).fault


async def audited(world: World) -> list[object]:
    """The sessions that the audit log says were opened."""
    rows = await world.rows("SELECT target FROM audit WHERE kind = 'signed_in' ORDER BY target")
    return [row["target"] for row in rows]


async def opened(world: World) -> list[object]:
    """The sessions in the table."""
    rows = await world.rows("SELECT 'session:' || id AS target FROM session ORDER BY id")
    return [row["target"] for row in rows]


async def test_a_sign_in_locks_the_failure_counter_before_the_audit_log(ada: World) -> None:
    """A transaction that audits a wait locks in the same order. The other order would deadlock."""
    assert (await ada.login(password="not this one at all")).status_code == 401
    (row,) = await ada.rows("SELECT key FROM backoff")
    visitor = Visitor(Caller(None), UNKNOWN_CLIENT)
    attempt = _Attempt(EMAIL, bytes(row["key"]), None, False, visitor)  # type: ignore[call-overload]
    async with ada.database.connection() as connection:
        account = await AccountCopy().by_id(connection, ACCOUNT)
    assert account

    async def admit() -> None:
        async with ada.database.transaction() as connection:
            assert isinstance(await ada.sign_in._admit(connection, account, attempt), SignedIn)

    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        assert await connection.fetch("SELECT 1 FROM backoff FOR UPDATE")
        group.create_task(admit())
        await eventually(ada.is_waiting_for_a_lock)
        assert await connection.fetchrow("SELECT n FROM audit_head FOR UPDATE NOWAIT")
    assert await ada.rows("SELECT failures FROM backoff") == []


async def test_concurrent_sign_ins_leave_a_valid_audit_log(ada: World) -> None:
    answers = await asyncio.gather(*(ada.login(password=f"wrong {n}") if n % 4 == 3 else ada.login() for n in range(9)))
    assert {answer.status_code for answer in answers} <= {200, 401, 429}
    assert await fault(ada) is None
    assert await audited(ada) == await opened(ada) != []


@pytest.mark.parametrize("change", [{"active": False}, {"digest": None}, {"active": False, "deleted": True}])
async def test_an_account_that_changes_during_verification_gets_no_session(
    ada: World, digest: str, change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = SignIn._is_verified

    async def verify_then_change(*args: object) -> object:
        found = await verified(*args)  # type: ignore[arg-type]
        later = {"digest": digest, "version": 2} | change
        await ada.mirror.apply(event(ada.clock, later.pop("digest"), **later))  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(SignIn, "_is_verified", verify_then_change)
    answer = await ada.login()
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    assert (await opened(ada), await audited(ada)) == ([], [])
    assert (await ada.kinds())[-1] == "sign_in_refused"


async def test_no_session_is_opened_without_a_signing_key(ada: World) -> None:
    async with ada.database.transaction() as connection:
        await connection.execute("UPDATE signing_key SET not_after = now(), private = NULL")
    assert (await ada.login()).status_code == 503
    assert (await opened(ada), await audited(ada), await fault(ada)) == ([], [], None)


async def test_no_session_is_opened_with_an_unreadable_signing_key(ada: World) -> None:
    """The key was sealed with another key-encryption key."""
    async with ada.database.transaction() as connection:
        await connection.execute("UPDATE signing_key SET private = 'x' || private")
    ada.routes.keys._signers.clear()
    assert (await ada.login()).status_code == 503
    assert (await opened(ada), await audited(ada), await fault(ada)) == ([], [], None)


@pytest.mark.announces_log("request_failed")
async def test_no_session_is_opened_without_its_audit_entry(ada: World) -> None:
    async with ada.database.transaction() as connection:
        await connection.execute("ALTER TABLE audit ADD CONSTRAINT full_ CHECK (kind <> 'signed_in')")
    answer = await ada.login()
    assert answer.status_code == 500
    assert (await opened(ada), await audited(ada), await fault(ada)) == ([], [], None)
