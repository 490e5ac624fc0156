"""Opening a session: in which order what it needs is taken."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from pulse_auth.model.sessions import Place, Session, moment
from pulse_auth.store.admission import AdmissionStore
from pulse_auth.store.sessions import NewToken
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, World

pytestmark = pytest.mark.servers
SESSION = UUID("00000000-0000-4000-8000-00000000000a")


async def test_a_sign_in_never_holds_the_trail_while_it_waits_for_who_notes_a_wait(ada: World) -> None:
    assert (await ada.login(password="not this one at all")).status_code == 401
    (row,) = await ada.rows("SELECT key FROM backoff")
    now = moment(ada.clock())
    session = Session(SESSION, ACCOUNT, False, now + timedelta(days=1), place=Place("", None))
    token = NewToken(b"h" * 32, SESSION, now + timedelta(days=1))

    async def opened() -> None:
        async with ada.database.transaction() as connection:
            assert await AdmissionStore().open(connection, session, token, bytes(row["key"]), now)  # type: ignore[call-overload]

    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        assert await connection.fetch("SELECT 1 FROM backoff FOR UPDATE")
        group.create_task(opened())
        await eventually(ada.is_waiting_for_a_lock)
        assert await connection.fetchrow("SELECT n FROM audit_head FOR UPDATE NOWAIT")
    assert await ada.rows("SELECT 1 FROM backoff") == []
