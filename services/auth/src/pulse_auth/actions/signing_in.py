"""Signing in with e-mail and password, and with a second factor if the account has one."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from pulse_auth.actions.codes import Codes
from pulse_auth.actions.tokens import SessionDependencies, Tokens
from pulse_auth.model.known_devices import ID_BYTES, failures_key, read_device, write_device
from pulse_auth.model.second_factors import (
    CHALLENGE_LIFE,
    CHALLENGE_TRIES,
    ChallengeOver,
    SecondFactorRequired,
    WrongCode,
)
from pulse_auth.model.sessions import (
    TOKEN_BYTES,
    Account,
    Grant,
    InvalidCredentials,
    Place,
    Session,
    SessionRules,
    backoff_key,
    derived_key,
    is_token,
    token_hash,
    write_token,
)
from pulse_auth.store.second_factors import Challenge, ChallengeStore
from pulse_auth.store.sessions import AccountCopy, NewToken, SessionStore
from pulse_auth.store.signing_keys import SigningKeyStore
from pulse_auth.store.standing import Standing
from pulse_chassis.http.problems import Overloaded, TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import DomainError
from pulse_passwords import HashingBusy, PasswordRefused
from pulse_postgres import (
    AuditEntry,
    BackoffStore,
    Connection,
    Database,
    DatabaseUnavailable,
    LimitStore,
    Rate,
    limit_key,
)

log = structlog.get_logger("pulse.auth")
_NOTED = Rate(1, timedelta(minutes=1))
"""Expired challenges are noted in the audit log at most once a minute each: nobody can fill it."""


@dataclass(frozen=True)
class Visitor:
    """Who signs in, as far as it is known before the password is verified.

    client: the name by which limits count the client, or None if it is unknown.
    device_cookie: from an earlier sign-in on the same browser, or empty.
    """

    caller: Caller
    place: Place
    client: str | None = None
    device_cookie: str = field(default="", repr=False)


@dataclass(frozen=True)
class SignedIn:
    """A session's new pair of tokens.

    cookie_seconds: lifetime of the refresh cookie; None for a cookie that ends with the browser.
    must_enrol: the token only allows setting up a second factor.
    device_cookie: None where the browser's cookie stays as it is.
    """

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires: datetime
    cookie_seconds: int | None
    must_enrol: bool = False
    device_cookie: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Attempt:
    email: str
    key: bytes
    device: bytes | None
    remember: bool
    visitor: Visitor


class SignIn:
    """Opens a session for an e-mail and a password."""

    def __init__(
        self, database: Database, means: SessionDependencies, rules: SessionRules, codes: Codes, metrics: Metrics
    ) -> None:
        self._database, self._means, self._rules, self._codes = database, means, rules, codes
        self._tokens, self._limits, self._backoff = Tokens(means), LimitStore(), BackoffStore()
        self._accounts, self._sessions, self._keys = AccountCopy(), SessionStore(), SigningKeyStore()
        self._challenges = ChallengeStore()
        self._device_secret = derived_key(means.secret, "known device")
        self.client_rate: Rate | None = None
        self._logins = metrics.counter("auth_logins", "Sign-ins by outcome", ["outcome"])
        self._alarms = metrics.counter("auth_digests_refused", "Stored digests that verification refused")

    async def __call__(self, email: str, password: str, visitor: Visitor, *, remember: bool) -> SignedIn:
        """Signs in. Unknown accounts, disabled accounts and wrong passwords take equal time and get the same answer.
        Raises InvalidCredentials, SecondFactorRequired, TooManyRequests, Overloaded, KeysUnknown, Unavailable."""
        device = read_device(self._device_secret, visitor.device_cookie, email, self._means.now())
        attempt = _Attempt(email, failures_key(email, device), device, remember, visitor)
        account = await self._reserve(attempt)
        outcome: SignedIn | DomainError | None = None
        if await self._is_verified(attempt, account, password) and account is not None:
            async with self._database.transaction() as connection:
                outcome = await self._admit(connection, account, attempt)
        if outcome is None:
            raise await self._refuse(attempt, account)
        await self._give_back_client_use(attempt)
        if isinstance(outcome, DomainError):
            self._logins.labels("second_factor").inc()
            raise outcome
        self._logins.labels("accepted").inc()
        return outcome

    async def second(self, challenge: str, code: str, visitor: Visitor) -> SignedIn:
        """The second step of a sign-in. Raises ChallengeOver, WrongCode, TooManyRequests, KeysUnknown, Unavailable."""
        if not is_token(challenge):
            raise ChallengeOver("sign in again")
        async with self._database.transaction() as connection:
            outcome = await self._meet(connection, token_hash(challenge), code, visitor)
        if isinstance(outcome, DomainError):
            self._logins.labels("second_factor_refused").inc()
            raise outcome
        self._logins.labels("accepted").inc()
        return outcome

    async def _reserve(self, attempt: _Attempt) -> Account | None:
        """Counts the attempt as failed before the password is verified, and finds the account. Raises
        TooManyRequests."""
        now, client = self._means.now(), attempt.visitor.client
        async with self._database.transaction() as connection:
            if client and self.client_rate:
                wait = await self._limits.take(connection, limit_key("login", client), self.client_rate, now)
                if wait:
                    raise TooManyRequests(wait)
            wait = await self._backoff.reserve(connection, attempt.key, now)
            account = await self._accounts.by_email(connection, attempt.email)
        if not wait:
            return account
        async with self._database.transaction() as connection:
            if await self._backoff.note_wait(connection, attempt.key):
                entry = _entry("sign_in_waits", None, attempt.visitor, None, seconds=int(wait.total_seconds()) + 1)
                await self._means.audit.append(connection, entry, now)
        self._logins.labels("waits").inc()
        raise TooManyRequests(wait)

    async def _is_verified(self, attempt: _Attempt, account: Account | None, password: str) -> bool:
        """Whether the password belongs to the account. Without an active account the hasher verifies a dummy. Raises
        Overloaded."""
        digest = account.digest if account is not None and account.active else None
        try:
            answer = await self._means.hasher.verify(password, digest)
        except PasswordRefused:
            return False
        except HashingBusy as error:
            async with self._database.transaction() as connection:
                await self._give_back(connection, attempt)
                await self._backoff.give_back(connection, attempt.key, self._means.now())
            self._logins.labels("busy").inc()
            raise Overloaded(error.retry_after) from error
        if answer.is_digest_refused and account is not None:
            self._alarms.inc()
            log.error("stored_digest_refused", account=str(account.id))
        return answer.is_valid

    async def _refuse(self, attempt: _Attempt, account: Account | None) -> InvalidCredentials:
        """Notes a refused sign-in in the audit log: the same work for known and unknown accounts."""
        async with self._database.transaction() as connection:
            mark = backoff_key(attempt.email).hex()[:16]  # not the e-mail itself: a password may have been typed there
            target = f"account:{account.id}" if account is not None else None
            entry = _entry("sign_in_refused", None, attempt.visitor, target, email_hash=mark)
            await self._means.audit.append(connection, entry, self._means.now())
        self._logins.labels("refused").inc()
        return InvalidCredentials("The e-mail or the password is wrong.")

    async def _admit(
        self, connection: Connection, verified: Account, attempt: _Attempt
    ) -> SignedIn | SecondFactorRequired | None:
        """The password was right: opens a session, or asks for the second factor. None if the account has changed since
        its password was verified. Raises KeysUnknown."""
        account = await self._accounts.hold(connection, verified.id)
        if account is None or not account.active or account.digest != verified.digest:
            return None
        await self._keys.hold(connection)
        standing = await self._tokens.standing(connection, account, self._means.now())
        await self._backoff.clear(connection, attempt.key)
        if standing.is_confirmed:
            return await self._challenge(connection, account, attempt)
        return await self._open(connection, account, standing, attempt)

    async def _challenge(self, connection: Connection, account: Account, attempt: _Attempt) -> SecondFactorRequired:
        now = self._means.now()
        token = write_token(self._means.entropy(TOKEN_BYTES))
        waiting = Challenge(token_hash(token), account.id, account.version, attempt.remember, now + CHALLENGE_LIFE)
        await self._challenges.add(connection, waiting)
        entry = _entry("second_factor_asked", account.id, attempt.visitor, None)
        await self._means.audit.append(connection, entry, now)
        return SecondFactorRequired(token)

    async def _meet(self, connection: Connection, hash_: bytes, code: str, visitor: Visitor) -> SignedIn | DomainError:
        now = self._means.now()
        owner = await self._challenges.owner(connection, hash_)
        account = await self._accounts.hold(connection, owner) if owner else None
        challenge = await self._challenges.lock(connection, hash_)
        if challenge is None or now >= challenge.ends or challenge.tries >= CHALLENGE_TRIES:
            return await self._expired(connection, hash_ if challenge else None, owner, visitor)
        if account is None or not account.active or account.version != challenge.version:
            return await self._expired(connection, hash_, owner, visitor)
        await self._keys.hold(connection)
        tried = await self._codes.attempt(connection, account.id, code, now)
        if tried.wait:
            return TooManyRequests(tried.wait)
        if tried.used is None:
            await self._challenges.count_try(connection, hash_)
            entry = _entry("second_factor_refused", account.id, visitor, None)
            await self._means.audit.append(connection, entry, now)
            return WrongCode()
        await self._challenges.remove(connection, hash_)
        device = read_device(self._device_secret, visitor.device_cookie, account.email, now)
        attempt = _Attempt(account.email, b"", device, challenge.remember, visitor)
        standing = await self._tokens.standing(connection, account, now)
        return await self._open(connection, account, standing, attempt, factor=tried.used)

    async def _expired(
        self, connection: Connection, hash_: bytes | None, owner: UUID | None, visitor: Visitor
    ) -> ChallengeOver:
        now = self._means.now()
        key = limit_key("challenge over", hash_.hex() if hash_ else "unknown")
        if not await self._limits.take(connection, key, _NOTED, now):
            entry = _entry("second_factor_refused", owner, visitor, None, code=ChallengeOver.code)
            await self._means.audit.append(connection, entry, now)
        return ChallengeOver("sign in again")

    async def _open(
        self,
        connection: Connection,
        account: Account,
        standing: Standing,
        attempt: _Attempt,
        factor: str | None = None,
    ) -> SignedIn:
        """Opens a session together with its entry in the audit log. The caller's transaction holds the account and the
        keys, so an emergency that ends all sessions misses none that is being opened. Raises KeysUnknown."""
        means, visitor, now = self._means, attempt.visitor, self._means.now()
        session = Session(means.new_id(), account.id, attempt.remember, now + self._rules.life, place=visitor.place)
        token = write_token(means.entropy(TOKEN_BYTES))
        issued = self._tokens.issue(account, Grant(str(session.id), session.ends), standing, now)
        await self._sessions.add(connection, session, now)
        await self._sessions.add_token(connection, NewToken(token_hash(token), session.id, now + self._rules.idle))
        target = f"session:{session.id}"
        entry = _entry("signed_in", account.id, visitor, target, remember=attempt.remember, second_factor=factor)
        await means.audit.append(connection, entry, now)
        device = write_device(self._device_secret, attempt.device or means.entropy(ID_BYTES), account.email, now)
        left = cookie_seconds(session, now)
        return SignedIn(account, issued.token, token, issued.expires, left, issued.must_enrol, device)

    async def _give_back_client_use(self, attempt: _Attempt) -> None:
        """The client's limit is for failed attempts only. A failure here does not fail the sign-in: the use then stays
        counted."""
        if not (attempt.visitor.client and self.client_rate):
            return
        with suppress(DatabaseUnavailable):
            async with self._database.connection() as connection:
                await self._give_back(connection, attempt)

    async def _give_back(self, connection: Connection, attempt: _Attempt) -> None:
        client = attempt.visitor.client
        if client and self.client_rate:
            await self._limits.give_back(connection, limit_key("login", client), self.client_rate)


def cookie_seconds(session: Session, now: datetime) -> int | None:
    """Lifetime of the refresh cookie in seconds; None for a cookie that ends with the browser."""
    return max(1, int((session.ends - now).total_seconds())) if session.remember else None


def _entry(
    kind: str, account: UUID | None, visitor: Visitor, target: str | None, **after: str | int | bool | None
) -> AuditEntry:
    caller = visitor.caller
    actor = str(account) if account and target else None
    on = target or (f"account:{account}" if account else None)
    details = {"device": visitor.place.device} | after
    return AuditEntry(kind, actor, on, None, details, caller.address, caller.request_id)
