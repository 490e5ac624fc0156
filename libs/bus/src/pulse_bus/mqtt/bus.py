"""The typed bus over an MQTT 5 broker. See `pulse_bus.mqtt`."""

import asyncio
import contextlib
import functools
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar, cast

import aiomqtt
import structlog
from paho.mqtt.client import MQTT_ERR_SUCCESS

from pulse_bus.handling import GroupHandling, Handling, Incoming, log_quarantine, require_retained
from pulse_bus.mqtt.connection import (
    Connection,
    Receipt,
    capture_connack,
    make_client,
    publish_properties,
    subscribe_options,
)
from pulse_bus.mqtt.failures import Drained, SubscribeRefused, first_error, is_refusal, reason
from pulse_bus.mqtt.settings import MqttSettings
from pulse_bus.mqtt.subscriptions import Item, MqttDividedSubscription, MqttSubscription, Routes, note_refusals
from pulse_bus.mqtt.watched_sockets import watch_open_sockets_only
from pulse_bus.mqtt.wire import Publish, install_wires, publish_head, publish_packet
from pulse_bus.port import (
    Disconnected,
    GroupHandler,
    GroupReader,
    Handler,
    LinkState,
    MessageTooLarge,
    PublishRefused,
    Quarantine,
)
from pulse_bus.reconnect import Reconnect, ReconnectPolicy
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

log = structlog.get_logger("pulse.bus")
M = TypeVar("M", bound=Message)
R = TypeVar("R")

_PACKET_OVERHEAD = 512
"""Upper bound of the bytes in a PUBLISH besides the payload: fixed header, topic, packet id and properties."""


class MqttBus:
    """`Bus` over MQTT 5. `clock` returns microseconds since 1970."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        clock: Callable[[], int],
        rng: random.Random,
        quarantine: Quarantine = log_quarantine,
        policy: ReconnectPolicy = ReconnectPolicy(),  # noqa: B008  # frozen
    ) -> None:
        self._settings, self._clock, self._rng, self._quarantine = settings, clock, rng, quarantine
        self._reconnect = Reconnect(policy, rng)
        self._routes = Routes(settings.prefix)
        self._callbacks: list[Callable[[], Awaitable[None]]] = []
        self._connection: Connection | None = None
        self.qos0_dropped = 0
        """Messages of QoS 0 that were dropped since the process started."""
        self._connected = asyncio.Event()
        self._draining = asyncio.Event()
        settings.host_and_port  # noqa: B018  # an invalid url fails here, not at the first connect

    @property
    def state(self) -> LinkState:
        """State of the connection."""
        return self._reconnect.state

    @property
    def detail(self) -> str:
        """The last failure in words. Empty when connected."""
        return self._reconnect.detail

    @property
    def is_unstable(self) -> bool:
        """See `Bus.is_unstable`."""
        return self._reconnect.is_unstable(asyncio.get_running_loop().time())

    @property
    def short_connections(self) -> int:
        """Connections that ended within five seconds, since the process started."""
        return self._reconnect.short_connections

    @property
    def max_payload(self) -> int | None:
        """Largest payload in bytes that the broker accepts. None: no limit, or no connection."""
        limit = self._connection.limit if self._connection else None
        return None if limit is None else limit - _PACKET_OVERHEAD

    @property
    def in_flight(self) -> int:
        """Messages that were received and are not acknowledged. ReceiveMaximum bounds those of QoS 1."""
        return self._connection.in_flight if self._connection else 0

    @property
    def unsent_bytes(self) -> int:
        """Bytes that wait to be sent to the broker. `publish_buffer_max` bounds them."""
        return self._connection.wire.unsent if self._connection else 0

    async def wait_connected(self) -> None:
        """Returns once the bus is connected and the broker has granted every subscription."""
        await self._connected.wait()

    def on_connected(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Registers a callback for each connect."""
        self._callbacks.append(callback)

    async def subscribe(
        self,
        topic: Topic[M],
        handler: Handler[M],
        *,
        shared: bool = False,
        concurrency: int = 1,
        optional: bool = False,
        **levels: str,
    ) -> MqttSubscription:
        """See `Bus.subscribe`. Raises ValueError for a shared subscription to a topic without a share group."""
        handling = Handling(topic, self._quarantine, self._rng, handler)
        return await self._add(handling, shared, concurrency, levels, optional)

    async def subscribe_groups(
        self, topic: Topic[M], handler: GroupHandler[R], read: GroupReader[R], *, shared: bool = False, **levels: str
    ) -> MqttSubscription:
        """See `Bus.subscribe_groups`. Raises ValueError like `subscribe`."""
        return await self._add(GroupHandling(topic, self._quarantine, self._rng, handler, read), shared, 0, levels)

    async def _add(
        self,
        handling: Handling[M] | GroupHandling[M, R],
        shared: bool,  # noqa: FBT001  # from the keyword of the two above
        concurrency: int,
        levels: Mapping[str, str],
        optional: bool = False,  # noqa: FBT001, FBT002  # as the port declares it
    ) -> MqttSubscription:
        topic = handling.topic
        pattern = f"{self._settings.prefix}/{topic.filter(**levels)}"
        if shared:
            if topic.share is None:
                raise ValueError(f"{topic.template} has no share group")
            pattern = f"$share/{topic.share}/{pattern}"
        # Handling is invariant in its message, and entries of all messages share a list.
        any_message = cast("Handling[Message]", handling)
        entry = MqttSubscription((pattern,), dict(levels), any_message, concurrency, self, optional=optional)
        await self._start(entry)
        return entry

    async def subscribe_divided(
        self, topic: Topic[M], handler: GroupHandler[R], read: GroupReader[R], *, level: str, values: Sequence[str]
    ) -> MqttDividedSubscription:
        """See `Bus.subscribe_divided`."""
        handling = GroupHandling(topic, self._quarantine, self._rng, handler, read)
        by_value = {value: f"{self._settings.prefix}/{topic.filter(**{level: value})}" for value in values}
        others = tuple(by_value.values())
        entry = MqttDividedSubscription((), {}, handling, 0, self, others, by_value=by_value)  # type: ignore[arg-type]
        await self._start(entry)
        return entry

    async def _start(self, entry: MqttSubscription) -> None:
        self._routes.add(entry)
        connection = self._connection
        if connection is not None:  # `_serve` grants only the subscriptions that existed when the bus connected
            self._start_worker(connection, entry)
            try:
                await self._grant(connection, [entry])
            except aiomqtt.MqttError as error:
                log.debug("subscribe_postponed", topic=entry.handling.topic.template, reason=str(error))

    async def change_filters(self, entry: MqttSubscription, added: Sequence[str], removed: Sequence[str]) -> bool:
        """See `Owner.change_filters`. Without a connection, the next one uses the new filters."""
        connection = self._connection
        if connection is None or not connection.is_open:
            return False
        try:
            if removed:
                await connection.client.unsubscribe(list(removed))
            if added:
                refused = await self._ask(connection, dict.fromkeys(added, entry.handling.topic))
                note_refusals([entry], refused)
        except aiomqtt.MqttError as error:
            log.debug("subscribe_postponed", topic=entry.handling.topic.template, reason=str(error))
            return False
        return self._connected.is_set()

    async def unsubscribe(self, entry: MqttSubscription) -> None:
        """See `Subscription.cancel`."""
        if entry not in self._routes.subscriptions:
            return
        self._routes.remove(entry)
        entry.is_cancelled = True
        entry.queue.put_nowait(None)
        connection = self._connection
        used = {pattern for other in self._routes.subscriptions for pattern in other.filters}
        unused = [pattern for pattern in entry.filters if pattern not in used]
        if connection is not None and unused:
            with contextlib.suppress(aiomqtt.MqttError):
                await connection.client.unsubscribe(unused)

    async def publish(self, topic: Topic[M], message: M, **levels: str) -> None:
        """See `Bus.publish`."""
        await self._publish(topic, topic.address(**levels), message.model_dump_json().encode())

    async def clear(self, topic: Topic[M], **levels: str) -> None:
        """See `Bus.clear`."""
        require_retained(topic)
        await self._publish(topic, topic.address(**levels), b"")

    async def _publish(self, topic: Topic[M], address: str, payload: bytes) -> None:
        connection = self._connection
        if connection is None or not connection.is_open:
            raise Disconnected(self.detail or "not connected")
        if connection.limit is not None and len(payload) + _PACKET_OVERHEAD > connection.limit:
            raise MessageTooLarge(address, len(payload), connection.limit - _PACKET_OVERHEAD)
        if topic.qos == 0:
            head = _publish_head(f"{self._settings.prefix}/{address}", topic.message.content_type)
            connection.wire.write(publish_packet(head, payload, retain=topic.retain))
            return
        async with connection.window:
            if not connection.is_open:
                raise Disconnected(self.detail or "not connected")
            mid = self._send(connection, topic, address, payload)
            puback: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            connection.pending[mid] = puback
            try:
                async with asyncio.timeout(self._settings.publish_timeout.total_seconds()):
                    code = await puback
            except TimeoutError as error:
                raise Disconnected(f"{address}: no PUBACK within {self._settings.publish_timeout}") from error
            finally:
                connection.pending.pop(mid, None)
        if code >= 0x80:
            raise PublishRefused(address, code, reason(code))

    def _send(self, connection: Connection, topic: Topic[M], address: str, payload: bytes) -> int:
        properties = publish_properties(topic.message.content_type)
        info = connection.paho.publish(
            f"{self._settings.prefix}/{address}", payload, topic.qos, topic.retain, properties
        )
        if info.rc != MQTT_ERR_SUCCESS:
            raise Disconnected(f"{address}: not sent (paho code {info.rc})")
        return info.mid

    async def run(self) -> None:
        """Connects, reconnects when needed, and runs the handlers. Returns after `drain`."""
        while not self._draining.is_set():
            self._reconnect.retrying()
            delay = 0.0
            try:
                await self._connect_and_serve()
            except* Drained:
                log.debug("bus_drained")
            except* (aiomqtt.MqttError, OSError, SubscribeRefused) as group:
                delay = self._lost(first_error(group))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._draining.wait()
        self._reconnect.closed()

    def _lost(self, error: BaseException) -> float:
        """Records and logs that the connection failed or ended. Returns the seconds to wait."""
        was_unstable, now = self.is_unstable, asyncio.get_running_loop().time()
        detail = str(error.__cause__ or error) or type(error).__name__
        delay = self._reconnect.lost(detail, now, is_refusal=is_refusal(error))
        write = log.warning if self._reconnect.is_first_failure else log.debug
        write("broker_connection_failed", state=self._reconnect.state.value, reason=detail)
        if self.is_unstable and not was_unstable:
            hint = "Does another process use the same client id? Each process needs its own."
            log.error("broker_connection_unstable", client_id=self._settings.client_id, reason=detail, hint=hint)
        return delay

    async def drain(self) -> None:
        """See `Bus.drain`."""
        self._draining.set()

    async def _connect_and_serve(self) -> None:
        settings = self._settings
        client = make_client(settings)
        granted = capture_connack(client)
        wires = install_wires(client, asyncio.get_running_loop(), settings.publish_buffer_max)
        watch_open_sockets_only(client, wires)
        async with client, asyncio.TaskGroup() as group:
            connection = Connection(client, group, settings.publish_window, wires[-1])
            connection.limit = getattr(granted[0], "MaximumPacketSize", None) if granted else None
            if granted and getattr(granted[0], "SharedSubscriptionAvailable", 1) == 0:
                raise SubscribeRefused("the broker does not support shared subscriptions")
            try:
                await self._serve(connection, group)
            finally:
                self._connected.clear()
                self._connection = None
                connection.close()

    async def _serve(self, connection: Connection, group: asyncio.TaskGroup) -> None:
        for entry in self._routes.subscriptions:
            self._start_worker(connection, entry)
        watch = group.create_task(self._watch(connection))
        self._connection = connection
        connection.wire.deliver_to(lambda messages: self._receive(connection, messages))
        await self._grant(connection, self._routes.subscriptions)
        self._reconnect.connected(asyncio.get_running_loop().time())
        self._connected.set()
        log.info("broker_connected", client_id=self._settings.client_id)
        for callback in self._callbacks:
            group.create_task(self._call(callback))
        await self._draining.wait()
        watch.cancel()
        await connection.is_idle.wait()
        raise Drained

    async def _call(self, callback: Callable[[], Awaitable[None]]) -> None:
        try:
            await callback()
        except Disconnected as error:
            log.debug("connect_callback_failed", reason=str(error))

    async def _grant(self, connection: Connection, entries: list[MqttSubscription]) -> None:
        others = [pattern for entry in entries for pattern in entry.others]
        if others and self._settings.session_expiry:
            await connection.client.unsubscribe(others)
        topics = {pattern: entry.handling.topic for entry in entries for pattern in entry.filters}
        note_refusals(entries, await self._ask(connection, topics))

    async def _ask(self, connection: Connection, topics: Mapping[str, Topic[Message]]) -> dict[str, int]:
        """Asks the broker for filters. Returns the reason codes of those that it refused."""
        if not topics:
            return {}
        wanted = [(name, subscribe_options(topic.qos, is_retained=topic.retain)) for name, topic in topics.items()]
        codes = await connection.client.subscribe(wanted)
        values = [code if isinstance(code, int) else code.value for code in codes]
        return {name: value for name, value in zip(topics, values, strict=True) if value >= 0x80}

    async def _watch(self, connection: Connection) -> None:
        """Raises MqttError when the connection ends. The wire delivers messages of QoS 0 and 1; others are ignored."""
        async for _ in connection.client.messages:
            log.debug("qos2_message_ignored")

    def _receive(self, connection: Connection, messages: list[Publish]) -> None:
        """Hands over the messages of one read from the socket. While draining it ignores them, so that they stay
        unacknowledged in the broker."""
        if self._draining.is_set():
            return
        received = self._clock()
        groups: dict[int, tuple[MqttSubscription, list[Item]]] = {}
        for message in messages:
            if message.qos == 0 and connection.held > self._settings.unacknowledged_bytes_max:
                self._count_dropped()
                continue
            address, routes = self._routes.find(message.topic)
            ack = Receipt(connection, message, len(routes))
            for entry, levels in routes:
                item = (Incoming(address, levels, message.payload, received, message.is_retained), ack)
                if isinstance(entry.handling, GroupHandling):
                    groups.setdefault(id(entry), (entry, []))[1].append(item)
                elif entry.concurrency == 1:
                    entry.queue.put_nowait(item)  # bounded by ReceiveMaximum (QoS 1) and by the drop above (QoS 0)
                else:
                    connection.group.create_task(self._settle(entry.handling, *item))
        for entry, items in groups.values():
            if isinstance(entry.handling, GroupHandling):
                connection.group.create_task(entry.handling.settle(items))

    def _count_dropped(self) -> None:
        """Counts a dropped message. QoS 0 has no back-pressure: messages that arrive faster than they are handled must
        be dropped."""
        self.qos0_dropped += 1
        if self.qos0_dropped & (self.qos0_dropped - 1) == 0:  # logs the first, second, fourth, eighth, …
            log.warning("qos0_messages_dropped", total=self.qos0_dropped)

    def _start_worker(self, connection: Connection, entry: MqttSubscription) -> None:
        if entry.concurrency == 1:
            entry.queue = asyncio.Queue()  # created here, because a message may arrive before the task runs
            connection.group.create_task(self._work(connection, entry))

    async def _work(self, connection: Connection, entry: MqttSubscription) -> None:
        queue = entry.queue
        while connection.is_open and (item := await queue.get()) is not None:
            incoming, ack = item
            if entry.is_cancelled:
                ack()
            elif isinstance(entry.handling, Handling):
                await self._settle(entry.handling, incoming, ack)

    async def _settle(self, handling: Handling[Message], incoming: Incoming, ack: Callable[[], None]) -> None:
        await handling.settle(incoming)
        ack()


_publish_head = functools.lru_cache(maxsize=10_000)(publish_head)
