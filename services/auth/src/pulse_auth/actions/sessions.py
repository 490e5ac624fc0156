"""Sessions that run: rotation, who is signed in, lists of them, and ending them by their owner or an administrator."""

import logging
from datetime import datetime
from uuid import UUID

from pulse_auth.actions.ending import Events
from pulse_auth.actions.signing_in import SignedIn, cookie_seconds
from pulse_auth.actions.tokens import SessionDependencies, Tokens
from pulse_auth.model.sessions import (
    AccountNotFound,
    Grant,
    Place,
    SessionEnded,
    SessionNotFound,
    SessionRules,
    Verdict,
    is_token,
    judge,
    successor,
    token_hash,
)
from pulse_auth.store.api_keys import ApiKeyStore
from pulse_auth.store.sessions import AccountCopy, FoundToken, NewToken, SessionStore, UsedSession
from pulse_chassis.identity.caller import SYSTEM, Caller
from pulse_chassis.identity.principal import NotSignedIn, Principal
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.auth import API_KEY_SID
from pulse_postgres import Connection, Database

log = logging.getLogger("pulse.auth")


class Sessions:
    """Rotation, signing out, and who is signed in."""

    def __init__(
        self, database: Database, events: Events, means: SessionDependencies, rules: SessionRules, metrics: Metrics
    ) -> None:
        self._database, self._means, self._rules = database, means, rules
        self._events, self._sessions, self._accounts = events, SessionStore(), AccountCopy()
        self._tokens = Tokens(means)
        self._rotations = metrics.counter("auth_rotations", "Refresh tokens shown, by verdict", ["verdict"])

    async def refresh(self, token: str, place: Place) -> SignedIn:
        """The session's next pair of tokens. Raises SessionEnded, Unavailable."""
        if not is_token(token):
            raise SessionEnded("sign in again")
        now, issued = self._means.now(), None
        async with self._database.transaction() as connection:
            found = await self._sessions.find(connection, token_hash(token))
            verdict = judge(found.state, now, self._rules.grace) if found else Verdict.ENDED
            if found:
                await self._settle(connection, found, token, verdict, place)
                if verdict in {Verdict.ROTATE, Verdict.REPEAT, Verdict.REPEAT_LATE}:
                    grant = Grant(str(found.session.id), found.session.ends)
                    standing = await self._tokens.standing(connection, found.account, now)
                    issued = self._tokens.issue(found.account, grant, standing, now)
                if verdict is Verdict.REPEAT_LATE:  # after the keys' lock: the audit's head is locked last
                    await self._sessions.note_late(connection, token_hash(token), now)
                    await self._events.note_late(connection, found.session, Caller(SYSTEM.account, place.address), now)
        self._rotations.labels(verdict.value).inc()
        if found is None or issued is None:
            raise SessionEnded("sign in again")
        following, left = successor(self._means.secret, token), cookie_seconds(found.session, now)
        return SignedIn(found.account, issued.token, following, issued.expires, left, issued.must_enrol)

    async def _settle(
        self, connection: Connection, found: FoundToken, token: str, verdict: Verdict, place: Place
    ) -> None:
        session, now = found.session, self._means.now()
        if verdict is Verdict.ROTATE:
            parent, following = token_hash(token), successor(self._means.secret, token)
            if not await self._sessions.use(connection, parent, now):
                raise LookupError("a token was used behind the lock of its session")
            entry = NewToken(token_hash(following), session.id, now + self._rules.idle, parent)
            await self._sessions.add_token(connection, entry)
            await self._sessions.touch(connection, session.id, place, now)
        elif verdict is Verdict.REUSED:
            log.warning("refresh token reused: session %s of account %s ends", session.id, session.account)
            await self._events.end(connection, session, "token_reused", Caller(SYSTEM.account, place.address), now)

    async def logout(self, token: str, caller: Caller) -> None:
        """Ends the session that the token belongs to, be it used up or not; nothing happens for an unknown one."""
        if not is_token(token):
            return
        async with self._database.transaction() as connection:
            found = await self._sessions.find(connection, token_hash(token))
            if found:
                owner = Caller(str(found.account.id), caller.address, caller.request_id)
                await self._events.end(connection, found.session, "signed_out", owner, self._means.now())

    async def require_running(self, principal: Principal) -> None:
        """Raises NotSignedIn when the access token's session has ended before it: auth knows at once."""
        async with self._database.connection() as connection:
            is_running = await self._is_running(connection, principal.sid, self._means.now())
        if not is_running:
            raise NotSignedIn("the session has ended")

    async def _is_running(self, connection: Connection, sid: str, now: datetime) -> bool:
        id_ = _uuid(sid.removeprefix(API_KEY_SID))
        if id_ is None:
            return False
        if sid.startswith(API_KEY_SID):
            key = await ApiKeyStore().by_id(connection, id_)
            return key is not None and key.revoked is None and now < key.expires
        session = await self._sessions.by_id(connection, id_)
        return session is not None and not session.is_revoked

    async def of_account(self, account: UUID) -> list[UsedSession]:
        """The account's sessions that run. Raises AccountNotFound, Unavailable."""
        async with self._database.connection() as connection:
            if await self._accounts.by_id(connection, account) is None:
                raise AccountNotFound("there is no account of this id")
            return await self._sessions.running(connection, account, self._means.now())

    async def end(self, account: UUID, session: UUID, caller: Caller) -> None:
        """Ends one session of the account. Raises SessionNotFound, Unavailable."""
        async with self._database.transaction() as connection:
            await self._accounts.hold(connection, account)
            found = await self._sessions.lock(connection, session)
            if found is None or found.account != account:
                raise SessionNotFound("there is no running session of this id")
            if not await self._events.end(connection, found, "session_ended", caller, self._means.now()):
                raise SessionNotFound("the session has ended already")

    async def end_everything(self, account: UUID, caller: Caller) -> int:
        """Ends every session of the account and revokes its API keys; how many sessions were running. Raises
        AccountNotFound, Unavailable."""
        async with self._database.transaction() as connection:
            if await self._accounts.lock(connection, account) is None:
                raise AccountNotFound("there is no account of this id")
            now = self._means.now()  # not before: whoever held the account may have signed a token since
            await self._events.revoke_keys(connection, account, "asked", caller, now)
            return await self._events.end_all(connection, account, "asked", caller, now)

    async def end_all(self, account: UUID, caller: Caller, *, spare: str | None = None) -> int:
        """Ends every session of the account, with all tokens of its API keys, but the one to be spared; how many. The
        keys stay. Raises AccountNotFound, Unavailable."""
        count = 0
        async with self._database.transaction() as connection:
            if await self._accounts.lock(connection, account) is None:
                raise AccountNotFound("there is no account of this id")
            now = self._means.now()  # not before: whoever held the account may have signed a token since
            if spare is None:
                return await self._events.end_all(connection, account, "asked", caller, now)
            for used in await self._sessions.running(connection, account, now):
                if str(used.session.id) != spare:
                    count += await self._events.end(connection, used.session, "session_ended", caller, now)
        return count


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
