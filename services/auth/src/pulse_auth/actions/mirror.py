"""Following users: auth's copy of the accounts from sealed events, and the drift that a digest shows."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError

from pulse_auth.actions.ending import Events
from pulse_auth.model.sessions import Account, ends_sessions
from pulse_auth.store.api_keys import ApiKeyStore
from pulse_auth.store.second_factors import FactorStore
from pulse_auth.store.sessions import AccountCopy
from pulse_bus import Bus, Disconnected, Reject
from pulse_chassis.identity.caller import SYSTEM
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.accounts import AccountChanged, AccountRecord, AccountsDigest, ReplayRequested, set_digest
from pulse_contracts.times import from_micros
from pulse_contracts.topics import USERS_REPLAY
from pulse_jose import Clock, KeySet, SealingKey, TokenError, unseal
from pulse_passwords import HostileDigest, check_digest
from pulse_postgres import Database

log = logging.getLogger("pulse.auth")


class Mirror:
    """Keeps the copy of the accounts, from sealed events."""

    def __init__(
        self, database: Database, events: Events, key: SealingKey, metrics: Metrics, *, clock: Callable[[], int]
    ) -> None:
        self._database, self._events, self._seals = database, events, KeySet([key])
        self._clock = clock
        self._accounts, self._factors, self._keys = AccountCopy(), FactorStore(), ApiKeyStore()
        self._count = metrics.gauge("auth_accounts", "Accounts in auth's copy, deleted ones included")

    async def apply(self, message: AccountChanged) -> None:
        """Takes one event if it is newer. What a session rests on has changed: its sessions end with it, in the same
        transaction. With the password its API keys are revoked: who knew the old one may have made some. A deleted
        account's second factor and API keys are gone. Raises Reject for a seal that does not fit, Unavailable."""
        account, is_deleted = _opened(message, self._seals, lambda: self._clock() / 1_000_000)
        async with self._database.transaction() as connection:
            old = await self._accounts.lock(connection, account.id)
            now = from_micros(self._clock())  # not before: whoever held the account may have signed a token since
            is_newer = await self._accounts.put(connection, account)
            if is_newer and is_deleted:  # nothing of a deleted account is worth keeping a secret for
                await self._factors.remove(connection, account.id)
                await self._keys.remove_all(connection, account.id)
            if is_newer and old and old.digest != account.digest:
                await self._events.revoke_keys(connection, account.id, "password_changed", SYSTEM, now)
            if is_newer and old and ends_sessions(old, account):  # last: who has a key or factor waits for the trail
                await self._events.end_all(connection, account.id, "account_changed", SYSTEM, now)
        if old is None:
            self._count.inc()  # the next digest counts them all anew

    async def digest(self) -> str:
        """The hash of what we hold."""
        async with self._database.connection() as connection:
            versions = await self._accounts.versions(connection)
        self._count.set(len(versions))
        return set_digest(versions)


def _opened(message: AccountChanged, keys: KeySet[SealingKey], clock: Clock) -> tuple[Account, bool]:
    """The account, and whether it is deleted."""
    context: dict[str, str | int] = {"account": message.account, "version": message.version}
    try:
        record = AccountRecord.model_validate_json(unseal(message.sealed, keys, clock, context))
    except TokenError as error:
        raise Reject("seal_refused", "not sealed by users for this account and version") from error
    except ValidationError:
        raise Reject("record_unreadable", "the sealed record does not fit its schema") from None
    if (record.account, record.version) != (message.account, message.version):
        raise Reject("record_foreign", "the sealed record is another account's or version's")
    if "\x00" in record.email + record.name:
        raise Reject("record_unreadable", "PostgreSQL stores no NUL")
    digest = record.digest
    if digest is not None:
        try:
            check_digest(digest)
        except HostileDigest as error:
            log.error("digest of account %s refused, stored as no password: %s", record.account, error)  # noqa: TRY400
            digest = None
    is_active = record.active and not record.deleted
    account = Account(UUID(record.account), record.version, record.email, record.name, record.role, is_active, digest)
    return account, record.deleted


class Drift:
    """Notices by the digest that events were missed, and asks for a replay."""

    def __init__(self, mirror: Mirror, bus: Bus, service: str) -> None:
        self._mirror, self._bus, self._service = mirror, bus, service
        self._newest: AccountsDigest | None = None
        self.heard = asyncio.Event()

    def hear(self, digest: AccountsDigest) -> None:
        """The newest digest is compared soon."""
        self._newest = digest
        self.heard.set()

    async def compare(self, grace: timedelta, pause: timedelta) -> None:
        """Compares the newest digest with our copy. If they differ, waits `grace`, because the missing events may be on
        their way, and compares again before it asks for a replay. Rests for `pause` after each request. Raises
        Unavailable."""
        if await self._differs():
            await asyncio.sleep(grace.total_seconds())
            if await self.ask_if_different():
                await asyncio.sleep(pause.total_seconds())

    async def ask_if_different(self) -> bool:
        """Whether a replay was asked for. Raises Unavailable."""
        have = await self._mirror.digest()
        if self._newest is None or self._newest.set == have:
            return False
        log.info("accounts differ from users' digest: asking for a replay")
        try:
            await self._bus.publish(USERS_REPLAY, ReplayRequested(have=have), service=self._service)
        except Disconnected:
            return False  # the retained digest comes again with the connection
        return True

    async def _differs(self) -> bool:
        return self._newest is not None and self._newest.set != await self._mirror.digest()
