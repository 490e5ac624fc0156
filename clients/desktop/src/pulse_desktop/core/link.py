"""Drives the delivery machine over the bus: its events come from here, its commands are carried out here."""

import asyncio
from collections.abc import Sequence

import structlog

from pulse_bus.port import Bus, Delivery, Disconnected, LinkState, MessageTooLarge, PublishRefused
from pulse_contracts.message import Message
from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import BatchAck, Have, ReadingBatch, SeriesDeclared
from pulse_contracts.topics import (
    TELEMETRY_ACK,
    TELEMETRY_DATA,
    TELEMETRY_DROP,
    TELEMETRY_HAVE,
    TELEMETRY_HELLO,
    TELEMETRY_SERIES,
    Topic,
)
from pulse_desktop.core.buffer_thread import BufferThread
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BlockUnreadable, SeriesTable, Settlement, Slice, StoreFailure
from pulse_desktop.core.replay import Replay
from pulse_desktop.core.signals import (
    Command,
    Connected,
    Declare,
    DeclareLoss,
    Event,
    GotAck,
    GotHave,
    Kept,
    LinkLost,
    Lost,
    RaiseOrd,
    Say,
    Send,
    SetAside,
    Settle,
    TableChanged,
    Tick,
    TooLarge,
)

log = structlog.get_logger("pulse.desktop.link")

_INBOX = 1_000
_CONTROL = 200
_AT_ONCE = 200
"""Events taken together, so that a burst of acks is one commit."""
_SERIES_PER_PART = 300
"""Keeps a part of the declaration below what most brokers take; halved when one takes less."""


class Link:
    """One device's delivery. `refused`: what the broker forbids, in words, until it takes something again."""

    def __init__(self, bus: Bus, device: str, buffer: BufferThread, replay: Replay, clock: Clock) -> None:
        self._bus, self._device, self._buffer, self._replay, self._clock = bus, device, buffer, replay, clock
        self._table: SeriesTable = buffer.table
        self._inbox: asyncio.Queue[Event] = asyncio.Queue(_INBOX)
        self._control: asyncio.Queue[Declare | Say | DeclareLoss] = asyncio.Queue(_CONTROL)
        self._connects = 0
        self._part = _SERIES_PER_PART
        self._is_idle = asyncio.Event()
        self.refused = ""

    @property
    def is_open(self) -> bool:
        """Whether the gateway answered on this connection, so that readings go out."""
        return self._replay.is_open and self._bus.state is LinkState.CONNECTED

    async def tell(self, event: Event) -> None:
        """Hands an event to the machine; waits while it has too many."""
        self._is_idle.clear()
        await self._inbox.put(event)

    async def use(self, table: SeriesTable) -> None:
        """The series table is this now."""
        self._table = table
        await self._inbox.put(TableChanged(series_digest(table)))

    async def wait_delivered(self) -> None:
        """Returns when nothing waits, or when it cannot be delivered now."""
        if self.is_open:
            await self._is_idle.wait()

    async def run(self) -> None:
        """Until cancelled."""
        have = await self._bus.subscribe(TELEMETRY_HAVE, self._on_have, device=self._device)
        ack = await self._bus.subscribe(TELEMETRY_ACK, self._on_ack, device=self._device)
        self._bus.on_connected(self._on_connected)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._say())
                await self._pump(group)
        finally:
            await have.cancel()
            await ack.cancel()

    async def _on_connected(self) -> None:
        self._connects += 1
        await self._inbox.put(Connected(f"{self._replay.life.epoch:016x}-{self._connects}"))

    async def _on_have(self, delivery: Delivery[Have]) -> None:
        await self._inbox.put(GotHave(delivery.message))

    async def _on_ack(self, delivery: Delivery[BatchAck]) -> None:
        await self._inbox.put(GotAck(delivery.message))

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
                case Declare() | Say() | DeclareLoss():
                    self._enqueue(command)
                case Send():
                    group.create_task(self._send(command))
                case RaiseOrd(to):
                    log.warning("order_raised", to=to, why="the gateway knows a life that counts as newer")
                    await self._buffer.raise_ord(to)
                case SetAside(epoch, seq):
                    answers += await self._set_aside(epoch, seq)
        if settlements and await self._buffer.settle(settlements):
            answers += [Kept(settled.epoch, settled.told) for settled in settlements if settled.told]
        return answers

    def _enqueue(self, command: Declare | Say | DeclareLoss) -> None:
        try:
            self._control.put_nowait(command)
        except asyncio.QueueFull:  # each of them is said again until it is answered
            log.debug("control_queue_full")

    async def _set_aside(self, epoch: int, seq: int) -> list[Event]:
        log.error("reading_quarantined", epoch=epoch, seq=seq, code="unanswered")
        try:
            return [Lost(tuple(await self._buffer.set_aside(epoch, seq, "unanswered")))]
        except StoreFailure:  # logged by the buffer; the reading stays on the disk for the next start
            return []

    # -- the bus

    async def _say(self) -> None:
        while True:
            command = await self._control.get()
            match command:
                case Declare(session):
                    for part in declaration(self._replay.life.epoch, self._table, self._part):
                        await self._publish(TELEMETRY_SERIES, part, session)
                case Say(hello):
                    await self._publish(TELEMETRY_HELLO, hello, hello.session)
                case DeclareLoss(session, dropped):
                    await self._publish(TELEMETRY_DROP, dropped, session)

    async def _send(self, command: Send) -> None:
        try:
            piece = await self._buffer.read(command.epoch, command.lo, command.hi)
        except BlockUnreadable as unreadable:
            await self._give_up(unreadable)
            return
        if piece is not None:
            batch = as_batch(command, piece, self._replay.life.epoch, self._clock.micros())
            await self._publish(TELEMETRY_DATA, batch, command.session, command.lease)

    async def _give_up(self, unreadable: BlockUnreadable) -> None:
        try:
            await self._inbox.put(Lost(tuple(await self._buffer.give_up(unreadable))))
        except StoreFailure:  # logged by the buffer; tried again with the next resend
            return

    async def _publish(self, topic: Topic[Message], message: Message, session: str, lease: int | None = None) -> None:
        try:
            await self._bus.publish(topic, message, device=self._device)
        except Disconnected:
            await self._inbox.put(LinkLost(session))
        except MessageTooLarge as error:
            log.warning("message_too_large", topic=topic.template, size=error.size, limit=error.limit)
            if lease is not None:
                await self._inbox.put(TooLarge(lease))
            elif isinstance(message, SeriesDeclared):
                self._part = max(1, len(message.series) // 2)  # the next have asks for it again
        except PublishRefused as error:
            level = log.debug if self.refused else log.warning
            level("publish_refused", detail=str(error))
            self.refused = str(error)
        else:
            self.refused = ""


def declaration(catalog: int, table: SeriesTable, per_part: int = _SERIES_PER_PART) -> list[SeriesDeclared]:
    """Every part of the declaration of a table; at least one, also for an empty table."""
    digest = series_digest(table)
    parts = [table[i : i + per_part] for i in range(0, len(table), per_part)] or [()]
    return [
        SeriesDeclared(catalog=catalog, digest=digest, part=i, parts=len(parts), series=list(part))
        for i, part in enumerate(parts)
    ]


def as_batch(command: Send, piece: Slice, catalog: int, sent: int) -> ReadingBatch:
    """The message that carries these readings."""
    places: dict[int, int] = {}
    x = [places.setdefault(r.series, len(places)) for r in piece.readings]
    t0 = piece.readings[0].t
    return ReadingBatch(
        epoch=piece.epoch,
        ord=command.ord,
        catalog=catalog,
        lo=piece.lo,
        lane=command.lane,
        sent=sent,
        series=list(places),
        t0=t0,
        dt=[r.t - t0 for r in piece.readings],
        x=x,
        value=[r.value for r in piece.readings],
    )
