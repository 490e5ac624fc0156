"""The first step of a sign-in: e-mail and password."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from pulse_auth.actions.opening import Opening, SessionOpener, SignedIn, Visitor, sign_in_entry
from pulse_auth.actions.tokens import SessionDependencies, Tokens
from pulse_auth.model.known_devices import failures_key
from pulse_auth.model.second_factors import (
    CHALLENGE_LIFETIME,
    SecondFactorRequired,
)
from pulse_auth.model.sessions import (
    TOKEN_BYTES,
    Account,
    InvalidCredentials,
    backoff_key,
    token_hash,
    write_token,
)
from pulse_auth.store.second_factors import Challenge, ChallengeStore
from pulse_auth.store.sessions import AccountCopy
from pulse_auth.store.signing_keys import SigningKeyStore
from pulse_chassis.http.problems import Overloaded, TooManyRequests
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import DomainError
from pulse_passwords import HashingBusy, PasswordRefused
from pulse_postgres import (
    BackoffStore,
    Connection,
    Database,
    DatabaseUnavailable,
    LimitStore,
    Rate,
    limit_key,
)

log = structlog.get_logger("pulse.auth")


@dataclass(frozen=True)
class _Attempt:
    email: str
    key: bytes
    device: bytes | None
    remember: bool
    visitor: Visitor


class SignIn:
    """Opens a session for an e-mail and a password, or creates the challenge for the second step. `client_rate`: how
    often one client may fail. `on_verified` is called with the account and its right password; it must return at
    once."""

    def __init__(self, database: Database, deps: SessionDependencies, opener: SessionOpener, metrics: Metrics) -> None:
        self._database, self._deps, self._opener = database, deps, opener
        self.on_verified: Callable[[Account, str], None] = lambda _account, _password: None
        self._tokens, self._limits, self._backoff = Tokens(deps), LimitStore(), BackoffStore()
        self._accounts, self._keys, self._challenges = AccountCopy(), SigningKeyStore(), ChallengeStore()
        self.client_rate: Rate | None = None
        self._alarms = metrics.counter("auth_digests_refused", "Stored digests that verification rejected.")

    async def __call__(self, email: str, password: str, visitor: Visitor, *, remember: bool) -> SignedIn:
        """Signs in. Unknown accounts, disabled accounts and wrong passwords take equal time and get the same answer.
        Raises InvalidCredentials, SecondFactorRequired, TooManyRequests, Overloaded, KeysUnknown, Unavailable."""
        device = self._opener.known_device(visitor, email)
        attempt = _Attempt(email, failures_key(email, device), device, remember, visitor)
        account = await self._reserve(attempt)
        outcome: SignedIn | DomainError | None = None
        if await self._is_verified(attempt, account, password) and account is not None:
            async with self._database.transaction() as connection:
                outcome = await self._admit(connection, account, attempt)
        if outcome is None:
            raise await self._refuse(attempt, account)
        await self._give_back_client_use(attempt)
        if account is not None:
            self.on_verified(account, password)
        if isinstance(outcome, DomainError):
            self._opener.logins.labels("second_factor").inc()
            raise outcome
        self._opener.logins.labels("accepted").inc()
        return outcome

    async def _reserve(self, attempt: _Attempt) -> Account | None:
        """Counts the attempt as failed before the password is verified, and finds the account. Raises
        TooManyRequests."""
        now, client = self._deps.now(), attempt.visitor.client
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
                entry = sign_in_entry(
                    "sign_in_waits", None, attempt.visitor, None, seconds=int(wait.total_seconds()) + 1
                )
                await self._deps.audit.append(connection, entry, now)
        self._opener.logins.labels("waits").inc()
        raise TooManyRequests(wait)

    async def _is_verified(self, attempt: _Attempt, account: Account | None, password: str) -> bool:
        """Whether the password belongs to the account. Without an active account the hasher verifies a dummy. Raises
        Overloaded."""
        digest = account.digest if account is not None and account.active else None
        try:
            answer = await self._deps.hasher.verify(password, digest)
        except PasswordRefused:
            return False
        except HashingBusy as error:
            async with self._database.transaction() as connection:
                await self._give_back(connection, attempt)
                await self._backoff.give_back(connection, attempt.key, self._deps.now())
            self._opener.logins.labels("busy").inc()
            raise Overloaded(error.retry_after) from error
        if answer.is_digest_refused and account is not None:
            self._alarms.inc()
            log.error("stored_digest_refused", account=str(account.id))
        return answer.is_valid

    async def _refuse(self, attempt: _Attempt, account: Account | None) -> InvalidCredentials:
        """Audits a rejected sign-in: the same work for known and unknown accounts."""
        async with self._database.transaction() as connection:
            mark = backoff_key(attempt.email).hex()[:16]  # not the e-mail itself: a password may have been typed there
            target = f"account:{account.id}" if account is not None else None
            entry = sign_in_entry("sign_in_refused", None, attempt.visitor, target, email_hash=mark)
            await self._deps.audit.append(connection, entry, self._deps.now())
        self._opener.logins.labels("refused").inc()
        return InvalidCredentials("The e-mail or the password is wrong.")

    async def _admit(
        self, connection: Connection, verified: Account, attempt: _Attempt
    ) -> SignedIn | SecondFactorRequired | None:
        """Opens a session or asks for the second factor, after the password was verified. Returns None if the account
        has changed since then. Raises KeysUnknown."""
        account = await self._accounts.hold(connection, verified.id)
        if account is None or not account.active or account.digest != verified.digest:
            return None
        await self._keys.hold(connection)
        facts = await self._tokens.facts(connection, account, self._deps.now())
        await self._backoff.clear(connection, attempt.key)
        if facts.is_confirmed:
            return await self._challenge(connection, account, attempt)
        opening = Opening(attempt.visitor, attempt.device, attempt.remember)
        return await self._opener.open(connection, account, facts, opening)

    async def _challenge(self, connection: Connection, account: Account, attempt: _Attempt) -> SecondFactorRequired:
        now = self._deps.now()
        token = write_token(self._deps.entropy(TOKEN_BYTES))
        waiting = Challenge(token_hash(token), account.id, account.version, attempt.remember, now + CHALLENGE_LIFETIME)
        await self._challenges.add(connection, waiting)
        entry = sign_in_entry("second_factor_asked", account.id, attempt.visitor, None)
        await self._deps.audit.append(connection, entry, now)
        return SecondFactorRequired(token)

    async def _give_back_client_use(self, attempt: _Attempt) -> None:
        """Does not count this attempt against the client's limit, which is for failed attempts only. If the database is
        unavailable, the sign-in still succeeds and the attempt stays counted."""
        if not (attempt.visitor.client and self.client_rate):
            return
        with suppress(DatabaseUnavailable):
            async with self._database.connection() as connection:
                await self._give_back(connection, attempt)

    async def _give_back(self, connection: Connection, attempt: _Attempt) -> None:
        client = attempt.visitor.client
        if client and self.client_rate:
            await self._limits.give_back(connection, limit_key("login", client), self.client_rate)
