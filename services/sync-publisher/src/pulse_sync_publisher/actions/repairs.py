"""New keys, snapshots and wipes of single collectors."""

import asyncio
import dataclasses

import structlog

from pulse_bus import Bus
from pulse_chassis.identity.caller import SYSTEM, Caller
from pulse_contracts.topics import USERS_WIPE
from pulse_jose.mirror_keys import KeyPlace, make_rekey
from pulse_postgres import Connection
from pulse_postgres.database import after_commit
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.publishing import publish
from pulse_sync_publisher.actions.signing import Signing
from pulse_sync_publisher.model.collectors import Collector, Keys
from pulse_sync_publisher.model.errors import CollectorNotManaged, CollectorUnknown, CollectorWiped, ConfirmationWrong
from pulse_sync_publisher.model.progress import with_rekey
from pulse_sync_publisher.store.collectors import CollectorStore

log = structlog.get_logger("pulse.sync")


class Repairs:
    """What administrators order for one collector, and what reports make necessary."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = CollectorStore()
        self.wipe_due = asyncio.Event()

    async def resync(self, device: str, caller: Caller) -> Collector:
        """Sends the whole set, and compares the digests with the next hello. Raises CollectorUnknown,
        CollectorNotManaged, CollectorWiped."""
        async with self._context.database.transaction() as connection:
            found = await self._managed(connection, device)
            progress = dataclasses.replace(found.progress, needs_snapshot=True, flight=None)
            await self._store.put(connection, progress, self._context.clock())
            await self._context.record(connection, "mirror_resync_ordered", f"collector:{device}", caller)
            after_commit(self._context.wake)
            after_commit(self._context.show)
        return dataclasses.replace(found, progress=progress)

    async def rekey(self, device: str, caller: Caller) -> Collector:
        """Begins a rekey, unless one is in progress. Raises as `resync`."""
        async with self._context.database.transaction() as connection:
            found = await self._managed(connection, device)
            begun = await self.begin_rekey(connection, found)
            change = None, {"key": begun.progress.next_key}
            await self._context.record(connection, "mirror_rekey_ordered", f"collector:{device}", caller, change)
        return begun

    async def begin_rekey(self, connection: Connection, found: Collector, reported: int | None = None) -> Collector:
        """Makes the next sealing key and sends its public half, until a report comes under it. `reported`: the unknown
        key number of a report. The caller has locked the collector, whose public key must be known."""
        progress = with_rekey(found.progress, reported)
        keys = found.keys
        if progress != found.progress and progress.next_key is not None and keys.public is not None:
            place = KeyPlace(progress.device, progress.gen, progress.next_key)
            made = make_rekey(keys.public, place, self._context.entropy)
            sealed = self._context.vault.seal_key(made.secret, place)
            keys = Keys(keys.public, keys.current, sealed, made.public_key)
        await self._store.put(connection, progress, self._context.clock())
        await self._store.rekey(connection, progress.device, keys)
        after_commit(self._context.wake)
        return dataclasses.replace(found, progress=progress, keys=keys)

    async def wipe(self, device: str, confirmation: str, caller: Caller) -> Collector:
        """Deletes the collector's mirror for this enrolment: only a new enrolment ends it. Raises ConfirmationWrong,
        CollectorUnknown, CollectorNotManaged."""
        if confirmation != device:
            raise ConfirmationWrong(f"Repeat the id of the collector, {device!r}, in the field confirm.")
        async with self._context.database.transaction() as connection:
            found = await self._store.lock(connection, device)
            if found is None or found.progress.state == "deleted":
                raise CollectorUnknown("The collector does not exist.")
            if found.progress.gen == 0:
                raise CollectorNotManaged("The collector was never enrolled, so it has no mirror.")
            progress = dataclasses.replace(found.progress, wiped_gen=found.progress.gen, flight=None)
            wiped = dataclasses.replace(found, progress=progress, wipe_due=True)
            await self._store.describe(connection, wiped)
            await self._store.put(connection, progress, None)
            await self._context.record(
                connection, "mirror_wipe_ordered", f"collector:{device}", caller, (None, {"gen": progress.gen})
            )
            after_commit(self.wipe_due.set)
            after_commit(self._context.show)
        return wiped

    async def rekey_old(self, before: int) -> None:
        """Begins a rekey of every synchronised collector whose key is older than `before` (microseconds)."""
        async with self._context.database.connection() as connection:
            found = [one.device for one in await self._store.all(connection) if _is_old(one, before)]
        for device in found:
            async with self._context.database.transaction() as connection:
                collector = await self._store.lock(connection, device)
                if collector is not None and _is_old(collector, before):
                    begun = await self.begin_rekey(connection, collector)
                    change = None, {"key": begun.progress.next_key}
                    await self._context.record(
                        connection, "mirror_rekey_scheduled", f"collector:{device}", SYSTEM, change
                    )

    async def _managed(self, connection: Connection, device: str) -> Collector:
        found = await self._store.lock(connection, device)
        if found is None or found.progress.state == "deleted":
            raise CollectorUnknown("The collector does not exist.")
        if not found.progress.is_managed or found.keys.public is None:
            raise CollectorNotManaged("The collector is not enrolled, disabled or lost, so it receives nothing.")
        if found.progress.is_wiped:
            raise CollectorWiped("The mirror of this enrolment was wiped. Enrol the collector again.")
        return found


def _is_old(collector: Collector, before: int) -> bool:
    progress = collector.progress
    is_synchronised = progress.is_managed and not progress.is_wiped and progress.reported in {"synced", "resync"}
    return is_synchronised and progress.next_key is None and progress.keyed_at < before and bool(collector.keys.public)


class Wipes:
    """Publishes retained wipes, until the broker has them."""

    def __init__(self, context: Context, bus: Bus, signing: Signing) -> None:
        self._context, self._bus, self._signing = context, bus, signing
        self._store = CollectorStore()

    async def publish_due(self) -> None:
        """Publishes every wipe that is due. Raises Unavailable."""
        async with self._context.database.connection() as connection:
            due = await self._store.due_wipes(connection)
        if not due:
            return
        maker = await self._signing.maker()
        for collector in due:
            await publish(self._bus, USERS_WIPE, maker.wipe(collector.progress), device=collector.device)
            async with self._context.database.connection() as connection:
                await self._store.note_wipe(connection, collector.device, collector.progress.wiped_gen)
            self._context.metrics.sent.labels("wipe").inc()
            log.info("mirror_wipe_published", device=collector.device, gen=collector.progress.wiped_gen)

    async def publish_again(self) -> None:
        """Marks every wipe as due: a broker that lost its retained messages gets them again. Raises Unavailable."""
        async with self._context.database.transaction() as connection:
            await self._store.mark_wipes(connection)
