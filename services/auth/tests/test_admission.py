"""Opening a session: in which order what it needs is taken, and that its entry in the audit trail comes with it."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from pulse_auth.actions.signing_in import SignIn
from pulse_auth.model.sessions import Place, Session, moment
from pulse_auth.store.admission import AdmissionStore, Opening, Outcome
from pulse_auth.store.sessions import AccountCopy, NewToken
from pulse_postgres import Audit, AuditEntry
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, SECRET, World, event

pytestmark = pytest.mark.servers
SESSION = UUID("00000000-0000-4000-8000-00000000000a")


async def append(world: World, audit: Audit, kind: str = "noted_elsewhere") -> None:
    """What another process of auth would do."""
    async with world.database.transaction() as connection:
        await audit.append(connection, AuditEntry(kind), moment(world.clock()))


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


async def test_a_sign_in_never_holds_the_trail_while_it_waits_for_who_notes_a_wait(ada: World) -> None:
    assert (await ada.login(password="not this one at all")).status_code == 401
    (row,) = await ada.rows("SELECT key FROM backoff")
    now = moment(ada.clock())
    session = Session(SESSION, ACCOUNT, False, now + timedelta(days=1), place=Place("", None))
    token = NewToken(b"h" * 32, SESSION, now + timedelta(days=1))

    async with ada.database.connection() as connection:
        account = await AccountCopy().by_id(connection, ACCOUNT)
    assert account

    async with ada.database.transaction() as connection:
        audit = Audit(SECRET)
        await audit.append(connection, AuditEntry("before"), now)
    sealed = audit.seal(AuditEntry("signed_in"), now)

    async def open_it() -> None:
        async with ada.database.transaction() as connection:
            opening = Opening(session, token, bytes(row["key"]))  # type: ignore[call-overload]
            admitted = await AdmissionStore().admit(connection, account, opening, sealed, now)
            assert admitted
            assert admitted.outcome is Outcome.OPENED

    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        assert await connection.fetch("SELECT 1 FROM backoff FOR UPDATE")
        group.create_task(open_it())
        await eventually(ada.is_waiting_for_a_lock)
        assert await connection.fetchrow("SELECT n FROM audit_head FOR UPDATE NOWAIT")
    assert [row["failures"] for row in await ada.rows("SELECT failures FROM backoff")] == [0]


async def test_a_trail_that_went_on_elsewhere_keeps_nobody_out(ada: World) -> None:
    elsewhere = Audit(SECRET)
    for _ in range(4):
        await append(ada, elsewhere)
        assert (await ada.login()).status_code == 200
    assert await fault(ada) is None
    assert await noted(ada) == await opened(ada)
    assert len(await opened(ada)) == 4


async def test_whoever_is_overtaken_again_and_again_takes_the_end_of_the_trail(
    ada: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, overtaken = Audit(SECRET), 0
    seal = Audit.seal

    def sealed_too_late(self: Audit, *given: object) -> object:
        """Somebody else is always quicker, for the last time right before the end is held."""
        nonlocal overtaken
        if self is not elsewhere and overtaken < 4:
            overtaken += 1
            self._end = (0, bytes(32))
        return seal(self, *given)  # type: ignore[arg-type]

    assert (await ada.login()).status_code == 200  # the first takes it anyway, for no key was opened here yet
    await append(ada, elsewhere)
    monkeypatch.setattr(Audit, "seal", sealed_too_late)
    assert (await ada.login()).status_code == 200
    assert overtaken == 4
    assert await fault(ada) is None
    assert await noted(ada) == await opened(ada) != []


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


async def test_a_session_without_its_entry_is_not_opened(ada: World) -> None:
    async with ada.database.transaction() as connection:
        await connection.execute("ALTER TABLE audit ADD CONSTRAINT full_ CHECK (kind <> 'signed_in')")
    answer = await ada.login()
    assert answer.status_code == 500
    assert (await opened(ada), await noted(ada), await fault(ada)) == ([], [], None)
