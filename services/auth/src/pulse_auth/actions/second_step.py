"""The second step of a sign-in: a challenge and a code of the second factor."""

from datetime import timedelta
from uuid import UUID

from pulse_auth.actions.codes import Codes
from pulse_auth.actions.opening import Opening, SessionOpener, SignedIn, Visitor, sign_in_entry
from pulse_auth.actions.tokens import SessionDependencies, Tokens
from pulse_auth.model.second_factors import CHALLENGE_TRIES, ChallengeExpired, WrongCode
from pulse_auth.model.sessions import is_token, token_hash
from pulse_auth.store.second_factors import ChallengeStore
from pulse_auth.store.sessions import AccountCopy
from pulse_auth.store.signing_keys import SigningKeyStore
from pulse_chassis.http.problems import TooManyRequests
from pulse_contracts.errors import DomainError
from pulse_postgres import Connection, Database, LimitStore, Rate, limit_key

_AUDIT_RATE = Rate(1, timedelta(minutes=1))
"""How often the use of one expired challenge is audited: nobody can fill the audit log."""


class SecondStep:
    """Opens a session for a challenge and a code."""

    def __init__(self, database: Database, deps: SessionDependencies, codes: Codes, opener: SessionOpener) -> None:
        self._database, self._deps, self._codes, self._opener = database, deps, codes, opener
        self._accounts, self._challenges, self._keys = AccountCopy(), ChallengeStore(), SigningKeyStore()
        self._limits, self._tokens = LimitStore(), Tokens(deps)

    async def __call__(self, challenge: str, code: str, visitor: Visitor) -> SignedIn:
        """Signs in. Raises ChallengeExpired, WrongCode, TooManyRequests, KeysUnknown, Unavailable."""
        if not is_token(challenge):
            raise ChallengeExpired("Signing in took too long. Sign in again.")
        async with self._database.transaction() as connection:
            outcome = await self._verify(connection, token_hash(challenge), code, visitor)
        if isinstance(outcome, DomainError):
            self._opener.logins.labels("second_factor_refused").inc()
            raise outcome
        self._opener.logins.labels("accepted").inc()
        return outcome

    async def _verify(
        self, connection: Connection, hash_: bytes, code: str, visitor: Visitor
    ) -> SignedIn | DomainError:
        now = self._deps.now()
        owner = await self._challenges.owner(connection, hash_)
        account = await self._accounts.hold(connection, owner) if owner else None
        challenge = await self._challenges.lock(connection, hash_)
        if challenge is None or now >= challenge.ends or challenge.tries >= CHALLENGE_TRIES:
            return await self._expired(connection, hash_ if challenge else None, owner, visitor)
        if account is None or not account.active or account.version != challenge.version:
            return await self._expired(connection, hash_, owner, visitor)
        await self._keys.hold(connection)
        result = await self._codes.attempt(connection, account.id, code, now)
        if result.wait:
            return TooManyRequests(result.wait)
        if result.used is None:
            await self._challenges.count_try(connection, hash_)
            entry = sign_in_entry("second_factor_refused", account.id, visitor, None)
            await self._deps.audit.append(connection, entry, now)
            return WrongCode()
        await self._challenges.remove(connection, hash_)
        device = self._opener.known_device(visitor, account.email)
        facts = await self._tokens.facts(connection, account, now)
        opening = Opening(visitor, device, challenge.remember, result.used)
        return await self._opener.open(connection, account, facts, opening)

    async def _expired(
        self, connection: Connection, hash_: bytes | None, owner: UUID | None, visitor: Visitor
    ) -> ChallengeExpired:
        now = self._deps.now()
        key = limit_key("challenge over", hash_.hex() if hash_ else "unknown")
        if not await self._limits.take(connection, key, _AUDIT_RATE, now):
            entry = sign_in_entry("second_factor_refused", owner, visitor, None, code=ChallengeExpired.code)
            await self._deps.audit.append(connection, entry, now)
        return ChallengeExpired("Signing in took too long, or there were too many wrong codes. Sign in again.")
