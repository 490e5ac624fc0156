"""Telling the bus what is: the digest, on connect and every so often, and replays for consumers that missed
something."""

import asyncio
import logging
from datetime import timedelta

from pulse_bus import Bus
from pulse_contracts.errors import Unavailable
from pulse_contracts.topics import USERS_DIGEST, USERS_EVENT
from pulse_postgres import Database, Outbox
from pulse_users.actions.changes import Sealer
from pulse_users.model.accounts import Account
from pulse_users.store.accounts import AccountStore

log = logging.getLogger("pulse.users")
_REPLAY_PAGE = 100


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
        """Publishes every account as it is now, and every tombstone, a page at a time; returns how many. Not by the
        outbox: nothing has changed, and an outage must not pile up replays. Raises Unavailable."""
        after: Account | None = None
        count = 0
        while True:
            async with self._database.connection() as connection:
                page = await self._store.everything(connection, after, _REPLAY_PAGE)
            for account in page:
                await self._bus.publish(USERS_EVENT, self._sealer(account), account=str(account.id))
            count += len(page)
            if len(page) < _REPLAY_PAGE:
                return count
            after = page[-1]
