"""What users does: make accounts, switch them on and off, show them, and tell the bus; each change one transaction."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pulse_bus import Bus
from pulse_chassis.principal import Forbidden, NotSignedIn, Principal
from pulse_contracts.accounts import AccountChanged
from pulse_contracts.errors import Unavailable
from pulse_contracts.topics import USERS_DIGEST, USERS_EVENT
from pulse_passwords import PasswordHasher, PasswordRefused
from pulse_postgres import Connection, Database, Outbox
from pulse_users.model import (
    Account,
    EmailTaken,
    LastAdministrator,
    NewAccount,
    PasswordUnfit,
    Position,
    UnknownAccount,
    check_email,
    check_length,
)
from pulse_users.store import AccountStore, Stamp

log = logging.getLogger("pulse.users")
Sealer = Callable[[Account], AccountChanged]
_REPLAY_PAGE = 100


async def digest_of(password: str, minimum: int, hasher: PasswordHasher) -> str:
    """The argon2id digest of a new password. Raises PasswordUnfit."""
    check_length(password, minimum)
    try:
        return await hasher.hash(password)
    except PasswordRefused as error:
        raise PasswordUnfit(str(error)) from error


class Accounts:
    """Changes to accounts. Each takes its version first: the counter's lock puts changes and their events in one
    order."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        sealer: Sealer,
        *,
        clock: Callable[[], int],
        new_id: Callable[[], UUID],
    ) -> None:
        self._database, self._outbox, self._sealer = database, outbox, sealer
        self._clock, self._new_id = clock, new_id
        self._store = AccountStore()

    async def has_admin(self) -> bool:
        """Whether anybody may administer."""
        async with self._database.connection() as connection:
            return await self._store.active_admins(connection) > 0

    async def require_free(self, email: str) -> None:
        """Raises EmailMalformed, EmailTaken: an early word, `create` decides."""
        check_email(email)
        async with self._database.connection() as connection:
            if await self._store.by_email(connection, email):
                raise EmailTaken(f"{email} has an account already")

    async def create(self, new: NewAccount, *, unless_admin: bool = False) -> Account | None:
        """The new account; None when `unless_admin` and somebody may administer already. Raises EmailTaken."""
        async with self._database.transaction() as connection:
            await self._store.hold(connection)
            if unless_admin and await self._store.active_admins(connection):
                return None
            stamp = await self._stamp(connection)
            account = await self._store.add(connection, self._new_id(), new, stamp)
            if account is None:
                raise EmailTaken(f"{new.email} has an account already")
            await self._tell(connection, account)
            return account

    async def set_active(self, email: str, *, active: bool) -> Account:
        """Switches an account on or off; nothing happens when it is so already. Raises UnknownAccount and
        LastAdministrator."""
        async with self._database.transaction() as connection:
            await self._store.hold(connection)
            found = await self._store.by_email(connection, email)
            if found is None:
                raise UnknownAccount(f"no account has the e-mail {email[:80]}")
            if found.active == active:
                return found
            if not active and found.role == "admin" and await self._store.active_admins(connection) == 1:
                raise LastAdministrator(f"{found.email} is the last active administrator")
            account = await self._store.set_active(connection, found.id, await self._stamp(connection), active=active)
            await self._tell(connection, account)
            return account

    async def _stamp(self, connection: Connection) -> Stamp:
        now = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=self._clock())
        return Stamp(await self._store.next_version(connection), now)

    async def _tell(self, connection: Connection, account: Account) -> None:
        await self._outbox.put(connection, USERS_EVENT, self._sealer(account), account=str(account.id))
        await self._outbox.put(connection, USERS_DIGEST, await self._store.digest(connection))


class Directory:
    """Shows accounts. Roles come from the table, not from the token: users knows first who lost one."""

    def __init__(self, database: Database) -> None:
        self._database, self._store = database, AccountStore()

    async def profile(self, principal: Principal) -> Account:
        """The caller's own account. Raises NotSignedIn when it is gone or switched off."""
        async with self._database.connection() as connection:
            return await self._caller(connection, principal)

    async def page(self, principal: Principal, after: Position | None, limit: int) -> list[Account]:
        """Up to `limit` accounts. Raises NotSignedIn, Forbidden."""
        async with self._database.connection() as connection:
            if (await self._caller(connection, principal)).role != "admin":
                raise Forbidden("only administrators may do this")
            return await self._store.page(connection, after, limit)

    async def _caller(self, connection: Connection, principal: Principal) -> Account:
        try:
            account = await self._store.by_id(connection, UUID(principal.account))
        except ValueError as error:
            raise NotSignedIn("the access token names no account") from error
        if account is None or not account.active:
            raise NotSignedIn("this account is gone or switched off")
        return account


class Announcements:
    """The digest, on connect and every so often, and replays for consumers that found that they missed something."""

    def __init__(self, database: Database, outbox: Outbox, bus: Bus, sealer: Sealer) -> None:
        self._database, self._outbox, self._bus, self._sealer = database, outbox, bus, sealer
        self._store = AccountStore()
        self._digest_due, self._replay_due = asyncio.Event(), asyncio.Event()

    async def want_digest(self) -> None:
        """The digest is published soon."""
        self._digest_due.set()

    def want_replay(self) -> None:
        """Every account is published soon; wishes that come close together are one."""
        self._replay_due.set()

    async def keep_digest(self, every: timedelta) -> None:
        """Announces the digest when wanted, and every so often. Endless."""
        while True:
            try:
                async with asyncio.timeout(every.total_seconds()):
                    await self._digest_due.wait()
            except TimeoutError:
                pass
            self._digest_due.clear()
            try:
                await self.announce_digest()
            except Unavailable as error:
                log.info("digest waits: %s", error)

    async def announce_digest(self) -> None:
        """Goes by the outbox: behind every event that it counts, or consumers would ask for what is on its way."""
        async with self._database.transaction() as connection:
            await self._store.hold(connection)
            if not await self._store.is_waiting(connection, USERS_DIGEST.template):
                await self._outbox.put(connection, USERS_DIGEST, await self._store.digest(connection))

    async def keep_replaying(self, pause: timedelta) -> None:
        """Replays when wanted, then rests for `pause`. Endless."""
        while True:
            await self._replay_due.wait()
            self._replay_due.clear()
            try:
                count = await self.replay()
                log.info("replayed %d accounts", count)
            except Unavailable as error:
                log.info("replay ended early, the next digest starts another: %s", error)
            await asyncio.sleep(pause.total_seconds())

    async def replay(self) -> int:
        """Publishes every account as it is now, a page at a time; returns how many. Not by the outbox: nothing has
        changed, and an outage must not pile up replays. Raises Unavailable."""
        after: Position | None = None
        count = 0
        while True:
            async with self._database.connection() as connection:
                page = await self._store.page(connection, after, _REPLAY_PAGE)
            for account in page:
                await self._bus.publish(USERS_EVENT, self._sealer(account), account=str(account.id))
            count += len(page)
            if len(page) < _REPLAY_PAGE:
                return count
            after = Position(page[-1].created, page[-1].id)
