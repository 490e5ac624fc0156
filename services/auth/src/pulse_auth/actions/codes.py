"""Trying a one-time or recovery code: durably limited, each code good once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pulse_auth.actions.vault import Vault
from pulse_auth.model.second_factors import recovery_hash, step_of
from pulse_auth.store.second_factors import FactorStore, StoredFactor
from pulse_postgres import BackoffStore, Connection

Used = Literal["totp", "recovery_code"]


@dataclass(frozen=True)
class Tried:
    """What became of a code: what it was, or None for a wrong one; or how long to wait before the next."""

    used: Used | None
    wait: timedelta = timedelta(0)


class Codes:
    """Tries codes, in the caller's transaction: it must commit, right or wrong, for a wrong one is counted."""

    def __init__(self, vault: Vault) -> None:
        self._vault, self._factors, self._backoff = vault, FactorStore(), BackoffStore()

    async def attempt(self, connection: Connection, account: UUID, code: str, now: datetime) -> Tried:
        """Of a confirmed factor. The first five failures are free, then the waits grow as at sign-in."""
        key = _key(account)
        wait = await self._backoff.reserve(connection, key, now)
        if wait:
            return Tried(None, wait)
        factor = await self._factors.lock(connection, account)
        if factor is None or factor.confirmed is None:
            return Tried(None)
        used = await self._used(connection, account, factor, code, now)
        if used:
            await self._backoff.clear(connection, key)
        return Tried(used)

    async def confirm(self, connection: Connection, account: UUID, code: str, now: datetime) -> Tried:
        """The first code of a factor that waits to be confirmed, by the same counting."""
        key = _key(account)
        wait = await self._backoff.reserve(connection, key, now)
        factor = await self._factors.lock(connection, account)
        if wait or factor is None or factor.confirmed is not None:
            return Tried(None, wait)
        step = step_of(code, self._secret(account, factor), now, factor.last_step)
        if step is None:
            return Tried(None)
        await self._factors.use_step(connection, account, step)
        await self._backoff.clear(connection, key)
        return Tried("totp")

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
