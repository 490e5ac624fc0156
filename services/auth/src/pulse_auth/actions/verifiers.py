"""Makes verifiers for offline sign-in for accounts that have none: only at a sign-in the password is known."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from pulse_auth.model.sessions import Account
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.accounts import VerifierMade, VerifierRecord
from pulse_contracts.topics import AUTH_VERIFIER
from pulse_jose import SealingKey, seal
from pulse_passwords import MIRROR_POLICY, HashingBusy, HashingPolicy, PasswordHasher
from pulse_postgres import Database, Outbox

log = structlog.get_logger("pulse.auth")
MAX_WAITING = 20


@dataclass(frozen=True)
class _Verified:
    account: UUID
    digest: str = field(repr=False)
    password: str = field(repr=False)
    at: int


@dataclass(frozen=True)
class VerifierDependencies:
    """`key`: shared with users. `clock` in microseconds. `policy`: the costs of verifiers."""

    database: Database
    outbox: Outbox
    hasher: PasswordHasher
    key: SealingKey
    clock: Callable[[], int]
    policy: HashingPolicy = MIRROR_POLICY


class Verifiers:
    """A background job makes the verifiers, so that no sign-in takes longer. At most 20 passwords wait in memory; one
    that does not fit is forgotten, and the next sign-in of its account tries again. `due` is set when one waits."""

    def __init__(self, deps: VerifierDependencies, metrics: Metrics) -> None:
        self._deps, self.due = deps, asyncio.Event()
        self._waiting: dict[UUID, _Verified] = {}
        self._made = metrics.counter("auth_verifiers", "Verifiers for offline sign-in by outcome.", ["outcome"])

    def offer(self, account: Account, password: str) -> None:
        """Remembers the password of a sign-in that was just verified, if the account has no verifier. Returns at
        once."""
        if account.has_verifier or account.digest is None:
            return
        if len(self._waiting) >= MAX_WAITING and account.id not in self._waiting:
            self._made.labels("skipped").inc()
            return
        self._waiting[account.id] = _Verified(account.id, account.digest, password, self._deps.clock())
        self.due.set()

    async def make_one(self) -> bool:
        """Makes one verifier and publishes it by the outbox. Returns whether more passwords wait. Forgets the password
        in any case. Raises Unavailable."""
        if not self._waiting:
            return False
        verified = self._waiting.pop(next(iter(self._waiting)))
        deps, name = self._deps, str(verified.account)
        try:
            verifier = await deps.hasher.hash(verified.password, deps.policy)
        except HashingBusy:
            self._made.labels("skipped").inc()
            return bool(self._waiting)
        digest_hash = hashlib.sha256(verified.digest.encode()).hexdigest()
        record = VerifierRecord(account=name, digest_hash=digest_hash, verifier=verifier, made=verified.at)
        sealed = seal(record.model_dump_json().encode(), deps.key, lambda: deps.clock() / 1_000_000, {"account": name})
        async with deps.database.transaction() as connection:
            await deps.outbox.put(connection, AUTH_VERIFIER, VerifierMade(account=name, sealed=sealed), account=name)
        self._made.labels("made").inc()
        log.info("verifier_made", account=name)
        return bool(self._waiting)
