"""Publishes collectors for sync-publisher: each change as a sealed event, a digest, and all of them on request."""

import asyncio
import base64
from collections.abc import Callable

import structlog

from pulse_auth.store.collector_events import CollectorEventStore, StoredCollector
from pulse_bus import Bus
from pulse_contracts.changes import Changed
from pulse_contracts.collectors import AccessRecord, CollectorChanged, CollectorRecord
from pulse_contracts.topics import AUTH_COLLECTOR, AUTH_COLLECTORS, CHANGES_COLLECTORS
from pulse_jose import SealingKey, seal
from pulse_jose.vault import Vault
from pulse_postgres import Connection, Database, Outbox
from pulse_postgres.database import after_commit

log = structlog.get_logger("pulse.auth")
MIRROR_PURPOSE = "mirror key"
_PAGE = 100


class CollectorEvents:
    """Makes the events of collectors. `key`: shared with sync-publisher. `clock` in microseconds. `digest_due` is set
    after each change."""

    def __init__(self, outbox: Outbox, vault: Vault, key: SealingKey, clock: Callable[[], int]) -> None:
        self._outbox, self._vault, self._key, self._clock = outbox, vault, key, clock
        self._store, self.digest_due = CollectorEventStore(), asyncio.Event()

    async def put(self, connection: Connection, id_: str) -> None:
        """Writes the event of a changed collector to the outbox, in the transaction of the change, and a notice for
        pages behind it. A plain device has no event. Raises VaultClosed."""
        await self._store.lock(connection)
        found = await self._store.find(connection, id_)
        if found is not None:
            await self._outbox.put(connection, AUTH_COLLECTOR, self.event(found), device=id_)
            after_commit(self.digest_due.set)
        await self._outbox.put(connection, CHANGES_COLLECTORS, Changed(at=self._clock()), device=id_)

    def event(self, collector: StoredCollector) -> CollectorChanged:
        """The event. The seal is bound to collector and version, so it fits no other event. Raises VaultClosed."""
        device, version, description = collector.id, collector.version, collector.description
        seal_key = self._vault.unseal(collector.seal_key, MIRROR_PURPOSE, device) if collector.seal_key else None
        record = CollectorRecord(
            device=device,
            version=version,
            name=description.name,
            site=description.site,
            tags=list(description.tags),
            state=collector.state,
            gen=collector.gen,
            public_key=_text(collector.public_key) if collector.public_key else None,
            seal_key=_text(seal_key) if seal_key else None,
            access=[AccessRecord(subject=rule.subject, is_allowed=rule.is_allowed) for rule in collector.rules],
        )
        context: dict[str, str | int] = {"device": device, "version": version}
        sealed = seal(record.model_dump_json().encode(), self._key, lambda: self._clock() / 1_000_000, context)
        return CollectorChanged(device=device, version=version, sealed=sealed)


class CollectorAnnouncements:
    """The digest, and replays for a consumer that missed events."""

    def __init__(self, database: Database, outbox: Outbox, bus: Bus, events: CollectorEvents) -> None:
        self._database, self._outbox, self._bus, self._events = database, outbox, bus, events
        self._store, self.replay_due = CollectorEventStore(), asyncio.Event()

    async def request_digest(self) -> None:
        """Publishes the digest soon."""
        self._events.digest_due.set()

    def request_replay(self) -> None:
        """Publishes all collectors soon. Requests in quick succession are merged."""
        self.replay_due.set()

    async def announce_digest(self) -> None:
        """Puts the digest into the outbox, behind all events that it counts: otherwise the consumer would request
        events that are in flight. Raises Unavailable."""
        async with self._database.transaction() as connection:
            await self._store.lock(connection)
            if not await self._store.is_digest_last(connection):
                await self._outbox.put(connection, AUTH_COLLECTORS, await self._store.digest(connection))

    async def replay(self) -> None:
        """Publishes every collector as it is now, page by page. It does not use the outbox: nothing has changed, and an
        outage must not fill it with replays. Raises Unavailable."""
        after: str | None = None
        count = 0
        while True:
            async with self._database.connection() as connection:
                page = await self._store.page(connection, after, _PAGE)
            for collector in page:
                await self._bus.publish(AUTH_COLLECTOR, self._events.event(collector), device=collector.id)
            count += len(page)
            if len(page) < _PAGE:
                log.info("collectors_replayed", count=count)
                return
            after = page[-1].id


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
