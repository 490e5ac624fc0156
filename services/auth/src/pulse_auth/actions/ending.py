"""How sessions end: revoked, noted and told in one transaction; and how what ended long ago is removed."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from pulse_auth.model.sessions import Session, micros, moment
from pulse_auth.store.sessions import BackoffStore, SessionStore
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.errors import Unavailable
from pulse_contracts.topics import AUTH_EVENT
from pulse_postgres import Audit, AuditEntry, Connection, Database, Outbox

log = logging.getLogger("pulse.auth")
_FORGET_FAILURES = timedelta(days=1)
_KEEP_SESSIONS = timedelta(days=1)


class Events:
    """Ends sessions and says so, in the caller's transaction."""

    def __init__(self, outbox: Outbox, audit: Audit) -> None:
        self._outbox, self._audit, self._sessions = outbox, audit, SessionStore()

    async def end(self, connection: Connection, session: Session, kind: str, now: datetime) -> None:
        """One session."""
        if await self._sessions.revoke(connection, session.id, now):
            await self._say(connection, session.account, str(session.id), now)
            actor = str(session.account) if kind == "signed_out" else "system"
            entry = AuditEntry(kind, actor, f"session:{session.id}", after={"account": str(session.account)})
            await self._audit.append(connection, entry, now)

    async def end_all(self, connection: Connection, account: UUID, now: datetime) -> None:
        """Every session of an account."""
        await self._sessions.revoke_all(connection, account, now)
        await self._say(connection, account, None, now)

    async def _say(self, connection: Connection, account: UUID, sid: str | None, now: datetime) -> None:
        message = SessionRevoked(account=str(account), sid=sid, at=micros(now))
        await self._outbox.put(connection, AUTH_EVENT, message, account=str(account))


class Sweep:
    """Removes what nobody needs any more."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database, self._clock = database, clock

    async def keep_sweeping(self, every: timedelta) -> None:
        """Endless."""
        while True:
            try:
                await self.sweep()
            except Unavailable as error:
                log.info("sweep waits: %s", error)
            await asyncio.sleep(every.total_seconds())

    async def sweep(self) -> int:
        """How many sessions went."""
        now = moment(self._clock())
        async with self._database.transaction() as connection:
            await BackoffStore().sweep(connection, now - _FORGET_FAILURES)
            return await SessionStore().sweep(connection, now - _KEEP_SESSIONS)
