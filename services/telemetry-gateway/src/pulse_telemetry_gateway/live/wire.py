"""One websocket below Socket.IO. A frame is sent as text that was encoded once for many sockets, and its
acknowledgement is handled here. Socket.IO would encode each frame again and start a task for each acknowledgement."""

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pulse_contracts.live import NAMESPACE

_KEY: Final = "pulse.wire"
_EVENT: Final = f"42{NAMESPACE},"
_ACK: Final = f"43{NAMESPACE},"
"""Engine.IO message (4), Socket.IO event (2) or acknowledgement (3), namespace; then the number to acknowledge."""
_PACKETS: Final = frozenset("123456")
"""The Engine.IO packets that a browser may send."""
_AT_ONCE: Final = 2
WINDOW: Final = 65_536
"""Most unacknowledged bytes: what a transport buffers before a sender has to wait. A single frame may be larger."""


class Wire:
    """One websocket. At most two frames and `WINDOW` bytes are in flight, so sending never waits for a slow client."""

    def __init__(self, receive: Receive, send: Send, abort: Callable[[], None]) -> None:
        self._receive, self._send, self._abort = receive, send, abort
        self._in_flight: dict[int, int] = {}
        self.bytes_in_flight = 0
        self.acknowledged_at = 0.0
        """When it last acknowledged a frame, or was sent one while none was unacknowledged. Time of the event loop."""
        self.is_open = True
        self.is_answered = True
        """False until Socket.IO has sent the answer to a subscription. Frames follow it."""
        self.on_room: Callable[[], None] = lambda: None
        self._expects_answer = False

    @classmethod
    def of(cls, scope: Scope) -> "Wire":
        """The wire of a connection that came through `wired`."""
        wire: Wire = scope[_KEY]
        return wire

    @property
    def owes(self) -> bool:
        """Whether a frame is unacknowledged."""
        return bool(self._in_flight)

    def has_room(self, size: int) -> bool:
        """Whether a frame of `size` bytes may be sent now."""
        if not self.is_open or not self.is_answered:
            return False
        return not self._in_flight or (len(self._in_flight) < _AT_ONCE and self.bytes_in_flight + size <= WINDOW)

    def await_answer(self) -> None:
        """Holds frames back until Socket.IO has answered the current event, if the client asked for an answer."""
        self.is_answered = not self._expects_answer

    async def send_frame(self, number: int, text: str) -> None:
        """Sends a frame that the browser acknowledges by its number. Call only when `has_room`."""
        if not self._in_flight:
            self.acknowledged_at = asyncio.get_running_loop().time()
        self._in_flight[number] = len(text)
        self.bytes_in_flight += len(text)
        if not await self._at_once({"type": "websocket.send", "text": text}):
            self.abort()  # it reconnects and resumes from its position

    async def tell(self, text: str) -> bool:
        """Sends a text without acknowledgement. Returns False, and sends nothing, when it would have to wait."""
        return await self._at_once({"type": "websocket.send", "text": text})

    async def close(self, code: int) -> None:
        """Closes the connection. Aborts it when the client does not read."""
        if not await self._at_once({"type": "websocket.close", "code": code}):
            self.abort()
        self.is_open = False

    def abort(self) -> None:
        """Drops the connection and everything that is buffered."""
        self.is_open = False
        self._abort()

    async def _at_once(self, message: Message) -> bool:
        if not self.is_open:
            return True
        try:
            async with asyncio.timeout(0):  # the server only waits when its buffer is full
                await self._send(message)
        except TimeoutError:
            return False
        except (OSError, RuntimeError):  # the server raises these when the client is gone
            self.is_open = False
        return True

    async def receive(self) -> Message:
        """The next message for Socket.IO."""
        while True:
            message = await self._receive()
            text = message.get("text")
            if text is None:
                self.is_open = self.is_open and message["type"] != "websocket.disconnect"
                return message
            if text[:1] not in _PACKETS:
                await self.close(1007)  # Engine.IO would close without telling Socket.IO
                return {"type": "websocket.disconnect", "code": 1007}
            if text.startswith(_ACK):
                self._acknowledged(text)
                continue
            if text.startswith(_EVENT):
                self._expects_answer = text[len(_EVENT) : len(_EVENT) + 1].isdecimal()
            return message

    async def send(self, message: Message) -> None:
        """Sends a message of Socket.IO."""
        if not self.is_open:
            return
        self.is_open = message["type"] != "websocket.close"
        await self._send(message)
        if not self.is_answered and (message.get("text") or "").startswith(_ACK):
            self.is_answered = True
            self.on_room()

    def _acknowledged(self, text: str) -> None:
        number = text[len(_ACK) : text.find("[")]
        size = self._in_flight.pop(int(number), None) if number.isdecimal() and len(number) < 19 else None
        if size is None:
            return  # not a frame of this socket
        self.bytes_in_flight -= size
        self.acknowledged_at = asyncio.get_running_loop().time()
        self.on_room()


def wired(app: ASGIApp, on_open: Callable[[Wire], None]) -> ASGIApp:
    """The app with a `Wire` under each of its websockets. `on_open` is called with each."""

    async def under(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        wire = Wire(receive, send, scope.get("pulse.abort", lambda: None))
        on_open(wire)
        await app({**scope, _KEY: wire}, wire.receive, wire.send)

    return under
