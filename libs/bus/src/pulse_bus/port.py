"""The port: what a bus promises, whichever broker carries it, and the ways in which a handler or a publish can end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, Protocol, TypeVar

from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import Topic

M = TypeVar("M", bound=Message)
R = TypeVar("R")


class Reject(Exception):  # it is what a handler says, not an error of the bus
    """This message can never succeed: quarantine it with `code` and `detail`, and acknowledge it."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


class Disconnected(Unavailable):
    """There is no connection to the broker, or it went away before the broker confirmed."""


class PublishRefused(Exception):  # the broker's answer
    """The broker answered the publish with a failure (MQTT 5 PUBACK reason code >= 0x80), e.g. 0x87 not authorized."""

    def __init__(self, address: str, code: int, name: str) -> None:
        super().__init__(f"{address}: the broker refused it: 0x{code:02x} {name}")
        self.address, self.code = address, code


class MessageTooLarge(Exception):  # the sender has to split it
    """Larger than the broker's maximum packet size: split it before sending (a broker would cut the connection)."""

    def __init__(self, address: str, size: int, limit: int) -> None:
        super().__init__(f"{address}: {size} bytes, the broker takes {limit}")
        self.size, self.limit = size, limit


class Delivery(NamedTuple, Generic[R]):
    """One message as it came, read: `levels` are the topic's variable levels (the authority on who sent it), `received`
    the time of arrival in microseconds, `size` the payload's bytes, `is_retained` whether it was kept by the broker."""

    topic: Topic[Message]
    levels: Mapping[str, str]
    message: R
    received: int
    size: int
    is_retained: bool = False


Handler = Callable[[Delivery[M]], Awaitable[None]]
"""Ends in one of four ways. Returns: the work is committed, the broker is acknowledged. Raises `Reject`: quarantined
and acknowledged. Raises `Unavailable`: retried with back-off for as long as it takes, the broker holds the rest.
Anything else is our bug: a bounded number of retries, then quarantine and an error in the log."""

GroupReader = Callable[[Sequence[bytes]], Sequence[R | Exception]]
"""Reads payloads that arrived together. One answer for each, in their order: what it says, or why it is unreadable (a
ValueError, such as pydantic's ValidationError, or a RecursionError)."""

GroupHandler = Callable[[Sequence[Delivery[R]]], Awaitable[Sequence[Exception | None]]]
"""Takes what has arrived together. One outcome for each delivery, in their order: None, or what a `Handler` would have
raised for it. What it raises itself is the outcome of all of them; our bug is then looked for one by one."""


@dataclass(frozen=True)
class Quarantined:
    """A message that nobody could use: where it came, why it failed, and its first 64 KiB."""

    address: str
    payload: bytes
    code: str
    detail: str
    received: int


Quarantine = Callable[[Quarantined], Awaitable[None]]


class LinkState(Enum):
    """Where the connection to the broker stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"
    REFUSED = "refused"
    CLOSED = "closed"


class Subscription(Protocol):
    """A standing wish for messages; survives reconnects."""

    async def cancel(self) -> None:
        """No more deliveries after this returns."""


class Bus(Protocol):
    """Publish and consume typed topics. `run` owns the connection and the handlers; the rest may be called before,
    during and after it."""

    @property
    def state(self) -> LinkState:
        """Where the connection stands."""

    @property
    def detail(self) -> str:
        """Why it stands there: the last failure in words, empty when connected."""

    async def wait_connected(self) -> None:
        """Returns when connected and every subscription has been granted."""

    def on_connected(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Calls back after each connect, when every subscription has been granted. May publish."""

    async def subscribe(
        self, topic: Topic[M], handler: Handler[M], *, shared: bool = False, concurrency: int = 1, **levels: str
    ) -> Subscription:
        """Deliver `topic` to `handler`, narrowed to `levels` if given. With `concurrency` 1 messages are handled one
        by one in the order in which they came; else that many at a time. `shared` divides them among the members of
        the topic's share group."""

    async def subscribe_groups(
        self, topic: Topic[M], handler: GroupHandler[R], read: GroupReader[R], *, shared: bool = False, **levels: str
    ) -> Subscription:
        """As `subscribe`, but messages that arrived together are read (`read_each` for one by one) and handed over
        together, and several groups may be in work at a time: the broker's receive maximum bounds them all. There is
        no order."""

    async def publish(self, topic: Topic[M], message: M, **levels: str) -> None:
        """Returns when the broker has taken it (QoS 1: PUBACK). Raises Disconnected, PublishRefused, MessageTooLarge.
        A broker that took a message can still lose it: only an answer from the application proves more."""

    async def run(self) -> None:
        """Connects, stays connected, runs the handlers; returns after `drain`."""

    async def drain(self) -> None:
        """Takes nothing new, lets running handlers finish and be acknowledged, then closes."""
