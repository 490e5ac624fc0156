"""Stores verifiers that auth made for accounts that had none."""

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from pydantic import ValidationError

from pulse_bus import Reject
from pulse_chassis.identity.caller import SYSTEM
from pulse_contracts.accounts import VerifierMade, VerifierRecord
from pulse_jose import KeySet, SealingKey, TokenError, unseal
from pulse_passwords import HashingPolicy, HostileDigest, check_verifier
from pulse_users.actions.changes import ChangeDependencies, change
from pulse_users.store.accounts import AccountStore

log = structlog.get_logger("pulse.users")
MAX_AGE: Final = 3_600_000_000
"""Microseconds after which a verifier is ignored: the next sign-in makes another one. Shorter than the time between two
backups, so that nobody can repeat a verifier that a restored database has forgotten."""
MAX_AHEAD: Final = 60_000_000
"""Microseconds by which the clock of auth may be ahead."""


class Verifiers:
    """Passwords that were set before verifiers existed get theirs at the next sign-in, because only then the password
    is known. `policy`: the only accepted costs."""

    def __init__(self, deps: ChangeDependencies, key: SealingKey, policy: HashingPolicy) -> None:
        self._deps, self._keys, self._policy = deps, KeySet([key]), policy
        self._store = AccountStore()

    async def store(self, message: VerifierMade) -> None:
        """Stores the verifier as a new version of the account, if the account is active and has no verifier, and its
        password is still the one that auth checked. Ignores a verifier that auth made more than an hour ago. Raises
        Reject for an invalid message, Unavailable."""
        record = _opened(message, self._keys, self._policy, lambda: self._deps.clock() / 1_000_000)
        if not -MAX_AHEAD <= self._deps.clock() - record.made <= MAX_AGE:
            log.info("verifier_ignored", account=record.account, reason="expired")
            return
        async with change(self._deps, SYSTEM) as made:
            account = await self._store.by_id(made.connection, UUID(record.account))
            if account is None or account.digest is None or account.verifier is not None:
                return
            if not account.active:
                log.info("verifier_ignored", account=record.account, reason="account_disabled")
                return
            if hashlib.sha256(account.digest.encode()).hexdigest() != record.digest_hash:
                log.info("verifier_ignored", account=record.account, reason="password_changed")
                return
            new = dataclasses.replace(account, verifier=record.verifier)
            written = await self._store.put(made.connection, new, await made.stamp())
            await made.publish(written)
            made.record("verifier_stored", written.id, None, None)


def _opened(
    message: VerifierMade, keys: KeySet[SealingKey], policy: HashingPolicy, clock: Callable[[], float]
) -> VerifierRecord:
    try:
        record = VerifierRecord.model_validate_json(unseal(message.sealed, keys, clock, {"account": message.account}))
    except TokenError as error:
        raise Reject("seal_refused", "no valid seal of auth for this account") from error
    except ValidationError:
        raise Reject("record_unreadable", "the sealed record does not fit its schema") from None
    if record.account != message.account:
        raise Reject("record_foreign", "the sealed record belongs to another account")
    try:
        check_verifier(record.verifier, policy)
    except HostileDigest as error:
        raise Reject("verifier_refused", str(error)) from error
    return record
