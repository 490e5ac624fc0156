"""Publishes the digest, at each connection and periodically, and replays all accounts on request."""

import asyncio

import structlog

from pulse_bus import Bus
from pulse_contracts.topics import USERS_DIGEST, USERS_EVENT
from pulse_users.actions.changes import ChangeDependencies
from pulse_users.model.accounts import Account
from pulse_users.store.accounts import AccountStore

log = structlog.get_logger("pulse.users")
_REPLAY_PAGE = 100


class Announcements:
    """The digest and replays for consumers that missed events."""

    def __init__(self, deps: ChangeDependencies, bus: Bus) -> None:
        self._deps, self._bus, self._store = deps, bus, AccountStore()
        self.digest_due, self.replay_due = asyncio.Event(), asyncio.Event()

    async def request_digest(self) -> None:
        """Publishes the digest soon."""
        self.digest_due.set()

    def request_replay(self) -> None:
        """Publishes all accounts soon. Requests in quick succession are merged."""
        self.replay_due.set()

    async def announce_digest(self) -> None:
        """Puts the digest into the outbox, behind all events that it counts: otherwise consumers would request events
        that are in flight."""
        deps = self._deps
        async with deps.database.transaction() as connection:
            await self._store.hold(connection)
            if not await self._store.is_waiting(connection, USERS_DIGEST.template):
                digest = deps.sealer.digest(await self._store.digest(connection))
                await deps.outbox.put(connection, USERS_DIGEST, digest)

    async def replay(self) -> None:
        """Publishes every account as it is now, and every tombstone, page by page. It does not use the outbox: nothing
        has changed, and an outage must not fill it with replays. Raises Unavailable."""
        after: Account | None = None
        count = 0
        while True:
            async with self._deps.database.connection() as connection:
                page = await self._store.everything(connection, after, _REPLAY_PAGE)
            for account in page:
                await self._bus.publish(USERS_EVENT, self._deps.sealer.event(account), account=str(account.id))
            count += len(page)
            if len(page) < _REPLAY_PAGE:
                log.info("accounts_replayed", count=count)
                return
            after = page[-1]
