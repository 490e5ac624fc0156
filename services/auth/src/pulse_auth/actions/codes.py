"""Verifies one-time codes and recovery codes. Attempts are limited in the database; each code works once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pulse_auth.model.second_factors import recovery_hash, step_of
from pulse_auth.store.second_factors import FactorStore, StoredFactor
from pulse_jose.vault import Vault
from pulse_postgres import BackoffStore, Connection

Used = Literal["totp", "recovery_code"]


@dataclass(frozen=True)
class CodeResult:
    """The result of an attempt. `used`: the kind of the code, None if it was wrong. `wait`: how long the caller has to
    wait before the next attempt, zero if the code was verified."""

    used: Used | None
    wait: timedelta = timedelta(0)


class Codes:
    """Verifies codes in the caller's transaction. It must be committed even for a wrong code, which is counted."""

    def __init__(self, vault: Vault) -> None:
        self._vault, self._factors, self._backoff = vault, FactorStore(), BackoffStore()

    async def attempt(self, connection: Connection, account: UUID, code: str, now: datetime) -> CodeResult:
        """Verifies a code of a confirmed factor. Five failures are free, then waits grow as at sign-in."""
        key = _key(account)
        wait = await self._backoff.reserve(connection, key, now)
        if wait:
            return CodeResult(None, wait)
        factor = await self._factors.lock(connection, account)
        if factor is None or factor.confirmed is None:
            return CodeResult(None)
        used = await self._used(connection, account, factor, code, now)
        if used:
            await self._backoff.clear(connection, key)
        return CodeResult(used)

    async def confirm(self, connection: Connection, account: UUID, code: str, now: datetime) -> CodeResult:
        """Verifies the first code of a factor that waits for confirmation. Counts as `attempt` does."""
        key = _key(account)
        wait = await self._backoff.reserve(connection, key, now)
        factor = await self._factors.lock(connection, account)
        if wait or factor is None or factor.confirmed is not None:
            return CodeResult(None, wait)
        step = step_of(code, self._secret(account, factor), now, factor.last_step)
        if step is None:
            return CodeResult(None)
        await self._factors.use_step(connection, account, step)
        await self._backoff.clear(connection, key)
        return CodeResult("totp")

    async def _used(
        self, connection: Connection, account: UUID, factor: StoredFactor, code: str, now: datetime
    ) -> Used | None:
        step = step_of(code, self._secret(account, factor), now, factor.last_step)
        if step is not None:
            await self._factors.use_step(connection, account, step)
            return "totp"
        hash_ = recovery_hash(code)
        if hash_ is not None and await self._factors.use_recovery(connection, account, hash_):
            return "recovery_code"
        return None

    def _secret(self, account: UUID, factor: StoredFactor) -> str:
        return self._vault.unseal(factor.secret, "second_factor", str(account)).decode()


def _key(account: UUID) -> bytes:
    return hashlib.sha256(b"second factor\0" + account.bytes).digest()
