"""Ends sessions: revokes, audits and announces in one transaction. Also deletes old data."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from pulse_auth.model.sessions import Session
from pulse_auth.store.api_keys import ApiKeyStore
from pulse_auth.store.collectors import CodeStore
from pulse_auth.store.second_factors import ChallengeStore
from pulse_auth.store.sessions import Revoked, SessionStore
from pulse_chassis.identity.caller import Caller
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.changes import Changed
from pulse_contracts.times import from_micros, to_micros
from pulse_contracts.topics import AUTH_EVENT, CHANGES_PEOPLE
from pulse_postgres import Audit, AuditEntry, BackoffStore, Connection, Database, LimitStore, Outbox
from pulse_postgres.database import after_commit

_FORGET_FAILURES = timedelta(days=1)
_KEEP_SESSIONS = timedelta(days=1)
_KEEP_API_KEYS = timedelta(days=30)
_KEEP_REVOCATIONS = timedelta(minutes=30)


class SessionRevoker:
    """Ends sessions in the caller's transaction. `announced` is set after it has committed."""

    def __init__(self, outbox: Outbox, audit: Audit) -> None:
        self._outbox, self._audit, self._sessions, self._keys = outbox, audit, SessionStore(), ApiKeyStore()
        self.announced = asyncio.Event()

    async def end(self, connection: Connection, session: Session, kind: str, caller: Caller, now: datetime) -> bool:
        """Ends a session. Returns whether it was running."""
        if not await self._sessions.revoke(connection, session.id, now):
            return False
        await self.announce(connection, session.account, str(session.id), now)
        await self._record(connection, session, kind, caller, now)
        return True

    async def record_late_repeat(self, connection: Connection, session: Session, caller: Caller, now: datetime) -> None:
        """Audits a used refresh token that was repeated later than two tabs explain. The session goes on."""
        await self._record(connection, session, "token_repeated_late", caller, now)

    async def _record(self, connection: Connection, session: Session, kind: str, caller: Caller, now: datetime) -> None:
        entry = AuditEntry(
            kind,
            caller.account,
            f"session:{session.id}",
            after={"account": str(session.account)},
            address=caller.address,
            request_id=caller.request_id,
        )
        await self._audit.append(connection, entry, now)

    async def end_all(self, connection: Connection, account: UUID, reason: str, caller: Caller, now: datetime) -> int:
        """Ends all sessions of an account and all tokens of its API keys. Returns how many sessions were running."""
        count = await self._sessions.revoke_all(connection, account, now)
        await self.announce(connection, account, None, now)
        entry = AuditEntry(
            "sessions_ended",
            caller.account,
            f"account:{account}",
            after={"reason": reason, "sessions": count},
            address=caller.address,
            request_id=caller.request_id,
        )
        await self._audit.append(connection, entry, now)
        return count

    async def revoke_keys(
        self, connection: Connection, account: UUID, reason: str, caller: Caller, now: datetime
    ) -> None:
        """Revokes all API keys of an account; audits it if there were any. `end_all` ends their tokens."""
        count = await self._keys.revoke_all(connection, account, now)
        if not count:
            return
        entry = AuditEntry(
            "api_keys_revoked",
            caller.account,
            f"account:{account}",
            after={"reason": reason, "api_keys": count},
            address=caller.address,
            request_id=caller.request_id,
        )
        await self._audit.append(connection, entry, now)

    async def note_account(self, connection: Connection, account: UUID, now: datetime) -> None:
        """Tells pages that something of the account changed that no revocation tells."""
        await self._outbox.put(connection, CHANGES_PEOPLE, Changed(at=to_micros(now)), account=str(account))

    async def announce(self, connection: Connection, account: UUID, sid: str | None, now: datetime) -> None:
        """Announces to all services that the tokens of this session are invalid, or for `sid` None all earlier tokens
        of the account. A generation number decides which are earlier, not a clock."""
        generation = await self._sessions.next_generation(connection, account, now) if sid is None else None
        revoked = Revoked(account, sid, now, generation)
        await self._sessions.add_revocation(connection, revoked)
        message = revocation(revoked)
        await self._outbox.put(connection, AUTH_EVENT, message, account=str(account))
        after_commit(self.announced.set)


def revocation(revoked: Revoked) -> SessionRevoked:
    """The revocation as a message."""
    at, generation = to_micros(revoked.at), revoked.generation
    return SessionRevoked(account=str(revoked.account), sid=revoked.sid, at=at, generation=generation)


class Sweep:
    """Deletes old data."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database, self._clock = database, clock

    async def sweep(self) -> None:
        """Deletes expired sessions, codes, challenges, API keys, limits and failures. Raises Unavailable."""
        now = from_micros(self._clock())
        for sweep, before in (  # a transaction each: a sweep that holds two tables could meet a sign-in in a deadlock
            (BackoffStore().sweep, now - _FORGET_FAILURES),
            (LimitStore().sweep, now),
            (CodeStore().sweep, now),
            (ChallengeStore().sweep, now),
            (ApiKeyStore().sweep, now - _KEEP_API_KEYS),
            (SessionStore().sweep_revocations, now - _KEEP_REVOCATIONS),
            (SessionStore().sweep, now - _KEEP_SESSIONS),
        ):
            async with self._database.transaction() as connection:
                await sweep(connection, before)
