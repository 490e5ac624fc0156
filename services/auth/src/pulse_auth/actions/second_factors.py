"""Setting a second factor up and off, its recovery codes, its reset by an administrator, and who must have one."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from pulse_auth.actions.codes import Codes, Tried
from pulse_auth.actions.ending import Events
from pulse_auth.actions.tokens import SessionDependencies
from pulse_auth.actions.vault import Vault
from pulse_auth.model.second_factors import (
    SECRET_BYTES,
    NoSecondFactor,
    OwnSecondFactor,
    SecondFactorExists,
    SecondFactorMandatory,
    WrongCode,
    new_recovery_codes,
    provisioning_uri,
    recovery_hash,
)
from pulse_auth.model.sessions import Account, AccountNotFound, WrongPassword
from pulse_auth.store.second_factors import FactorStore, PolicyStore
from pulse_auth.store.sessions import AccountCopy
from pulse_chassis.http.problems import Overloaded, TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role
from pulse_passwords import HashingBusy, PasswordRefused
from pulse_postgres import AuditEntry, BackoffStore, Connection, Database

Kind = Literal[
    "password_refused",
    "second_factor_begun",
    "second_factor_confirmed",
    "second_factor_refused",
    "second_factor_removed",
    "second_factor_reset",
    "recovery_codes_renewed",
]


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app needs, shown once: the secret in base32, and the same as an otpauth URI."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True)
class FactorState:
    """Whether there is a second factor, since when, how many recovery codes are left, and whether it must be."""

    confirmed: datetime | None
    recovery_codes_left: int
    is_mandatory: bool


class SecondFactors:
    """Everything about second factors but signing in with them."""

    def __init__(
        self, database: Database, means: SessionDependencies, vault: Vault, codes: Codes, events: Events
    ) -> None:
        self._database, self._means, self._vault, self._codes, self._events = database, means, vault, codes, events
        self._factors, self._policy, self._accounts = FactorStore(), PolicyStore(), AccountCopy()
        self._backoff = BackoffStore()

    async def state(self, account: UUID) -> FactorState:
        """Of one account. Raises AccountNotFound, Unavailable."""
        async with self._database.connection() as connection:
            known = await self._account(connection, account)
            confirmed, left = await self._factors.status(connection, account)
            return FactorState(confirmed, left, known.role in await self._policy.roles(connection))

    async def enrol(self, account: UUID, password: str, caller: Caller) -> Enrolment:
        """A new secret, which waits for `confirm`. Raises WrongPassword, SecondFactorExists, TooManyRequests,
        Overloaded, Unavailable."""
        await self._require_password(account, password, caller)
        secret, now = base64.b32encode(self._means.entropy(SECRET_BYTES)).decode(), self._means.now()
        async with self._database.transaction() as connection:
            known = await self._account(connection, account)
            sealed = self._vault.seal(secret.encode(), "second_factor", str(account))
            if not await self._factors.start(connection, account, sealed, now):
                raise SecondFactorExists("there is a second factor already")
            await self._note(connection, "second_factor_begun", account, caller)
        return Enrolment(secret, provisioning_uri(secret, known.email))

    async def confirm(self, account: UUID, code: str, caller: Caller) -> list[str]:
        """The first code proves that the app has the secret; the recovery codes, shown once. Raises NoSecondFactor,
        WrongCode, TooManyRequests, Unavailable."""
        async with self._database.transaction() as connection:
            tried = await self._codes.confirm(connection, account, code, self._means.now())
            refusal = None if tried.used else await self._refusal(connection, account, tried, caller)
            made = [] if refusal else await self._new_recovery_codes(connection, account)
            if refusal is None:
                await self._factors.confirm(connection, account, self._means.now())
                await self._note(connection, "second_factor_confirmed", account, caller)
        if refusal:
            raise refusal
        return made

    async def renew_recovery_codes(self, account: UUID, code: str, caller: Caller) -> list[str]:
        """Ten new ones; the old are void. Raises WrongCode, NoSecondFactor, TooManyRequests, Unavailable."""
        async with self._database.transaction() as connection:
            tried = await self._codes.attempt(connection, account, code, self._means.now())
            refusal = None if tried.used else await self._refusal(connection, account, tried, caller)
            made = [] if refusal else await self._new_recovery_codes(connection, account)
            if refusal is None:
                await self._note(connection, "recovery_codes_renewed", account, caller)
        if refusal:
            raise refusal
        return made

    async def disable(self, account: UUID, password: str, code: str, caller: Caller) -> None:
        """Raises WrongPassword, WrongCode, NoSecondFactor, SecondFactorMandatory, TooManyRequests, Overloaded,
        Unavailable."""
        await self._require_password(account, password, caller)
        async with self._database.transaction() as connection:
            # locked, not held: a sign-in that has its challenge wants what a code is counted by, and we the challenge
            known = await self._accounts.lock(connection, account)
            if known is None:
                raise AccountNotFound("there is no account of this id")
            if known.role in await self._policy.roles(connection):
                raise SecondFactorMandatory("your role must have a second factor")
            tried = await self._codes.attempt(connection, account, code, self._means.now())
            refusal = None if tried.used else await self._refusal(connection, account, tried, caller)
            if refusal is None:
                await self._factors.remove(connection, account)
                await self._note(connection, "second_factor_removed", account, caller)
        if refusal:
            raise refusal

    async def reset(self, account: UUID, caller: Caller) -> None:
        """An administrator takes somebody's second factor away, whose sessions end with it. Nobody their own: a stolen
        session would be enough. Raises OwnSecondFactor, AccountNotFound, NoSecondFactor, Unavailable."""
        if caller.account == str(account):
            raise OwnSecondFactor("switch your own off with password and code, or ask another administrator")
        async with self._database.transaction() as connection:
            if await self._accounts.lock(connection, account) is None:
                raise AccountNotFound("there is no account of this id")
            now = self._means.now()  # not before: whoever held the account may have signed a token since
            if not await self._factors.remove(connection, account):
                raise NoSecondFactor("there is no second factor")
            await self._events.end_all(connection, account, "second_factor_reset", caller, now)
            await self._note(connection, "second_factor_reset", account, caller)

    async def reset_by_email(self, email: str, caller: Caller) -> UUID:
        """As `reset`, for the command line; whose it was. Raises AccountNotFound, NoSecondFactor, Unavailable."""
        async with self._database.connection() as connection:
            known = await self._accounts.by_email(connection, email)
        if known is None:
            raise AccountNotFound("there is no account of this e-mail")
        await self.reset(known.id, caller)
        return known.id

    async def policy(self) -> frozenset[Role]:
        """The roles that must have one. Raises Unavailable."""
        async with self._database.connection() as connection:
            return await self._policy.roles(connection)

    async def require_for(self, roles: frozenset[Role], caller: Caller) -> None:
        """From now on these roles must. Tokens that are out already run for 5 minutes at most. Raises Unavailable."""
        async with self._database.transaction() as connection:
            before = await self._policy.replace(connection, roles)
            entry = AuditEntry(
                "policy_changed",
                caller.account,
                "policy",
                {"second_factor_roles": sorted(before)},
                {"second_factor_roles": sorted(roles)},
                caller.address,
                caller.request_id,
            )
            await self._means.audit.append(connection, entry, self._means.now())

    async def _account(self, connection: Connection, account: UUID) -> Account:
        known = await self._accounts.hold(connection, account)
        if known is None:
            raise AccountNotFound("there is no account of this id")
        return known

    async def _require_password(self, account: UUID, password: str, caller: Caller) -> None:
        key, now = hashlib.sha256(b"own password\0" + account.bytes).digest(), self._means.now()
        async with self._database.transaction() as connection:
            wait = await self._backoff.reserve(connection, key, now)
            known = await self._accounts.by_id(connection, account)
        if wait:
            raise TooManyRequests(wait)
        try:
            digest = known.digest if known and known.active else None
            is_right = (await self._means.hasher.verify(password, digest)).is_valid
        except PasswordRefused:
            is_right = False
        except HashingBusy as error:
            async with self._database.transaction() as connection:
                await self._backoff.give_back(connection, key, now)
            raise Overloaded(error.retry_after) from error
        if not is_right:
            async with self._database.transaction() as connection:
                await self._note(connection, "password_refused", account, caller)
            raise WrongPassword("the password is wrong")
        async with self._database.transaction() as connection:
            await self._backoff.clear(connection, key)

    async def _refusal(self, connection: Connection, account: UUID, tried: Tried, caller: Caller) -> DomainError:
        if tried.wait:
            return TooManyRequests(tried.wait)
        confirmed, _ = await self._factors.status(connection, account)
        await self._note(connection, "second_factor_refused", account, caller)
        is_there = confirmed is not None or await self._factors.lock(connection, account) is not None
        return WrongCode() if is_there else NoSecondFactor("there is none")

    async def _new_recovery_codes(self, connection: Connection, account: UUID) -> list[str]:
        made = new_recovery_codes(self._means.entropy)
        hashes = [hash_ for code in made if (hash_ := recovery_hash(code))]
        await self._factors.replace_recovery(connection, account, hashes)
        return made

    async def _note(self, connection: Connection, kind: Kind, account: UUID, caller: Caller) -> None:
        target = f"account:{account}"
        entry = AuditEntry(kind, caller.account, target, address=caller.address, request_id=caller.request_id)
        await self._means.audit.append(connection, entry, self._means.now())
