"""What users announces: believes sealed digests, and detects that the database of users was restored from a backup."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog
from pydantic import ValidationError

from pulse_chassis.identity.caller import Caller
from pulse_contracts.accounts import DIGEST_CONTEXT, AccountsDigest, DigestSeal, set_sum
from pulse_contracts.times import from_micros
from pulse_jose import KeySet, SealingKey, TokenError, unseal
from pulse_postgres.audit import Detail
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.logs import Logs
from pulse_sync_publisher.model.currency import DigestRefusal
from pulse_sync_publisher.model.errors import ConfirmationWrong, UsersNotRestored, UsersSetUnknown
from pulse_sync_publisher.model.records import Account
from pulse_sync_publisher.model.restored_users import RestoredUsers, restored_users
from pulse_sync_publisher.store.accounts import AccountStore
from pulse_sync_publisher.store.counter import CounterStore

log = structlog.get_logger("pulse.sync")
UsersState = Literal["current", "behind", "not_heard", "restored"]
_EXPECTED: frozenset[DigestRefusal] = frozenset({"expired", "superseded"})
"""Refusals that an outage explains: a digest waited at the broker, or in the outbox of users."""
_LISTED = 200


@dataclass(frozen=True)
class UsersStatus:
    """state: `current`: the copy is the set of users. `behind`: changes are on their way. `not_heard`: users has
    announced nothing lately. `restored`: the set of users is older than the copy.
    announced: when users made its newest digest. older, missing: of `RestoredUsers`. revoked: accounts that stay
    revoked since an administrator accepted a restored set. kept: accounts that users has as active although they are
    revoked here."""

    state: UsersState
    announced: datetime | None
    older: int
    missing: int
    revoked: int
    kept: int


class UsersSet:
    """The set of users. The versions that arrive after a request for a replay are the whole set once their sum equals
    the sealed sum of the newest digest."""

    def __init__(self, context: Context, logs: Logs, key: SealingKey) -> None:
        self._context, self._logs, self._seals = context, logs, KeySet([key])
        self._store, self._counter = AccountStore(), CounterStore()
        self._heard: dict[str, int] = {}
        self._restored: RestoredUsers | None = None
        self._logged = set[DigestRefusal]()

    def announce(self, digest: AccountsDigest) -> bool:
        """Notes what users has, and wakes the sender: the copy may have become current. Returns whether the digest is
        believed. A refused one is counted, and the first of its kind is logged."""
        context, refused = self._context, self._believe(digest)
        if refused is None:
            self._logged.clear()
            context.wake()
            return True
        context.metrics.refused_digests.labels(refused).inc()
        is_first = refused not in self._logged and refused not in _EXPECTED
        self._logged.add(refused)
        (log.warning if is_first else log.debug)("accounts_digest_refused", reason=refused)
        return False

    def begin_replay(self) -> None:
        """A replay is requested: the events that follow are the whole set."""
        self._heard.clear()

    def hear(self, accounts: Iterable[Account]) -> None:
        """Notes the versions of events, also of those that are older than the copy."""
        for account in accounts:
            self._heard[account.id] = account.src

    async def agrees(self) -> bool:
        """Whether the copy is what users has announced last. Unlike `set_digest`, it does not read every account.
        Raises Unavailable."""
        async with self._context.database.connection() as connection:
            is_newest = self._context.announced.is_newest((await self._counter.read(connection)).copied)
        if is_newest:
            self._restored = None
        return is_newest

    async def find_restore(self) -> None:
        """The copy differs after a replay. If the set of users is older than the copy, this is an incident. Raises
        Unavailable."""
        if not self._is_known():
            return
        async with self._context.database.transaction() as connection:
            found = self._compared(await self._store.all(connection))
            if found is not None and self._restored is None:
                detail = (
                    f"users has an older version of {found.older} accounts and lacks {found.missing}: its database was "
                    "restored; see POST /api/sync/users/accept"
                )
                await self._context.report_incident(connection, "", "users_restored", detail)
        self._restored = found or self._restored  # unknown while the next replay arrives

    async def status(self) -> UsersStatus:
        """The state of the copy. Raises Unavailable."""
        context = self._context
        async with context.database.snapshot() as connection:
            counted = await self._counter.read(connection)
            revoked = await self._store.count_revoked(connection)
            kept = await self._store.count_kept(connection)
        found = None if context.is_current(counted) else self._restored
        state: UsersState = "current"
        if not context.announced.is_heard(context.clock()):
            state = "not_heard"
        elif found is not None:
            state = "restored"
        elif not context.is_current(counted):
            state = "behind"
        made = context.announced.made
        older, missing = (found.older, found.missing) if found is not None else (0, 0)
        return UsersStatus(state, None if made is None else from_micros(made), older, missing, revoked, kept)

    async def accept(self, confirmation: int, caller: Caller) -> UsersStatus:
        """Accepts the set of users as current. Accounts that are older there, or missing, stay revoked at every
        collector until users changes them. `confirmation`: the number of these accounts. Raises UsersSetUnknown,
        UsersNotRestored, ConfirmationWrong, Unavailable."""
        async with self._context.database.transaction() as connection:
            counted = await self._counter.lock(connection)
            if self._context.announced.is_newest(counted.copied):
                raise UsersNotRestored("The copy is the set of users. There is nothing to accept.")
            found = self._compared(await self._store.all(connection))
            if found is None:
                raise UsersSetUnknown("The set of users is not known. Wait for the state restored, then try again.")
            if confirmation != found.revoked:
                raise ConfirmationWrong(f"Repeat the number of accounts that stay revoked, {found.revoked}.")
            await self._store.put_at_users(connection, found.changed)
            copied = set_sum(await self._store.versions(connection))  # not the newest: its events may wait for the lock
            await self._counter.set_copied(connection, copied)
            await self._logs.reconcile(connection, counted.leases)
            revoked = sorted(one.id for one in found.changed if one.at_users is not None)
            detail: Detail = {"older": found.older, "missing": found.missing, "accounts": revoked[:_LISTED]}
            await self._context.record(connection, "restored_users_accepted", "users", caller, (None, detail))
        self._restored = None
        self._context.wake()
        return await self.status()

    def _is_known(self) -> bool:
        """Whether users can be heard, and the versions that arrived since the last request are its whole set: their sum
        is the sealed one."""
        announced = self._context.announced
        return announced.is_heard(self._context.clock()) and announced.newest == set_sum(self._heard.items())

    def _compared(self, copy: dict[str, Account]) -> RestoredUsers | None:
        """How the set of users differs from the copy, if the whole set is known."""
        return restored_users(copy.values(), self._heard) if self._is_known() else None

    def _believe(self, digest: AccountsDigest) -> DigestRefusal | None:
        now, content = self._context.clock(), None
        if digest.sealed is not None:
            try:
                payload = unseal(digest.sealed, self._seals, lambda: now / 1_000_000, DIGEST_CONTEXT)
                content = DigestSeal.model_validate_json(payload)
            except (TokenError, ValidationError):
                return "seal_refused"
        return self._context.announced.receive(content, digest.sum or "", now)
