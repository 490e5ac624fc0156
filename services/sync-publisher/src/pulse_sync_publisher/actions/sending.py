"""Sends what is due: rekeys, snapshots and deltas, until each is acknowledged, for ever.

Replicas share the work: a process claims collectors with SKIP LOCKED, stores that it sends, commits, and then
publishes. If it dies in between, the message is repeated a few seconds later.
"""

import asyncio
import dataclasses
import itertools
import random
from collections.abc import Iterable, Sequence

import structlog

from pulse_bus import Bus, Disconnected, MessageTooLarge, PublishRefused
from pulse_contracts.mirror import MirrorMessage
from pulse_contracts.topics import USERS_SYNC
from pulse_postgres import Connection
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.signing import Signing
from pulse_sync_publisher.actions.vault import VaultClosed, text_of
from pulse_sync_publisher.model.collectors import Collector
from pulse_sync_publisher.model.leases import Leases
from pulse_sync_publisher.model.messages import MessageMaker
from pulse_sync_publisher.model.progress import (
    Progress,
    Sendable,
    next_message,
    send_time,
    sent,
    snapshot_asof,
    takes_revocations,
)
from pulse_sync_publisher.model.records import MAX_RECORDS, Account, Entry, cut, first_cut, record_of, set_of
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.counter import Counted, CounterStore
from pulse_sync_publisher.store.entries import EntryStore

log = structlog.get_logger("pulse.sync")
_CLAIMED = 32
_MAX_TEXTS = 20_000
_UNREADABLE_WAIT = 60_000_000
_LOCKED_WAIT = 0.02
Log = Sequence[tuple[Entry, Account | None]]


class RecordTexts:
    """JSON of records, by their hash: the log of each collector has the same records. Bounded."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes] = {}

    def has_all(self, entries: Iterable[Entry]) -> bool:
        """Whether `of` needs no account for these entries."""
        return all(entry.state == "revoked" or entry.hash in self._texts for entry in entries)

    def of(self, log_: Log, leases: Leases) -> list[tuple[int, bytes]]:
        """Position and JSON of each entry."""
        found = [(entry.seq, self._text(entry, account, leases)) for entry, account in log_]
        if len(self._texts) > _MAX_TEXTS:
            self._texts.clear()
        return found

    def _text(self, entry: Entry, account: Account | None, leases: Leases) -> bytes:
        text = self._texts.get(entry.hash)
        if text is None:
            stand_in = Account(entry.account, entry.src, "", "", "user", active=False, verifier=None, changed=0)
            text = record_of(account or stand_in, entry, leases).model_dump_json().encode()
            self._texts[entry.hash] = text
        return text


class Sender:
    """One round claims the collectors that are due, and sends one message to each."""

    def __init__(self, context: Context, bus: Bus, signing: Signing, rng: random.Random) -> None:
        self._context, self._bus, self._signing, self._rng = context, bus, signing, rng
        self._collectors, self._entries, self._counter = CollectorStore(), EntryStore(), CounterStore()
        self._texts = RecordTexts()
        self._unreadable = set[str]()

    async def send_due(self) -> bool:
        """Runs one round. Returns whether more may be due. Raises Unavailable."""
        maker = await self._signing.maker()
        ready = list[tuple[Collector, Sendable, list[MirrorMessage]]]()
        async with self._context.database.transaction() as connection:
            now = self._context.now()
            counted = await self._counter.read(connection)
            is_current = self._context.is_current(counted)  # while it is not, only few collectors are worth a look
            claimed = await self._collectors.claim(connection, now, _CLAIMED, is_current=is_current)
            due = await self._collectors.count_due(connection, now, is_current=is_current)
            for collector in claimed:
                message = await self._next(connection, collector, counted, maker)
                if message is None:
                    continue
                ready.append(message)
                if message[1] == "snapshot":  # one a round: it is large, and the claimed collectors are locked
                    break
        async with asyncio.TaskGroup() as group:
            for collector, kind, messages in ready:
                group.create_task(self._publish(collector.device, kind, messages))
        if ready and len(ready) < due:
            return True
        if len(claimed) < min(due, _CLAIMED):  # another transaction has locked the others, for example a report
            await asyncio.sleep(_LOCKED_WAIT)
            return True
        return False  # nothing is due, or all collectors wait for users

    async def resend_all(self) -> None:
        """Sends every unacknowledged message again at once: the broker is back. Raises Unavailable."""
        async with self._context.database.transaction() as connection:
            await self._collectors.mark_flights(connection, self._context.now())
        self._context.wake()

    async def _next(
        self, connection: Connection, collector: Collector, counted: Counted, maker: MessageMaker
    ) -> tuple[Collector, Sendable, list[MirrorMessage]] | None:
        """Makes the next message to a locked collector, and stores that it is sent."""
        progress, now = collector.progress, self._context.clock()
        kind = next_message(progress)
        if kind == "rekey" and collector.keys.following_public is None:
            kind = None  # auth has destroyed the collector's public key
        if kind is None or send_time(progress, now, self._rng) is None:
            await self._collectors.put(connection, progress, None)
            return None
        if kind == "snapshot" and not self._context.is_current(counted):
            if not takes_revocations(progress, now, self._rng):
                await self._collectors.put(connection, progress, now)  # due: tried again at every round
                return None
            kind = "delta"
        try:
            messages, position = await self._make(connection, collector, (kind, counted), maker)
        except VaultClosed as error:
            write = log.debug if collector.device in self._unreadable else log.error
            write("collector_key_unreadable", device=collector.device, reason=str(error))
            self._unreadable.add(collector.device)
            await self._collectors.put(connection, progress, now + _UNREADABLE_WAIT)
            return None
        self._unreadable.discard(collector.device)
        if messages is None:
            if kind == "delta":  # a revocation does not wait behind them
                moved = await self._entries.postpone_live(connection, progress.device, progress.acked, progress.seq)
                progress = dataclasses.replace(progress, seq=progress.seq + moved)
            await self._collectors.put(connection, progress, now)  # due: tried again at every round
            return None
        if not messages:  # positions without entries: the log was moved forward
            await self._collectors.put(connection, dataclasses.replace(progress, needs_snapshot=True), now)
            return None
        after = sent(progress, kind, position, now)
        await self._collectors.put(connection, after, send_time(after, now, self._rng))
        return collector, kind, messages

    async def _make(
        self, connection: Connection, collector: Collector, what: tuple[Sendable, Counted], maker: MessageMaker
    ) -> tuple[list[MirrorMessage] | None, tuple[int, int]]:
        """The messages, and their position for `sent`. None instead of messages: nothing may be sent before the copy of
        the accounts is current. Revocations are sent at once."""
        progress, (kind, counted) = collector.progress, what
        is_current = self._context.is_current(counted)
        if kind == "rekey":
            public = collector.keys.following_public or b""
            return [maker.rekey(progress, text_of(public))], (progress.next_key or 0, 0)
        key = self._context.vault.sealing_key(collector)
        if kind == "delta":
            found = await self._changes(connection, progress)
            if found and not is_current:
                found = list(itertools.takewhile(lambda item: item[0].state == "revoked", found))
                if not found:
                    return None, (0, 0)
            content = first_cut(self._texts.of(found, counted.leases))
            if content is None:
                return [], (0, 0)
            return [maker.delta(progress, key, content)], (content.seq, 0)
        found = await self._entries.after(connection, progress.device, -1, None)
        asof = snapshot_asof(progress, counted.n, max((entry.ver for entry, _ in found), default=0))

        def snapshot() -> tuple[list[MirrorMessage], str]:
            set_ = set_of(entry for entry, _ in found)
            parts = list(cut(self._texts.of(found, counted.leases)))
            return list(maker.snapshot(progress, key, parts, asof, set_)), set_

        messages, set_ = await asyncio.to_thread(snapshot) if len(found) > MAX_RECORDS else snapshot()
        await self._collectors.keep_set(connection, progress.device, (progress.seq, set_))
        return messages, (progress.seq, asof)

    async def _changes(self, connection: Connection, progress: Progress) -> Log:
        """The oldest changes that a collector has not acknowledged. Accounts are read only for new content: most
        collectors get the same records. The lock of the collector keeps its log unchanged between both queries."""
        entries = await self._entries.newer(connection, progress.device, progress.acked, MAX_RECORDS)
        if self._texts.has_all(entries):
            return [(entry, None) for entry in entries]
        return await self._entries.after(connection, progress.device, progress.acked, MAX_RECORDS)

    async def _publish(self, device: str, kind: Sendable, messages: Sequence[MirrorMessage]) -> None:
        try:
            for message in messages:
                await self._bus.publish(USERS_SYNC, message, device=device)
                self._context.metrics.sent.labels(kind).inc()
                self._context.metrics.sent_bytes.inc(len(message.signed))
        except (Disconnected, PublishRefused) as error:  # sent again when it is due
            log.info("mirror_send_postponed", device=device, kind=kind, reason=str(error))
        except MessageTooLarge as error:
            log.error("mirror_message_too_large", device=device, kind=kind, reason=str(error))  # noqa: TRY400
