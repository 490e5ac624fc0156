"""Drives the delivery state machine over the bus: turns messages into events, and executes commands."""

import asyncio
from collections.abc import Sequence

import structlog

from pulse_bus.port import Bus, Delivery, Disconnected, LinkState, MessageTooLarge, PublishRefused
from pulse_contracts.message import Message
from pulse_contracts.ranges import Ranges, count
from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import BatchAck, Have, ReadingBatch, SeriesDeclared
from pulse_contracts.topics import (
    TELEMETRY_ACK,
    TELEMETRY_DATA,
    TELEMETRY_DROP,
    TELEMETRY_HAVE,
    TELEMETRY_HELLO,
    TELEMETRY_SERIES,
    TELEMETRY_SHARD,
    Topic,
)
from pulse_desktop.core.buffer.thread import BufferThread
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery.replay import Replay
from pulse_desktop.core.delivery.sends import Sends
from pulse_desktop.core.delivery.signals import (
    AckReceived,
    BatchTooLarge,
    Command,
    Connected,
    ConnectionLost,
    DeclareLoss,
    DeclareSeries,
    Event,
    HaveReceived,
    Quarantined,
    QuarantineReading,
    RaiseOrd,
    ReadingsLost,
    Restored,
    RestoreKept,
    SendBatch,
    SendHello,
    SeriesChanged,
    Settle,
    ShardRefused,
    Tick,
)
from pulse_desktop.core.model import BlockUnreadable, SeriesTable, Settlement, Slice, StoreFailure

log = structlog.get_logger("pulse.desktop.link")

_INBOX = 1_000
_CONTROL = 200
_AT_ONCE = 200
"""Maximum number of events handled together, so that a burst of acks needs one commit."""
_RESTORED_AT_ONCE = 50_000
"""Readings that one transaction makes unsettled again."""
_SERIES_PER_PART = 300
"""Series in one part of the declaration: small enough for most brokers. Halved when a broker rejects a part."""


class Link:
    """The delivery of one device. `refused`: why the broker rejects messages; empty after it accepted one. `sends`: the
    newest batches."""

    def __init__(self, bus: Bus, device: str, buffer: BufferThread, replay: Replay, clock: Clock) -> None:
        self._bus, self._device, self._buffer, self._replay, self._clock = bus, device, buffer, replay, clock
        self._table: SeriesTable = buffer.table
        self._inbox: asyncio.Queue[Event] = asyncio.Queue(_INBOX)
        self._control: asyncio.Queue[DeclareSeries | SendHello | DeclareLoss] = asyncio.Queue(_CONTROL)
        self._connects = 0
        self._part = _SERIES_PER_PART
        self._is_idle = asyncio.Event()
        self.refused = ""
        self.sends = Sends()

    @property
    def is_open(self) -> bool:
        """Whether the gateway has answered on this connection, so that readings are sent."""
        return self._replay.is_open and self._bus.state is LinkState.CONNECTED

    async def post(self, event: Event) -> None:
        """Passes an event to the machine; waits while its queue is full."""
        self._is_idle.clear()
        await self._inbox.put(event)

    async def use_series(self, table: SeriesTable) -> None:
        """Replaces the series table."""
        self._table = table
        await self._inbox.put(SeriesChanged(series_digest(table)))

    async def wait_delivered(self) -> None:
        """Returns when everything is delivered, or immediately if there is no connection."""
        if self.is_open:
            await self._is_idle.wait()

    async def run(self) -> None:
        """Runs until cancelled."""
        have = await self._bus.subscribe(TELEMETRY_HAVE, self._on_have, device=self._device)
        ack = await self._bus.subscribe(TELEMETRY_ACK, self._on_ack, device=self._device)
        self._bus.on_connected(self._on_connected)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._publish_control())
                await self._pump(group)
        finally:
            await have.cancel()
            await ack.cancel()

    async def _on_connected(self) -> None:
        self._connects += 1
        await self._inbox.put(Connected(f"{self._replay.epoch.id:016x}-{self._connects}"))

    async def _on_have(self, delivery: Delivery[Have]) -> None:
        await self._inbox.put(HaveReceived(delivery.message))

    async def _on_ack(self, delivery: Delivery[BatchAck]) -> None:
        await self._inbox.put(AckReceived(delivery.message))

    # -- the machine

    async def _pump(self, group: asyncio.TaskGroup) -> None:
        while True:
            events = [await self._next_event()]
            while not self._inbox.empty() and len(events) < _AT_ONCE:
                events.append(self._inbox.get_nowait())
            was_open = self._replay.is_open
            self._is_idle.clear()
            await self._handle(events, group)
            if self._inbox.empty() and not self._replay.waiting:
                self._is_idle.set()
            if self._replay.is_open != was_open:
                log.info("delivery_open" if self._replay.is_open else "delivery_closed", waiting=self._replay.waiting)

    async def _next_event(self) -> Event:
        deadline = self._replay.deadline()
        if deadline is None:
            return await self._inbox.get()
        try:
            async with asyncio.timeout(max(0.001, deadline - self._clock.monotonic())):
                return await self._inbox.get()
        except TimeoutError:
            return Tick()

    async def _handle(self, events: Sequence[Event], group: asyncio.TaskGroup) -> None:
        while events:
            now = self._clock.monotonic()
            commands = [command for event in events for command in self._replay.handle(event, now)]
            events = await self._execute(commands, group)

    async def _execute(self, commands: Sequence[Command], group: asyncio.TaskGroup) -> list[Event]:
        settlements: list[Settlement] = []
        answers: list[Event] = []
        for command in commands:
            match command:
                case Settle(settlement):
                    settlements.append(settlement)
                    self.sends.settle(settlement.epoch, settlement.ranges)
                case DeclareSeries() | SendHello() | DeclareLoss():
                    self._enqueue(command)
                case SendBatch():
                    group.create_task(self._send(command))
                case RaiseOrd(to):
                    log.warning("ord_raised", ord=to, reason="gateway_knows_newer_epoch")
                    await self._buffer.raise_ord(to)
                case QuarantineReading(epoch, seq):
                    answers += await self._quarantine(epoch, seq)
                case RestoreKept(epoch, ranges):
                    answers += await self._restore(epoch, ranges)
        if settlements and await self._buffer.settle(settlements):
            answers += [Quarantined(one.epoch, one.unconfirmed) for one in settlements if one.unconfirmed]
        return answers

    def _enqueue(self, command: DeclareSeries | SendHello | DeclareLoss) -> None:
        try:
            self._control.put_nowait(command)
        except asyncio.QueueFull:  # the machine repeats each of them until it is answered
            log.debug("control_queue_full")

    async def _quarantine(self, epoch: int, seq: int) -> list[Event]:
        log.error("reading_quarantined", epoch=epoch, seq=seq, code="unanswered")
        try:
            return [ReadingsLost(tuple(await self._buffer.quarantine(epoch, seq, "unanswered")))]
        except StoreFailure:  # the buffer logged it; the reading stays on the disk until the next start
            return []

    async def _restore(self, epoch: int, ranges: Ranges) -> list[Event]:
        """Restores in pieces, so that other work of the buffer does not wait long."""
        answers: list[Event] = []
        again = 0
        for lo, hi in ranges:
            for start in range(lo, hi, _RESTORED_AT_ONCE):
                piece = ((start, min(hi, start + _RESTORED_AT_ONCE)),)
                found = await self._buffer.restore_kept(epoch, piece)
                if found is None:  # the buffer logged why; the next hello asks again
                    return answers
                again += count(found)
                answers.append(Restored(epoch, piece, found))
        log.warning("settled_readings_missing", epoch=epoch, missing=count(ranges), offered_again=again)
        return answers

    # -- the bus

    async def _publish_control(self) -> None:
        while True:
            command = await self._control.get()
            match command:
                case DeclareSeries(session):
                    for part in declaration(self._replay.epoch.id, self._table, self._part):
                        await self._publish(TELEMETRY_SERIES, part, session)
                case SendHello(hello):
                    await self._publish(TELEMETRY_HELLO, hello, hello.session)
                case DeclareLoss(session, dropped):
                    await self._publish(TELEMETRY_DROP, dropped, session)

    async def _send(self, command: SendBatch) -> None:
        try:
            piece = await self._buffer.read(command.epoch, command.lo, command.hi)
        except BlockUnreadable as block:
            await self._drop_unreadable(block)
            return
        if piece is not None:
            sent = self._clock.micros()
            batch = as_batch(command, piece, self._replay.epoch.id, sent)
            self.sends.add(command, piece, sent)
            if command.shard is None:
                await self._publish(TELEMETRY_DATA, batch, command.session, command.lease)
            else:
                shard = str(command.shard)
                await self._publish(TELEMETRY_SHARD, batch, command.session, command.lease, shard=shard)

    async def _drop_unreadable(self, block: BlockUnreadable) -> None:
        try:
            await self._inbox.put(ReadingsLost(tuple(await self._buffer.drop_unreadable(block))))
        except StoreFailure:  # the buffer logged it; the next resend tries again
            return

    async def _publish(
        self, topic: Topic[Message], message: Message, session: str, lease: int | None = None, **levels: str
    ) -> None:
        try:
            await self._bus.publish(topic, message, device=self._device, **levels)
        except Disconnected:
            await self._inbox.put(ConnectionLost(session))
        except MessageTooLarge as error:
            log.warning("message_too_large", topic=topic.template, size=error.size, limit=error.limit)
            if lease is not None:
                await self._inbox.put(BatchTooLarge(lease))
            elif isinstance(message, SeriesDeclared):
                self._part = max(1, len(message.series) // 2)  # the next `Have` requests the declaration again
        except PublishRefused as error:
            level = log.debug if self.refused else log.warning
            level("publish_refused", topic=topic.template, error=str(error))
            self.refused = str(error)
            if topic is TELEMETRY_SHARD and lease is not None:  # the broker does not have the newer access rules yet
                await self._inbox.put(ShardRefused(session, lease))
        else:
            if self.refused:
                log.info("publish_accepted", topic=topic.template)
            self.refused = ""


def declaration(catalog: int, table: SeriesTable, per_part: int = _SERIES_PER_PART) -> list[SeriesDeclared]:
    """The declaration of a series table, in parts. An empty table has one part."""
    digest = series_digest(table)
    parts = [table[i : i + per_part] for i in range(0, len(table), per_part)] or [()]
    return [
        SeriesDeclared(catalog=catalog, digest=digest, part=i, parts=len(parts), series=list(part))
        for i, part in enumerate(parts)
    ]


def as_batch(command: SendBatch, piece: Slice, catalog: int, sent: int) -> ReadingBatch:
    """The batch message for these readings. `sent`: microseconds since 1970."""
    columns: dict[int, int] = {}
    x = [columns.setdefault(r.series, len(columns)) for r in piece.readings]
    t0 = piece.readings[0].t
    return ReadingBatch(
        epoch=piece.epoch,
        ord=command.ord,
        catalog=catalog,
        lo=piece.lo,
        lane=command.lane,
        sent=sent,
        series=list(columns),
        t0=t0,
        dt=[r.t - t0 for r in piece.readings],
        x=x,
        value=[r.value for r in piece.readings],
    )
