"""Sets up, disables and resets second factors, renews recovery codes, and sets the policy of mandatory factors."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from pulse_auth.actions.codes import CodeResult, Codes
from pulse_auth.actions.ending import SessionRevoker
from pulse_auth.actions.tokens import SessionDependencies
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
from pulse_auth.store.second_factors import FactorStore, PolicyStore, StoredPolicy
from pulse_auth.store.sessions import AccountCopy
from pulse_chassis.http.preconditions import Precondition
from pulse_chassis.http.problems import CurrentVersion, Overloaded, TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role
from pulse_jose.vault import Vault
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
class FactorSecret:
    """What an authenticator app needs, shown once: the secret in base32, and the same as an otpauth URI."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True)
class FactorState:
    """The second factor of an account. `confirmed`: since when it is enabled, None if there is none. `is_mandatory`:
    whether the role requires one."""

    confirmed: datetime | None
    recovery_codes_left: int
    is_mandatory: bool


class SecondFactors:
    """Everything about second factors except signing in with them."""

    def __init__(
        self, database: Database, deps: SessionDependencies, vault: Vault, codes: Codes, revoker: SessionRevoker
    ) -> None:
        self._database, self._deps, self._vault, self._codes, self._revoker = database, deps, vault, codes, revoker
        self._factors, self._policy, self._accounts = FactorStore(), PolicyStore(), AccountCopy()
        self._backoff = BackoffStore()

    async def state(self, account: UUID) -> FactorState:
        """The state of one account. Raises AccountNotFound, Unavailable."""
        async with self._database.connection() as connection:
            known = await self._account(connection, account)
            confirmed, left = await self._factors.status(connection, account)
            return FactorState(confirmed, left, known.role in await self._policy.roles(connection))

    async def enrol(self, account: UUID, password: str, caller: Caller) -> FactorSecret:
        """Creates a secret, which waits for `confirm`. Raises WrongPassword, SecondFactorExists, TooManyRequests,
        Overloaded, Unavailable."""
        await self._require_password(account, password, caller)
        secret, now = base64.b32encode(self._deps.entropy(SECRET_BYTES)).decode(), self._deps.now()
        async with self._database.transaction() as connection:
            known = await self._account(connection, account)
            sealed = self._vault.seal(secret.encode(), "second_factor", str(account))
            if not await self._factors.start(connection, account, sealed, now):
                raise SecondFactorExists("The account already has a second factor. Disable it first.")
            await self._record(connection, "second_factor_begun", account, caller)
        return FactorSecret(secret, provisioning_uri(secret, known.email))

    async def confirm(self, account: UUID, code: str, caller: Caller) -> list[str]:
        """Enables the factor: the first code proves that the app has the secret. Returns the recovery codes, which are
        shown once. Raises NoSecondFactor, WrongCode, TooManyRequests, Unavailable."""
        async with self._database.transaction() as connection:
            result = await self._codes.confirm(connection, account, code, self._deps.now())
            refusal = None if result.used else await self._refusal(connection, account, result, caller)
            codes = [] if refusal else await self._new_recovery_codes(connection, account)
            if refusal is None:
                await self._factors.confirm(connection, account, self._deps.now())
                await self._revoker.note_account(connection, account, self._deps.now())
                await self._record(connection, "second_factor_confirmed", account, caller)
        if refusal:
            raise refusal
        return codes

    async def renew_recovery_codes(self, account: UUID, code: str, caller: Caller) -> list[str]:
        """Ten new codes, which replace the old ones. Raises WrongCode, NoSecondFactor, TooManyRequests, Unavailable."""
        async with self._database.transaction() as connection:
            result = await self._codes.attempt(connection, account, code, self._deps.now())
            refusal = None if result.used else await self._refusal(connection, account, result, caller)
            codes = [] if refusal else await self._new_recovery_codes(connection, account)
            if refusal is None:
                await self._record(connection, "recovery_codes_renewed", account, caller)
        if refusal:
            raise refusal
        return codes

    async def disable(self, account: UUID, password: str, code: str, caller: Caller) -> None:
        """Removes the caller's own factor. Raises WrongPassword, WrongCode, NoSecondFactor, SecondFactorMandatory,
        TooManyRequests, Overloaded, Unavailable."""
        await self._require_password(account, password, caller)
        async with self._database.transaction() as connection:
            # exclusive: a sign-in locks the challenge, then the code counter, and this transaction in the other order
            known = await self._accounts.lock(connection, account)
            if known is None:
                raise AccountNotFound("The account does not exist.")
            if known.role in await self._policy.roles(connection):
                raise SecondFactorMandatory("Your role requires a second factor, so you cannot disable it.")
            result = await self._codes.attempt(connection, account, code, self._deps.now())
            refusal = None if result.used else await self._refusal(connection, account, result, caller)
            if refusal is None:
                await self._factors.remove(connection, account)
                await self._revoker.note_account(connection, account, self._deps.now())
                await self._record(connection, "second_factor_removed", account, caller)
        if refusal:
            raise refusal

    async def reset(self, account: UUID, caller: Caller) -> None:
        """Removes the second factor of another account and ends its sessions. Administrators cannot reset their own: a
        stolen session would be enough. Raises OwnSecondFactor, AccountNotFound, NoSecondFactor, Unavailable."""
        if caller.account == str(account):
            raise OwnSecondFactor(
                "You cannot reset your own second factor. Disable it with password and code, or ask another "
                "administrator."
            )
        async with self._database.transaction() as connection:
            if await self._accounts.lock(connection, account) is None:
                raise AccountNotFound("The account does not exist.")
            now = self._deps.now()  # after the lock: its previous holder may have issued a token
            if not await self._factors.remove(connection, account):
                raise NoSecondFactor("The account has no second factor.")
            await self._revoker.end_all(connection, account, "second_factor_reset", caller, now)
            await self._record(connection, "second_factor_reset", account, caller)

    async def reset_by_email(self, email: str, caller: Caller) -> UUID:
        """Like `reset`, but for the command line. Returns the account. Raises AccountNotFound, NoSecondFactor,
        Unavailable."""
        async with self._database.connection() as connection:
            known = await self._accounts.by_email(connection, email)
        if known is None:
            raise AccountNotFound("No account has this e-mail.")
        await self.reset(known.id, caller)
        return known.id

    async def policy(self) -> StoredPolicy:
        """The roles that must have a second factor. Raises Unavailable."""
        async with self._database.connection() as connection:
            return await self._policy.read(connection)

    async def require_for(
        self, roles: frozenset[Role], precondition: Precondition, caller: Caller, name: str = ""
    ) -> StoredPolicy:
        """Sets the roles that must have a second factor. `name`: of the caller, as others see it. Access tokens that
        were already issued stay valid for up to 5 minutes. Raises PreconditionFailed, Unavailable."""
        now = self._deps.now()
        async with self._database.transaction() as connection:
            before = await self._policy.lock(connection)
            precondition.require(_current(before))
            after = StoredPolicy(roles, before.version + 1, now, caller.account, name)
            await self._policy.put(connection, after)
            entry = AuditEntry(
                "policy_changed",
                caller.account,
                "policy",
                {"second_factor_roles": sorted(before.roles)},
                {"second_factor_roles": sorted(roles)},
                caller.address,
                caller.request_id,
            )
            await self._deps.audit.append(connection, entry, now)
        return after

    async def _account(self, connection: Connection, account: UUID) -> Account:
        known = await self._accounts.hold(connection, account)
        if known is None:
            raise AccountNotFound("The account does not exist.")
        return known

    async def _require_password(self, account: UUID, password: str, caller: Caller) -> None:
        key, now = hashlib.sha256(b"own password\0" + account.bytes).digest(), self._deps.now()
        async with self._database.transaction() as connection:
            wait = await self._backoff.reserve(connection, key, now)
            known = await self._accounts.by_id(connection, account)
        if wait:
            raise TooManyRequests(wait)
        try:
            digest = known.digest if known and known.active else None
            is_right = (await self._deps.hasher.verify(password, digest)).is_valid
        except PasswordRefused:
            is_right = False
        except HashingBusy as error:
            async with self._database.transaction() as connection:
                await self._backoff.give_back(connection, key, now)
            raise Overloaded(error.retry_after) from error
        if not is_right:
            async with self._database.transaction() as connection:
                await self._record(connection, "password_refused", account, caller)
            raise WrongPassword("The password is wrong.")
        async with self._database.transaction() as connection:
            await self._backoff.clear(connection, key)

    async def _refusal(self, connection: Connection, account: UUID, result: CodeResult, caller: Caller) -> DomainError:
        if result.wait:
            return TooManyRequests(result.wait)
        confirmed, _ = await self._factors.status(connection, account)
        await self._record(connection, "second_factor_refused", account, caller)
        is_there = confirmed is not None or await self._factors.lock(connection, account) is not None
        return WrongCode() if is_there else NoSecondFactor("The account has no second factor. Set one up first.")

    async def _new_recovery_codes(self, connection: Connection, account: UUID) -> list[str]:
        codes = new_recovery_codes(self._deps.entropy)
        hashes = [hash_ for code in codes if (hash_ := recovery_hash(code))]
        await self._factors.replace_recovery(connection, account, hashes)
        return codes

    async def _record(self, connection: Connection, kind: Kind, account: UUID, caller: Caller) -> None:
        target = f"account:{account}"
        entry = AuditEntry(kind, caller.account, target, address=caller.address, request_id=caller.request_id)
        await self._deps.audit.append(connection, entry, self._deps.now())


def _current(found: StoredPolicy) -> CurrentVersion:
    return CurrentVersion(
        version=found.version,
        updated_at=found.updated_at,
        updated_by=found.updated_by,
        updated_by_name=found.updated_by_name,
    )
