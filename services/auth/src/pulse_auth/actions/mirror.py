"""auth's copy of the accounts. Applies the account events of the users service, and requests a replay of missed
events."""

from collections.abc import Callable
from uuid import UUID

import structlog
from pydantic import ValidationError

from pulse_auth.actions.ending import SessionRevoker
from pulse_auth.model.sessions import Account, AccountEvent, ends_sessions, is_only_verifier, merged
from pulse_auth.store.api_keys import ApiKeyStore
from pulse_auth.store.second_factors import ChallengeStore, FactorStore
from pulse_auth.store.sessions import AccountCopy
from pulse_bus import Bus, Reject
from pulse_chassis.identity.caller import SYSTEM
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.drift import Copy, Drift, DriftTiming
from pulse_contracts.accounts import AccountChanged, AccountRecord, ReplayRequested, set_digest
from pulse_contracts.times import from_micros
from pulse_contracts.topics import USERS_REPLAY
from pulse_jose import Clock, KeySet, SealingKey, TokenError, unseal
from pulse_passwords import HostileDigest, check_digest
from pulse_postgres import Database

log = structlog.get_logger("pulse.auth")


class Mirror:
    """auth's copy of the accounts."""

    def __init__(
        self,
        database: Database,
        revoker: SessionRevoker,
        key: SealingKey,
        metrics: Metrics,
        *,
        clock: Callable[[], int],
    ) -> None:
        self._database, self._revoker, self._seals = database, revoker, KeySet([key])
        self._clock = clock
        self._accounts, self._factors, self._keys = AccountCopy(), FactorStore(), ApiKeyStore()
        self._challenges = ChallengeStore()
        self._kept = metrics.counter("auth_revocations_kept", "Changes of users that did not lift a revocation.")
        self._count = metrics.gauge("auth_accounts", "Accounts in auth's copy, including deleted ones.")

    async def apply(self, message: AccountChanged) -> None:
        """Applies an event if it is newer. If role, state or password changed, the account's sessions end in the same
        transaction. A new password also revokes the API keys, because somebody who knew the old password may have
        created some. A sign-in that waits for its second factor survives a new verifier, to which its first step may
        have led. Deleting an account deletes its second factor and API keys. A revocation stays until a newer
        decision of an administrator lifts it (`merged`). Raises Reject if the event is invalid, Unavailable."""
        newer = _opened(message, self._seals, lambda: self._clock() / 1_000_000)
        async with self._database.transaction() as connection:
            old = await self._accounts.lock(connection, newer.account.id)
            account = merged(old, newer)
            now = from_micros(self._clock())  # after the lock: its previous holder may have issued a token
            is_newer = await self._accounts.put(connection, account)
            if is_newer and newer.is_deleted:  # a deleted account keeps no secrets
                await self._factors.remove(connection, account.id)
                await self._keys.remove_all(connection, account.id)
            if is_newer and old and old.digest != account.digest:
                await self._revoker.revoke_keys(connection, account.id, "password_changed", SYSTEM, now)
            if is_newer and old and ends_sessions(old, account):  # last: the audit log is locked after keys and factors
                await self._revoker.end_all(connection, account.id, "account_changed", SYSTEM, now)
            elif is_newer and old and is_only_verifier(old, account):
                await self._challenges.follow(connection, account.id, account.version)
        if is_newer and newer.account.active and not account.active:
            self._kept.inc()
            log.warning("revocation_kept", account=str(account.id))
        if old is None:
            self._count.inc()  # the next digest sets the exact count

    async def digest(self) -> str:
        """Returns a hash of the ids and versions of all accounts in the copy. Raises Unavailable."""
        async with self._database.connection() as connection:
            versions = await self._accounts.versions(connection)
        self._count.set(len(versions))
        return set_digest(versions)


def account_drift(mirror: Mirror, bus: Bus, service: str, timing: DriftTiming) -> Drift:
    """Compares the copy with the digest of the users service."""

    async def request(have: str) -> None:
        await bus.publish(USERS_REPLAY, ReplayRequested(have=have), service=service)

    return Drift(Copy("accounts", mirror.digest, request), timing)


def _opened(message: AccountChanged, keys: KeySet[SealingKey], clock: Clock) -> AccountEvent:
    """Decrypts and validates the event. Raises Reject."""
    context: dict[str, str | int] = {"account": message.account, "version": message.version}
    try:
        record = AccountRecord.model_validate_json(unseal(message.sealed, keys, clock, context))
    except TokenError as error:
        raise Reject("seal_refused", "no valid seal of the users service for this account and version") from error
    except ValidationError:
        raise Reject("record_unreadable", "the sealed record does not fit its schema") from None
    if (record.account, record.version) != (message.account, message.version):
        raise Reject("record_foreign", "the sealed record belongs to another account or version")
    if "\x00" in record.email + record.name:
        raise Reject("record_unreadable", "the record contains a NUL character")
    digest = record.digest
    if digest is not None:
        try:
            check_digest(digest)
        except HostileDigest as error:
            log.error("account_digest_rejected", account=record.account, reason=str(error))  # noqa: TRY400  # no traceback
            digest = None
    is_active = record.active and not record.deleted
    id_, has_verifier = UUID(record.account), record.has_verifier
    email = "" if record.deleted else record.email  # `merged` recognises a deleted account by it
    account = Account(id_, record.version, email, record.name, record.role, is_active, digest, has_verifier)
    return AccountEvent(account, record.state_version, record.deleted)
