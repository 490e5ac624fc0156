"""Running sessions: rotate tokens, list sessions, and end them."""

from datetime import datetime
from uuid import UUID

import structlog

from pulse_auth.actions.ending import SessionRevoker
from pulse_auth.actions.opening import SignedIn, cookie_seconds
from pulse_auth.actions.tokens import SessionDependencies, Tokens
from pulse_auth.model.sessions import (
    AccountNotFound,
    ClientInfo,
    Grant,
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
from pulse_auth.store.sessions import AccountCopy, FoundToken, NewToken, SessionStore, SignIns, UsedSession
from pulse_chassis.identity.caller import SYSTEM, Caller
from pulse_chassis.identity.principal import NotSignedIn, Principal
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.auth import API_KEY_SID
from pulse_postgres import Connection, Database

log = structlog.get_logger("pulse.auth")


class Sessions:
    """Rotates refresh tokens, lists and ends sessions."""

    def __init__(
        self,
        database: Database,
        revoker: SessionRevoker,
        deps: SessionDependencies,
        rules: SessionRules,
        metrics: Metrics,
    ) -> None:
        self._database, self._deps, self._rules = database, deps, rules
        self._revoker, self._sessions, self._accounts = revoker, SessionStore(), AccountCopy()
        self._tokens = Tokens(deps)
        self._rotations = metrics.counter("auth_rotations", "Refresh requests by verdict.", ["verdict"])

    async def refresh(self, token: str, client_info: ClientInfo) -> SignedIn:
        """The session's next pair of tokens. Raises SessionEnded, Unavailable."""
        if not is_token(token):
            raise SessionEnded("Your session has ended. Sign in again.")
        now, issued = self._deps.now(), None
        async with self._database.transaction() as connection:
            found = await self._sessions.find(connection, token_hash(token))
            verdict = judge(found.state, now, self._rules.grace) if found else Verdict.ENDED
            if found:
                await self._apply_verdict(connection, found, token, verdict, client_info)
                if verdict in {Verdict.ROTATE, Verdict.REPEAT, Verdict.REPEAT_LATE}:
                    grant = Grant(str(found.session.id), found.session.ends)
                    facts = await self._tokens.facts(connection, found.account, now)
                    issued = self._tokens.issue(found.account, grant, facts, now)
                if verdict is Verdict.REPEAT_LATE:  # after the lock of the keys: the audit log is locked last
                    await self._sessions.record_late_repeat(connection, token_hash(token), now)
                    await self._revoker.record_late_repeat(
                        connection, found.session, Caller(SYSTEM.account, client_info.address), now
                    )
        self._rotations.labels(verdict.value).inc()
        if found is None or issued is None:
            raise SessionEnded("Your session has ended. Sign in again.")
        next_token, cookie_lifetime = successor(self._deps.secret, token), cookie_seconds(found.session, now)
        return SignedIn(found.account, issued.token, next_token, issued.expires, cookie_lifetime, issued.must_enrol)

    async def _apply_verdict(
        self, connection: Connection, found: FoundToken, token: str, verdict: Verdict, client_info: ClientInfo
    ) -> None:
        session, now = found.session, self._deps.now()
        if verdict is Verdict.ROTATE:
            parent, next_token = token_hash(token), successor(self._deps.secret, token)
            if not await self._sessions.use(connection, parent, now):
                raise LookupError("a refresh token was used although its session is locked")
            entry = NewToken(token_hash(next_token), session.id, now + self._rules.idle, parent)
            await self._sessions.add_token(connection, entry)
            await self._sessions.touch(connection, session.id, client_info, now)
        elif verdict is Verdict.REUSED:
            log.warning("refresh_token_reused", session=str(session.id), account=str(session.account))
            await self._revoker.end(
                connection, session, "token_reused", Caller(SYSTEM.account, client_info.address), now
            )

    async def logout(self, token: str, caller: Caller) -> None:
        """Ends the session of the token, used or not. Does nothing for an unknown token."""
        if not is_token(token):
            return
        async with self._database.transaction() as connection:
            found = await self._sessions.find(connection, token_hash(token))
            if found:
                owner = Caller(str(found.account.id), caller.address, caller.request_id)
                await self._revoker.end(connection, found.session, "signed_out", owner, self._deps.now())

    async def require_running(self, principal: Principal) -> None:
        """Raises NotSignedIn if the session of the access token has ended: auth does not wait for the token to
        expire."""
        async with self._database.connection() as connection:
            is_running = await self._is_running(connection, principal.sid, self._deps.now())
        if not is_running:
            raise NotSignedIn("Your session has ended. Sign in again.")

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
        """The running sessions of an account. Raises AccountNotFound, Unavailable."""
        async with self._database.connection() as connection:
            if await self._accounts.by_id(connection, account) is None:
                raise AccountNotFound("The account does not exist.")
            return await self._sessions.running(connection, account, self._deps.now())

    async def sign_ins(self, accounts: list[UUID]) -> list[SignIns]:
        """How these accounts sign in, by id. Unknown accounts are left out. Raises Unavailable."""
        async with self._database.connection() as connection:
            return await self._sessions.sign_ins(connection, accounts, self._deps.now())

    async def end(self, account: UUID, session: UUID, caller: Caller) -> None:
        """Ends one session of the account. Raises SessionNotFound, Unavailable."""
        async with self._database.transaction() as connection:
            await self._accounts.hold(connection, account)
            found = await self._sessions.lock(connection, session)
            if found is None or found.account != account:
                raise SessionNotFound("The session does not exist.")
            if not await self._revoker.end(connection, found, "session_ended", caller, self._deps.now()):
                raise SessionNotFound("The session has already ended.")

    async def end_everything(self, account: UUID, caller: Caller) -> int:
        """Ends all sessions of the account and revokes its API keys. Returns how many sessions were running. Raises
        AccountNotFound, Unavailable."""
        async with self._database.transaction() as connection:
            if await self._accounts.lock(connection, account) is None:
                raise AccountNotFound("The account does not exist.")
            now = self._deps.now()  # after the lock: its previous holder may have issued a token
            await self._revoker.revoke_keys(connection, account, "asked", caller, now)
            return await self._revoker.end_all(connection, account, "asked", caller, now)

    async def end_all(self, account: UUID, caller: Caller, *, spare: str | None = None) -> int:
        """Ends all sessions of the account except `spare`; returns how many. Without `spare` it also ends the tokens of
        API keys, but does not revoke the keys. Raises AccountNotFound, Unavailable."""
        count = 0
        async with self._database.transaction() as connection:
            if await self._accounts.lock(connection, account) is None:
                raise AccountNotFound("The account does not exist.")
            now = self._deps.now()  # after the lock: its previous holder may have issued a token
            if spare is None:
                return await self._revoker.end_all(connection, account, "asked", caller, now)
            for used in await self._sessions.running(connection, account, now):
                if str(used.session.id) != spare:
                    count += await self._revoker.end(connection, used.session, "session_ended", caller, now)
        return count


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
