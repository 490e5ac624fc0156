"""The copy of the accounts: opens the sealed events of the users service, and appends each change to the logs of all
collectors that it concerns, in the same transaction."""

from collections.abc import Callable, Iterable
from functools import partial

import structlog
from pydantic import ValidationError

from pulse_bus import Reject
from pulse_contracts.accounts import AccountChanged, MirroredAccount, set_digest
from pulse_jose import KeySet, SealingKey, TokenError, unseal
from pulse_postgres import Connection
from pulse_postgres.database import after_commit
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.logs import Logs
from pulse_sync_publisher.model.currency import moved_sum
from pulse_sync_publisher.model.records import Account, newest
from pulse_sync_publisher.store.accounts import AccountStore
from pulse_sync_publisher.store.counter import CounterStore

log = structlog.get_logger("pulse.sync")


class Accounts:
    """The copy of the accounts."""

    def __init__(self, context: Context, logs: Logs, key: SealingKey) -> None:
        self._context, self._logs, self._seals = context, logs, KeySet([key])
        self._store, self._counter = AccountStore(), CounterStore()

    def open(self, message: AccountChanged) -> Account:
        """Decrypts and validates an event. Raises Reject."""
        return open_account(message, self._seals, lambda: self._context.clock() / 1_000_000)

    async def apply(self, accounts: Iterable[Account]) -> int:
        """Applies accounts that are newer than the copy, all in one transaction. A revocation stays until a newer
        decision of an administrator lifts it (`merged`). Returns the number of log entries. Raises Unavailable."""
        arrived = list(accounts)
        ids = {account.id for account in arrived}
        async with self._context.database.connection() as connection:
            known = await self._store.by_ids(connection, ids)
        if not newest(arrived, known):  # a replay changes nothing, so it does not take the lock
            return 0
        async with self._context.database.transaction() as connection:
            counted = await self._counter.lock(connection)
            known = await self._store.by_ids(connection, ids)
            newer = newest(arrived, known)
            if not newer:
                return 0
            await self._store.put(connection, newer)
            await self._counter.set_copied(connection, moved_sum(counted.copied, newer, known))
            written = await self._logs.account_changes(connection, counted, newer)
            await self._report_kept(connection, newer)
            return written

    async def _report_kept(self, connection: Connection, newer: Iterable[Account]) -> None:
        """Counts and logs the revocations that users has forgotten, and stores one incident."""
        kept = [one.id for one in newer if one.is_kept]
        for account in kept:
            after_commit(self._context.metrics.kept.inc)
            after_commit(partial(log.warning, "revocation_kept", account=account))
        if kept:
            detail = (
                f"users changed {len(kept)} accounts that are revoked here, {kept[0]} among them. No administrator has "
                "enabled them since: its database was restored. They stay revoked."
            )
            await self._context.report_incident(connection, "", "revocation_kept", detail)

    async def digest(self) -> str:
        """`set_digest` of the copy. Raises Unavailable."""
        async with self._context.database.connection() as connection:
            return set_digest(await self._store.versions(connection))


def open_account(message: AccountChanged, keys: KeySet[SealingKey], clock: Callable[[], float]) -> Account:
    """Decrypts and validates an event. Raises Reject."""
    if message.mirrored is None:
        raise Reject("not_mirrored", "the event has no part for sync-publisher: set MIRROR_ACCOUNTS_KEY at users")
    context: dict[str, str | int] = {"account": message.account, "version": message.version}
    try:
        record = MirroredAccount.model_validate_json(unseal(message.mirrored, keys, clock, context))
    except TokenError as error:
        raise Reject("seal_refused", "no valid seal of the users service for this account and version") from error
    except ValidationError:
        raise Reject("record_unreadable", "the sealed record does not fit its schema") from None
    if (record.account, record.version) != (message.account, message.version):
        raise Reject("record_foreign", "the sealed record belongs to another account or version")
    if "\x00" in record.email + record.name:
        raise Reject("record_unreadable", "the record contains a NUL character")
    may_sign_in = record.active and not record.deleted
    return Account(
        record.account,
        record.version,
        record.email,
        record.name,
        record.role,
        # a live record needs an e-mail: without one the account cannot sign in
        record.active and bool(record.email),
        record.verifier if may_sign_in else None,
        record.changed,
        record.deleted,
        state_version=record.state_version,
    )
