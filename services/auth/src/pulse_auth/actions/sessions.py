"""Sessions: e-mail and password to a pair of tokens, rotation, signing out, and who is signed in."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_auth.actions.ending import Events
from pulse_auth.model.sessions import (
    TOKEN_BYTES,
    Account,
    InvalidCredentials,
    Session,
    SessionEnded,
    SessionRules,
    Verdict,
    access_claims,
    backoff_key,
    is_token,
    judge,
    moment,
    successor,
    token_hash,
    write_token,
)
from pulse_auth.store.sessions import AccountCopy, BackoffStore, FoundToken, NewToken, SessionStore
from pulse_chassis.metrics import Metrics
from pulse_chassis.principal import NotSignedIn, Principal
from pulse_chassis.problems import Overloaded, TooManyRequests
from pulse_jose.signing import TokenSigner
from pulse_passwords import HashingBusy, PasswordHasher, PasswordRefused
from pulse_postgres import Audit, AuditEntry, Connection, Database

log = logging.getLogger("pulse.auth")


@dataclass(frozen=True)
class Means:
    """What sessions are made with. `entropy(n)` gives n unpredictable bytes; `secret` derives successors."""

    hasher: PasswordHasher
    signer: TokenSigner
    secret: bytes = field(repr=False)
    entropy: Callable[[int], bytes]
    new_id: Callable[[], UUID]
    clock: Callable[[], int]
    audit: Audit


@dataclass(frozen=True)
class SignedIn:
    """A session's new pair of tokens. `cookie_seconds` is None for a cookie that ends with the browser."""

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires: datetime
    cookie_seconds: int | None


class SignIn:
    """E-mail and password to a session."""

    def __init__(self, database: Database, means: Means, rules: SessionRules, metrics: Metrics) -> None:
        self._database, self._means, self._rules = database, means, rules
        self._accounts, self._sessions, self._backoff = AccountCopy(), SessionStore(), BackoffStore()
        self._logins = metrics.counter("auth_logins", "Sign-ins by outcome", ["outcome"])
        self._alarms = metrics.counter("auth_digests_refused", "Stored digests that verification refused")

    async def __call__(self, email: str, password: str, *, remember: bool) -> SignedIn:
        """Raises InvalidCredentials, TooManyRequests, Overloaded, Unavailable. Unknown accounts, such as are switched
        off and wrong passwords take the same time and get the same answer."""
        key = backoff_key(email)
        async with self._database.transaction() as connection:
            wait = await self._backoff.reserve(connection, key, self._now())
        if wait:
            self._logins.labels("waits").inc()
            raise TooManyRequests(wait)
        account = await self._verified(email, password, key)
        if account is None:
            self._logins.labels("refused").inc()
            raise InvalidCredentials("e-mail or password is wrong")
        signed_in = await self._open(account, key, remember=remember)
        self._logins.labels("accepted").inc()
        return signed_in

    async def _verified(self, email: str, password: str, key: bytes) -> Account | None:
        async with self._database.connection() as connection:
            account = await self._accounts.by_email(connection, email)
        try:
            digest = account.digest if account and account.active else None
            answer = await self._means.hasher.verify(password, digest)
        except PasswordRefused:
            return None
        except HashingBusy as error:
            async with self._database.transaction() as connection:
                await self._backoff.give_back(connection, key, self._now())
            self._logins.labels("busy").inc()
            raise Overloaded(error.retry_after) from error
        if answer.is_digest_refused:
            self._alarms.inc()
            log.error("the stored digest of account %s was refused: it was not made by users", account and account.id)
        return account if answer.is_valid else None

    async def _open(self, verified: Account, key: bytes, *, remember: bool) -> SignedIn:
        means, now = self._means, self._now()
        async with self._database.transaction() as connection:
            account = await self._accounts.hold(connection, verified.id)
            if account is None or not account.active or account.digest != verified.digest:
                raise InvalidCredentials("e-mail or password is wrong")  # it changed while the password was verified
            session = Session(means.new_id(), account.id, remember, now + self._rules.life)
            token = write_token(means.entropy(TOKEN_BYTES))
            await self._sessions.add(connection, session, now)
            idle_ends = now + self._rules.idle
            await self._sessions.add_token(connection, NewToken(token_hash(token), session.id, idle_ends))
            await self._backoff.clear(connection, key)
            entry = AuditEntry("signed_in", str(account.id), f"session:{session.id}", after={"remember": remember})
            await means.audit.append(connection, entry, now)
        return sign(means, account, session, token, now)

    def _now(self) -> datetime:
        return moment(self._means.clock())


class Sessions:
    """Rotation, signing out, and who is signed in."""

    def __init__(self, database: Database, events: Events, means: Means, rules: SessionRules, metrics: Metrics) -> None:
        self._database, self._means, self._rules = database, means, rules
        self._events, self._sessions, self._accounts = events, SessionStore(), AccountCopy()
        self._rotations = metrics.counter("auth_rotations", "Refresh tokens shown, by verdict", ["verdict"])

    async def refresh(self, token: str) -> SignedIn:
        """The session's next pair of tokens. Raises SessionEnded, Unavailable."""
        if not is_token(token):
            raise SessionEnded("sign in again")
        now = self._now()
        async with self._database.transaction() as connection:
            found = await self._sessions.find(connection, token_hash(token))
            verdict = judge(found.state, now, self._rules.grace) if found else Verdict.ENDED
            if found:
                await self._settle(connection, found, token, verdict, now)
        self._rotations.labels(verdict.value).inc()
        if found is None or verdict in {Verdict.ENDED, Verdict.REUSED}:
            raise SessionEnded("sign in again")
        return sign(self._means, found.account, found.session, successor(self._means.secret, token), now)

    async def _settle(
        self, connection: Connection, found: FoundToken, token: str, verdict: Verdict, now: datetime
    ) -> None:
        session = found.session
        if verdict is Verdict.ROTATE:
            parent, following = token_hash(token), successor(self._means.secret, token)
            await self._sessions.use(connection, parent, now)
            entry = NewToken(token_hash(following), session.id, now + self._rules.idle, parent)
            await self._sessions.add_token(connection, entry)
        elif verdict is Verdict.REUSED:
            log.warning("refresh token reused: session %s of account %s ends", session.id, session.account)
            await self._events.end(connection, session, "token_reused", now)

    async def logout(self, token: str) -> None:
        """Ends the session that the token belongs to, be it used up or not; nothing happens for an unknown one."""
        if not is_token(token):
            return
        async with self._database.transaction() as connection:
            found = await self._sessions.find(connection, token_hash(token))
            if found:
                await self._events.end(connection, found.session, "signed_out", self._now())

    async def require_running(self, principal: Principal) -> None:
        """Raises NotSignedIn when the access token's session has ended before it: auth knows at once."""
        try:
            sid = UUID(principal.sid)
        except ValueError as error:
            raise NotSignedIn("the access token names no session") from error
        async with self._database.connection() as connection:
            session = await self._sessions.by_id(connection, sid)
        if session is None or session.is_revoked:
            raise NotSignedIn("the session has ended")

    def _now(self) -> datetime:
        return moment(self._means.clock())


def sign(means: Means, account: Account, session: Session, refresh_token: str, now: datetime) -> SignedIn:
    """The pair of tokens of a session."""
    claims = access_claims(account, session, now, means.new_id().hex)
    left = max(1, int((session.ends - now).total_seconds())) if session.remember else None
    return SignedIn(account, means.signer.sign(claims), refresh_token, moment(claims.exp * 1_000_000), left)
