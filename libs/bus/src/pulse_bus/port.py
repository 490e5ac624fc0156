"""The protocol of a bus, independent of the broker, and the errors of handlers and of `publish`."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, Protocol, TypeVar

from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

M = TypeVar("M", bound=Message)
R = TypeVar("R")


class Reject(Exception):  # a handler's answer, not an error of the bus
    """A handler raises it for a message that can never succeed. The bus quarantines the message and acknowledges it."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


class Disconnected(Unavailable):
    """There is no connection to the broker, or it ended before the broker confirmed the message."""


_FAULTS_OF_THE_MESSAGE = frozenset({0x90, 0x95, 0x99})


class PublishRefused(Exception):  # the broker's answer
    """The broker rejected a message (MQTT 5 PUBACK reason code >= 0x80), for example 0x87, not authorized."""

    def __init__(self, address: str, code: int, name: str) -> None:
        super().__init__(f"{address}: the broker rejected the message: 0x{code:02x} {name}")
        self.address, self.code = address, code

    @property
    def is_temporary(self) -> bool:
        """Whether the broker may accept the same message later, for example when it has its accounts again. Not if the
        message itself is at fault: its topic name, size or payload format (MQTT 5, 2.4)."""
        return self.code not in _FAULTS_OF_THE_MESSAGE


class TemporarilyRefused(Unavailable):
    """The broker rejected a message that it may accept later, for example when its access rules are repaired. The
    broker is reachable: this is no outage."""

    def __init__(self, refusal: PublishRefused) -> None:
        super().__init__(str(refusal))
        self.address, self.code = refusal.address, refusal.code


class MessageTooLarge(Exception):  # the sender must split it
    """The message exceeds the broker's maximum packet size. It was not sent, because a broker closes the connection for
    such a packet. The caller must split it."""

    def __init__(self, address: str, size: int, limit: int) -> None:
        super().__init__(f"{address}: the message has {size} bytes, the broker accepts {limit}")
        self.size, self.limit = size, limit


class Delivery(NamedTuple, Generic[R]):
    """One decoded message.

    levels: the variable levels of the topic. They identify the sender, because the broker's access rules enforce them.
    received: time of arrival in microseconds since 1970.
    size: bytes of the payload.
    is_retained: whether the broker had retained the message.
    """

    topic: Topic[Message]
    levels: Mapping[str, str]
    message: R
    received: int
    size: int
    is_retained: bool = False


Handler = Callable[[Delivery[M]], Awaitable[None]]
"""Handles one message and ends in one of four ways. It returns: its work is committed, and the bus acknowledges the
message. It raises `Reject`: the bus quarantines and acknowledges the message. It raises `Unavailable`: the bus retries
with back-off and without limit, and the broker holds further messages. It raises anything else: the bus retries a few
times, then quarantines the message and logs an error."""

GroupReader = Callable[[Sequence[bytes]], Sequence[R | Exception]]
"""Decodes payloads that arrived together. Returns one result for each, in the same order: the decoded message, or the
error (a ValueError such as pydantic's ValidationError, or a RecursionError)."""

GroupHandler = Callable[[Sequence[Delivery[R]]], Awaitable[Sequence[Exception | None]]]
"""Handles messages that arrived together. Returns one outcome for each delivery, in the same order: None, or the error
that a `Handler` would raise. An error that it raises itself applies to all deliveries. If that error is a bug, the bus
hands over each delivery again, one at a time."""


@dataclass(frozen=True)
class Quarantined:
    """A message that could not be processed: its topic without the prefix, the first 64 KiB of its payload, and the
    reason."""

    address: str
    payload: bytes
    code: str
    detail: str
    received: int


Quarantine = Callable[[Quarantined], Awaitable[None]]


class LinkState(Enum):
    """State of the connection to the broker."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    REFUSED = "refused"
    CLOSED = "closed"


class Subscription(Protocol):
    """A subscription. It survives reconnects."""

    @property
    def is_refused(self) -> bool:
        """Whether the broker refused it at the last connection. The next connection asks for it again."""

    async def cancel(self) -> None:
        """Ends the subscription. No delivery starts after it returns."""


class DividedSubscription(Subscription, Protocol):
    """A subscription to some values of one topic level."""

    async def keep(self, values: Collection[str]) -> bool:
        """Receives exactly these values from now on. Returns whether the broker has granted that. Otherwise the next
        call or the next connection tries again. Raises an error if the broker refuses; nothing is kept then."""


class Bus(Protocol):
    """Publishes and consumes typed topics. `run` owns the connection and the handlers. Every other method may be called
    before, during and after it."""

    @property
    def state(self) -> LinkState:
        """State of the connection."""

    @property
    def detail(self) -> str:
        """The last failure in words. Empty when connected."""

    @property
    def is_unstable(self) -> bool:
        """Whether several connections ended soon after they began, within a minute. The usual cause is another process
        with the same client id."""

    async def wait_connected(self) -> None:
        """Returns once the bus is connected and the broker has granted every subscription."""

    def on_connected(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Registers a callback for each connect. It runs after the broker has granted every subscription, and may
        publish."""

    async def subscribe(
        self,
        topic: Topic[M],
        handler: Handler[M],
        *,
        shared: bool = False,
        concurrency: int = 1,
        optional: bool = False,
        **levels: str,
    ) -> Subscription:
        """Delivers messages of `topic` to `handler`.

        levels: restricts the subscription to these values of topic levels.
        concurrency: 1 handles messages one at a time, in order of arrival. Any other value handles them concurrently.
        shared: the broker divides the messages among the members of the topic's share group.
        optional: if the broker refuses the subscription, the bus logs it and works without it. The next connection asks
        again. A refusal of any other subscription ends the connection.
        """

    async def subscribe_groups(
        self, topic: Topic[M], handler: GroupHandler[R], read: GroupReader[R], *, shared: bool = False, **levels: str
    ) -> Subscription:
        """Like `subscribe`, but decodes and handles messages in groups of those that arrived together. `read_each`
        decodes them one at a time. Several groups may be in flight; ReceiveMaximum bounds their messages. The order of
        messages is not kept."""

    async def subscribe_divided(
        self, topic: Topic[M], handler: GroupHandler[R], read: GroupReader[R], *, level: str, values: Sequence[str]
    ) -> DividedSubscription:
        """Like `subscribe_groups`, but only for those values of `level` that `DividedSubscription.keep` names. At first
        there are none. `values`: all that exist."""

    async def publish(self, topic: Topic[M], message: M, **levels: str) -> None:
        """Publishes a message. At QoS 1 it returns when the broker has confirmed the message (PUBACK). A broker can
        lose a confirmed message, so only an answer from the consumer proves delivery. Raises Disconnected,
        PublishRefused, MessageTooLarge."""

    async def clear(self, topic: Topic[M], **levels: str) -> None:
        """Deletes the retained message of `topic` at the broker. Subscribers get nothing. Raises Disconnected,
        PublishRefused, and ValueError for a topic that retains nothing."""

    async def run(self) -> None:
        """Connects, reconnects when needed, and runs the handlers. Returns after `drain`."""

    async def drain(self) -> None:
        """Stops accepting messages. `run` returns once the running handlers have finished and their messages are
        acknowledged."""
