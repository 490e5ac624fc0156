"""One connection to the broker, and details of it that aiomqtt does not expose. See `pulse_bus.mqtt`."""

import asyncio
import functools
import logging  # aiomqtt requires a logger of the standard library
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from pulse_bus.mqtt.settings import MqttSettings
from pulse_bus.mqtt.wire import Publish, Wire
from pulse_bus.port import Disconnected

if TYPE_CHECKING:
    from paho.mqtt.client import Client as PahoClient
    from paho.mqtt.reasoncodes import ReasonCode


class Connection:
    """One connection. Its handlers are cancelled when it ends, because the broker delivers their messages again."""

    def __init__(self, client: aiomqtt.Client, group: asyncio.TaskGroup, window: int, wire: Wire) -> None:
        self.client, self.group, self.wire = client, group, wire
        self.paho: PahoClient = client._client  # noqa: SLF001  # see `pulse_bus.mqtt`
        self.pending: dict[int, asyncio.Future[int]] = {}
        self.window = asyncio.Semaphore(window)
        self.limit: int | None = None
        self.is_open = True
        self.in_flight = 0
        self.held = 0
        """Bytes of the messages in flight."""
        self.is_idle = asyncio.Event()
        self.is_idle.set()
        inner = self.paho.on_publish

        def on_publish(
            paho: "PahoClient", userdata: object, mid: int, code: "ReasonCode", properties: Properties
        ) -> None:
            puback = self.pending.pop(mid, None)
            if puback is not None and not puback.done():
                puback.set_result(code.value)
            if inner is not None:
                inner(paho, userdata, mid, code, properties)  # type: ignore[call-arg]

        self.paho.on_publish = on_publish

    def begin(self, size: int) -> None:
        """Counts a message of `size` bytes as in flight."""
        self.in_flight += 1
        self.held += size
        self.is_idle.clear()

    def end(self, size: int) -> None:
        """Ends what `begin` counted."""
        self.in_flight -= 1
        self.held -= size
        if self.in_flight == 0:
            self.is_idle.set()

    def close(self) -> None:
        """Fails every publish that waits for a PUBACK."""
        self.is_open = False
        for puback in self.pending.values():
            if not puback.done():
                puback.set_exception(Disconnected("the connection ended before the broker confirmed the message"))
        self.pending.clear()


class Receipt:
    """Called once by each handler of a message. The last call acknowledges the message to the broker."""

    __slots__ = ("_connection", "_left", "_mid", "_qos", "_size")

    def __init__(self, connection: Connection, message: Publish, handlers: int) -> None:
        self._connection, self._left = connection, handlers
        self._mid, self._qos, self._size = message.mid, message.qos, len(message.payload)
        connection.begin(self._size)
        if handlers == 0:
            self._done()

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._done()

    def _done(self) -> None:
        if self._qos and self._connection.is_open:
            self._connection.wire.acknowledge(self._mid)
        self._connection.end(self._size)


def capture_connack(client: aiomqtt.Client) -> list[Properties]:
    """Returns a list that receives the properties of CONNACK, which aiomqtt does not expose."""
    granted: list[Properties] = []
    paho = client._client  # noqa: SLF001  # see `pulse_bus.mqtt`
    inner = paho.on_connect

    def on_connect(*args: Any) -> None:
        granted.append(args[4])
        if inner is not None:
            inner(*args)

    paho.on_connect = on_connect
    return granted


def _consume_end(client: aiomqtt.Client) -> None:
    """Marks the exception of the client's `_disconnected` future as retrieved. asyncio would otherwise log an error
    when the connection ends while no task reads messages. The `async with` of the client reports the failure anyway."""

    def retrieve(ended: "asyncio.Future[None]") -> None:
        if not ended.cancelled():
            ended.exception()

    client._disconnected.add_done_callback(retrieve)  # noqa: SLF001  # see `pulse_bus.mqtt`


def subscribe_options(qos: int, *, is_retained: bool) -> SubscribeOptions:
    """Returns the options of a subscription. For a topic that its contract does not retain, the broker must not send a
    retained message at each subscription (MQTT 5.0, 3.8.3.1, Retain Handling 2)."""
    handling = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if is_retained else SubscribeOptions.RETAIN_DO_NOT_SEND
    return SubscribeOptions(qos, retainHandling=handling)


@functools.cache
def publish_properties(content_type: str) -> Properties:
    """Returns the properties of a PUBLISH. Cached, because creating them costs as much as the rest of a publish. paho
    only reads them."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type
    return properties


def make_client(settings: MqttSettings) -> aiomqtt.Client:
    """Returns a client that is not connected yet, with manual acknowledgements."""
    host, port = settings.host_and_port
    connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no annotation here
    connect.ReceiveMaximum = settings.receive_maximum
    connect.SessionExpiryInterval = int(settings.session_expiry.total_seconds())
    client = aiomqtt.Client(
        host,
        port,
        username=settings.username,
        password=settings.password,
        identifier=settings.client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        tls_context=settings.tls_context(),
        clean_start=settings.session_expiry == timedelta(0),
        properties=connect,
        keepalive=int(settings.keepalive.total_seconds()),
        timeout=settings.connect_timeout.total_seconds(),
        max_inflight_messages=settings.publish_window,
        will=_last_will(settings),
        logger=logging.getLogger("pulse.bus.aiomqtt"),
    )
    client.pending_calls_threshold = 1_000
    client._client.manual_ack_set(True)  # noqa: SLF001, FBT003  # see `pulse_bus.mqtt`
    _consume_end(client)
    return client


def _last_will(settings: MqttSettings) -> aiomqtt.Will | None:
    """Returns the last will of the settings as aiomqtt expects it."""
    will = settings.will
    if will is None:
        return None
    address = f"{settings.prefix}/{will.topic.address(**will.levels)}"
    return aiomqtt.Will(address, will.message.model_dump_json().encode(), will.topic.qos, will.topic.retain)
