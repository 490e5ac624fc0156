"""Opening a session: in which order what it needs is taken, and that its entry in the audit trail comes with it."""

import asyncio

import pytest

from pulse_auth.actions.signing_in import SignedIn, SignIn, Visitor, _Attempt
from pulse_auth.model.sessions import NOWHERE
from pulse_auth.store.sessions import AccountCopy
from pulse_chassis.identity.caller import Caller
from pulse_postgres import Audit
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, EMAIL, SECRET, World, event

pytestmark = pytest.mark.servers


async def fault(world: World) -> str | None:
    async with world.database.snapshot() as connection:
        return (await Audit(SECRET).verify(connection)).fault


async def noted(world: World) -> list[object]:
    """The sessions that the trail says were opened."""
    rows = await world.rows("SELECT target FROM audit WHERE kind = 'signed_in' ORDER BY target")
    return [row["target"] for row in rows]


async def opened(world: World) -> list[object]:
    """The sessions that were."""
    rows = await world.rows("SELECT 'session:' || id AS target FROM session ORDER BY id")
    return [row["target"] for row in rows]


async def test_a_sign_in_takes_the_failures_before_the_head_of_the_audit_log(ada: World) -> None:
    """A transaction that reports a wait locks them in this order too. The other order would be a deadlock."""
    assert (await ada.login(password="not this one at all")).status_code == 401
    (row,) = await ada.rows("SELECT key FROM backoff")
    visitor = Visitor(Caller(None), NOWHERE)
    attempt = _Attempt(EMAIL, bytes(row["key"]), None, False, visitor)  # type: ignore[call-overload]
    async with ada.database.connection() as connection:
        account = await AccountCopy().by_id(connection, ACCOUNT)
    assert account

    async def open_it() -> None:
        async with ada.database.transaction() as connection:
            assert isinstance(await ada.sign_in._admit(connection, account, attempt), SignedIn)

    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        assert await connection.fetch("SELECT 1 FROM backoff FOR UPDATE")
        group.create_task(open_it())
        await eventually(ada.is_waiting_for_a_lock)
        assert await connection.fetchrow("SELECT n FROM audit_head FOR UPDATE NOWAIT")
    assert await ada.rows("SELECT failures FROM backoff") == []


async def test_many_at_once_leave_a_trail_that_holds(ada: World) -> None:
    answers = await asyncio.gather(*(ada.login(password=f"wrong {n}") if n % 4 == 3 else ada.login() for n in range(9)))
    assert {answer.status_code for answer in answers} <= {200, 401, 429}
    assert await fault(ada) is None
    assert await noted(ada) == await opened(ada) != []


@pytest.mark.parametrize("change", [{"active": False}, {"digest": None}, {"active": False, "deleted": True}])
async def test_an_account_that_changes_while_its_password_is_verified_opens_nothing(
    ada: World, digest: str, change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = SignIn._is_verified

    async def then_it_changes(*given: object) -> object:
        found = await verified(*given)  # type: ignore[arg-type]
        later = {"digest": digest, "version": 2} | change
        await ada.mirror.apply(event(ada.clock, later.pop("digest"), **later))  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(SignIn, "_is_verified", then_it_changes)
    answer = await ada.login()
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    assert (await opened(ada), await noted(ada)) == ([], [])
    assert (await ada.kinds())[-1] == "sign_in_refused"


async def test_without_a_key_no_session_is_opened(ada: World) -> None:
    async with ada.database.transaction() as connection:
        await connection.execute("UPDATE signing_key SET not_after = now(), private = NULL")
    assert (await ada.login()).status_code == 503
    assert (await opened(ada), await noted(ada), await fault(ada)) == ([], [], None)


async def test_a_key_that_cannot_be_opened_opens_no_session(ada: World) -> None:
    """Another key-encryption key than the one that sealed it: found out by the first who signs in."""
    async with ada.database.transaction() as connection:
        await connection.execute("UPDATE signing_key SET private = 'x' || private")
    ada.routes.keys._signers.clear()
    assert (await ada.login()).status_code == 503
    assert (await opened(ada), await noted(ada), await fault(ada)) == ([], [], None)


@pytest.mark.announces_log("request_failed")
async def test_a_session_without_its_entry_is_not_opened(ada: World) -> None:
    async with ada.database.transaction() as connection:
        await connection.execute("ALTER TABLE audit ADD CONSTRAINT full_ CHECK (kind <> 'signed_in')")
    answer = await ada.login()
    assert answer.status_code == 500
    assert (await opened(ada), await noted(ada), await fault(ada)) == ([], [], None)
