"""Signing in: e-mail and password, and a second factor where there is one, to a session."""

import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

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
from pulse_auth.store.admission import Admission, AdmissionStore, Opening, Outcome, Reserved
from pulse_auth.store.backoff import BackoffStore
from pulse_auth.store.limits import LimitStore, Rate, limit_key
from pulse_auth.store.second_factors import Challenge, ChallengeStore
from pulse_auth.store.sessions import AccountCopy, NewToken
from pulse_chassis.http.problems import Overloaded, TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import DomainError
from pulse_passwords import HashingBusy, PasswordRefused
from pulse_postgres import AuditEntry, Connection, Database, DatabaseUnavailable

log = logging.getLogger("pulse.auth")
_NOTED = Rate(1, timedelta(minutes=1))
_TRIES = 3


@dataclass(frozen=True)
class Visitor:
    """Who signs in, as far as that can be told beforehand. `client`: by which limits may count (None: unknown);
    `device_cookie`: of a sign-in before, or empty."""

    caller: Caller
    place: Place
    client: str | None = None
    device_cookie: str = field(default="", repr=False)


@dataclass(frozen=True)
class SignedIn:
    """A session's new pair of tokens. `cookie_seconds` is None for a cookie that ends with the browser;
    `device_cookie` is None where it stays as it is."""

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


class _ChangedMeanwhile(Exception):
    """The account is not as it was when its password was verified."""


class SignIn:
    """E-mail and password to a session."""

    def __init__(
        self, database: Database, means: SessionDependencies, rules: SessionRules, codes: Codes, metrics: Metrics
    ) -> None:
        self._database, self._means, self._rules, self._codes = database, means, rules, codes
        self._tokens, self._limits = Tokens(means), LimitStore()
        self._accounts, self._admission, self._backoff = AccountCopy(), AdmissionStore(), BackoffStore()
        self._challenges = ChallengeStore()
        self._device_secret = derived_key(means.secret, "known device")
        self.client_rate: Rate | None = None
        self._logins = metrics.counter("auth_logins", "Sign-ins by outcome", ["outcome"])
        self._accepted = self._logins.labels("accepted")
        self._alarms = metrics.counter("auth_digests_refused", "Stored digests that verification refused")

    async def __call__(self, email: str, password: str, visitor: Visitor, *, remember: bool) -> SignedIn:
        """Raises InvalidCredentials, SecondFactorRequired, TooManyRequests, Overloaded, Unavailable. Unknown accounts,
        such as are switched off and wrong passwords take the same time and get the same answer."""
        device = read_device(self._device_secret, visitor.device_cookie, email, self._means.now())
        attempt = _Attempt(email, failures_key(email, device), device, remember, visitor)
        found = await self._reserved(attempt)
        if not await self._is_verified(attempt, found.account, password):
            raise await self._refused(attempt, found)
        try:
            outcome = await self._admit(found.account, attempt)
        except _ChangedMeanwhile:
            raise await self._refused(attempt, found) from None
        await self._gave_back(attempt)
        if isinstance(outcome, SecondFactorRequired):
            self._logins.labels("second_factor").inc()
            raise outcome
        self._accepted.inc()
        return outcome

    async def second(self, challenge: str, code: str, visitor: Visitor) -> SignedIn:
        """The second step. Raises ChallengeOver, WrongCode, TooManyRequests, Unavailable."""
        if not is_token(challenge):
            raise ChallengeOver("sign in again")
        async with self._database.transaction() as connection:
            outcome = await self._meet(connection, token_hash(challenge), code, visitor)
        if isinstance(outcome, DomainError):
            self._logins.labels("second_factor_refused").inc()
            raise outcome
        self._accepted.inc()
        return outcome

    async def _reserved(self, attempt: _Attempt) -> Reserved:
        """Counts the attempt as failed, and finds whose it is. Each statement stands for itself: what a crash leaves
        counts as a failure. Raises TooManyRequests."""
        now, client = self._means.now(), attempt.visitor.client
        async with self._database.connection() as connection:
            if client and self.client_rate:
                wait = await self._limits.take(connection, limit_key("login", client), self.client_rate, now)
                if wait:
                    raise TooManyRequests(wait)
            reserved = await self._admission.reserve(connection, attempt.key, attempt.email, now)
        if not reserved.wait:
            return reserved
        wait = reserved.wait
        async with self._database.transaction() as connection:
            if await self._backoff.note_wait(connection, attempt.key):
                entry = _entry("sign_in_waits", None, attempt.visitor, None, seconds=int(wait.total_seconds()) + 1)
                await self._means.audit.append(connection, entry, now)
        self._logins.labels("waits").inc()
        raise TooManyRequests(wait)

    async def _is_verified(self, attempt: _Attempt, account: Account, password: str) -> bool:
        """Whether the password is the account's own. Raises Overloaded."""
        try:
            answer = await self._means.hasher.verify(password, account.digest if account.active else None)
        except PasswordRefused:
            return False
        except HashingBusy as error:
            async with self._database.transaction() as connection:
                await self._give_back(connection, attempt)
                await self._backoff.give_back(connection, attempt.key, self._means.now())
            self._logins.labels("busy").inc()
            raise Overloaded(error.retry_after) from error
        if answer.is_digest_refused:
            self._alarms.inc()
            log.error("the stored digest of account %s was refused: it was not made by users", account.id)
        return answer.is_valid

    async def _refused(self, attempt: _Attempt, found: Reserved) -> InvalidCredentials:
        """What is raised once it has been noted: the same work for known and unknown."""
        async with self._database.transaction() as connection:
            mark = backoff_key(attempt.email).hex()[:16]  # what was typed might be a password
            whose = f"account:{found.account.id}"
            target = whose if found.is_known else None
            entry = _entry("sign_in_refused", None, attempt.visitor, target, email_hash=mark)
            await self._means.audit.append(connection, entry, self._means.now())
        self._logins.labels("refused").inc()
        return InvalidCredentials("e-mail or password is wrong")

    async def _admit(self, verified: Account, attempt: _Attempt) -> SignedIn | SecondFactorRequired:
        """The password was right: a session, or what is still needed. Mostly one statement is all; whoever is overtaken
        at the end of the audit trail again and again locks it. Raises _ChangedMeanwhile."""
        # Before a key was opened here nobody knows whether one can be: what is opened has to be undone if not.
        tries = _TRIES if self._means.keys.has_signer else 0
        async with self._database.connection() as connection:
            for _ in range(tries):
                opened = await self._open(connection, verified, attempt)
                if isinstance(opened, SignedIn):
                    return opened
                if opened.outcome is not Outcome.MOVED:
                    break
        async with self._database.transaction() as connection:
            held = await self._open_held(connection, verified, attempt)
            return held if isinstance(held, SignedIn) else await self._challenge(connection, held, attempt)

    async def _challenge(self, connection: Connection, account: Account, attempt: _Attempt) -> SecondFactorRequired:
        now = self._means.now()
        await self._backoff.clear(connection, attempt.key, now)
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
            return await self._over(connection, hash_ if challenge else None, owner, visitor)
        if account is None or not account.active or account.version != challenge.version:
            return await self._over(connection, hash_, owner, visitor)
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
        opened = await self._open_held(connection, account, attempt, factor=tried.used)
        return opened if isinstance(opened, SignedIn) else ChallengeOver("sign in again")

    async def _over(
        self, connection: Connection, hash_: bytes | None, owner: UUID | None, visitor: Visitor
    ) -> ChallengeOver:
        """Noted once a minute for each challenge, and for all that never were: nobody fills the trail."""
        now = self._means.now()
        key = limit_key("challenge over", hash_.hex() if hash_ else "unknown")
        if not await self._limits.take(connection, key, _NOTED, now):
            entry = _entry("second_factor_refused", owner, visitor, None, code=ChallengeOver.code)
            await self._means.audit.append(connection, entry, now)
        return ChallengeOver("sign in again")

    async def _open_held(
        self, connection: Connection, known: Account, attempt: _Attempt, factor: str | None = None
    ) -> SignedIn | Account:
        """As `_open`, within a transaction, where the trail moves on at most once before its end is ours. The account,
        which is held, where a second factor is still missing."""
        opened = await self._open(connection, known, attempt, factor)
        if isinstance(opened, Admission) and opened.outcome is Outcome.MOVED:
            # without its failures, which are forgotten already: who notes a wait has them before the trail's end
            opened = await self._open(connection, known, replace(attempt, key=b""), factor)
        if not isinstance(opened, Admission):
            return opened
        if opened.outcome is Outcome.MOVED:
            raise LookupError("the end of the audit trail moved while it was held")
        return opened.account

    async def _open(
        self, connection: Connection, known: Account, attempt: _Attempt, factor: str | None = None
    ) -> SignedIn | Admission:
        """A session, together with its entry in the audit trail; or why there is none. It holds the account, and the
        keys with it: an emergency that ends all sessions misses none that is being opened. Raises _ChangedMeanwhile,
        KeysUnknown."""
        means, visitor, now = self._means, attempt.visitor, self._means.now()
        session = Session(means.new_id(), known.id, attempt.remember, now + self._rules.life, place=visitor.place)
        token = write_token(means.entropy(TOKEN_BYTES))
        first = NewToken(token_hash(token), session.id, now + self._rules.idle)
        opening = Opening(session, first, attempt.key, is_factor_met=factor is not None)
        target = f"session:{session.id}"
        note = _entry("signed_in", known.id, visitor, target, remember=attempt.remember, second_factor=factor)
        admitted = await self._admission.admit(connection, known, opening, means.audit.seal(note, now), now)
        if admitted is None:
            raise _ChangedMeanwhile
        if admitted.end is not None:
            means.audit.move_to(admitted.end)
        if admitted.outcome in {Outcome.MOVED, Outcome.SECOND_FACTOR_MISSING}:
            return admitted
        account = admitted.account
        issued = self._tokens.issue(account, Grant(str(session.id), session.ends), admitted.standing, now)
        device = write_device(self._device_secret, attempt.device or means.entropy(ID_BYTES), account.email, now)
        left = cookie_seconds(session, now)
        return SignedIn(account, issued.token, token, issued.expires, left, issued.must_enrol, device)

    async def _gave_back(self, attempt: _Attempt) -> None:
        """The attempt was none that the client's limit is for. By itself, and nothing that was opened fails for it:
        what is not given back counts."""
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
    """How long the browser keeps the refresh token; None for as long as it runs."""
    return max(1, int((session.ends - now).total_seconds())) if session.remember else None


def _entry(
    kind: str, account: UUID | None, visitor: Visitor, target: str | None, **after: str | int | bool | None
) -> AuditEntry:
    caller = visitor.caller
    actor = str(account) if account and target else None
    on = target or (f"account:{account}" if account else None)
    told = {"device": visitor.place.device} | after
    return AuditEntry(kind, actor, on, None, told, caller.address, caller.request_id)
