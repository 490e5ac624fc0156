"""HTTP connections: uvicorn's h11 protocol with deadlines and stricter parsing.

Where h11 is lenient, a proxy in front of a service could parse a different request than the service does (request
smuggling, RFC 9112 section 11.2). The connection rejects such requests.
"""

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, cast

import h11
from h11 import Event
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

MAX_HEAD = 16 * 1024
"""Maximum number of bytes in the request line and the headers together."""
KEEP_ALIVE_SECONDS = 75
"""Idle connections are closed after this time. It is longer than the usual 60 s of proxies. If the service closed
first, a request could be in flight and would fail (RFC 9112 section 9.5)."""
HEAD_SECONDS = 10
"""Time limit for the arrival of a request's head, and of the rest of a body after its response. It stops clients that
send very slowly."""
BODY_SECONDS = 30
"""Time for a body to arrive; the largest has 256 KiB."""
_SECONDS: Final[dict[str, Callable[[], float | None]]] = {
    "request": lambda: KEEP_ALIVE_SECONDS,
    "head": lambda: HEAD_SECONDS,
    "body": lambda: BODY_SECONDS,
    "answer": lambda: None,
}
"""The deadline for what a connection waits for."""
_CLOSE: Final = (b"connection", b"close")
_LENIENT_LINE = re.compile(rb"(?<!\r)\n|\r(?=[^\n])|\n[ \t]")
"""A bare line feed, a bare carriage return, or a folded line. h11 accepts them, some proxies do not."""


class StrictConnection(h11.Connection):
    """h11's parser for requests, with stricter rules. `refusal` is the error of the rejected request."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, MAX_HEAD)
        self.refusal: h11.RemoteProtocolError | None = None

    def next_event(self) -> Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """See `h11.Connection.next_event`. Raises RemoteProtocolError for a rejected request."""
        try:
            if self.their_state is h11.IDLE:
                _require_strict_lines(self.trailing_data[0].partition(b"\r\n\r\n")[0])
            event = super().next_event()
            if isinstance(event, h11.Request):
                _require_unambiguous(event)
        except h11.RemoteProtocolError as error:
            self.refusal = error
            raise
        return event


def _require_strict_lines(head: bytes) -> None:
    if _LENIENT_LINE.search(head):
        raise h11.RemoteProtocolError("Every header line must end with CR LF and must not be folded.")


def _require_unambiguous(request: h11.Request) -> None:
    """Raises RemoteProtocolError for a request that another server could parse differently, or that is too large."""
    headers = dict(request.headers)
    size = len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers)
    if size > MAX_HEAD:
        text = f"The request line and the headers are larger than {MAX_HEAD} bytes."
        raise h11.RemoteProtocolError(text, error_status_hint=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    if b"content-length" in headers and b"transfer-encoding" in headers:
        raise h11.RemoteProtocolError("A request must not have both Content-Length and Transfer-Encoding.")
    if request.http_version not in {b"1.0", b"1.1"}:
        raise h11.RemoteProtocolError("The HTTP version must be 1.0 or 1.1.")
    if request.method == b"CONNECT" or not request.target.startswith(b"/"):
        raise h11.RemoteProtocolError("The request target must be a path.")
    if headers.get(b"upgrade", b"").lower() == b"websocket":
        has_body = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
        if has_body or request.http_version != b"1.1":
            raise h11.RemoteProtocolError("A websocket handshake must have no body and use HTTP/1.1.")


class HttpConnection(H11Protocol):
    """One connection of a client or a proxy. It is closed after `KEEP_ALIVE_SECONDS` of idleness. It is also closed
    when a request's head, or the rest of a body after its response, does not arrive within `HEAD_SECONDS`."""

    conn: StrictConnection
    cycle: RequestResponseCycle | None  # type: ignore[assignment]  # uvicorn sets None before the first request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = StrictConnection()
        self.timeout_keep_alive = KEEP_ALIVE_SECONDS
        self._deadline: asyncio.TimerHandle | None = None
        self._waits_for = "request"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's signature
        """See `asyncio.BaseProtocol.connection_made`."""
        super().connection_made(transport)
        self._close_in(KEEP_ALIVE_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol.connection_lost`."""
        self._close_in(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            waits = "head" if self.conn.trailing_data[0] else "request"
        elif self._is_running():
            waits = "body" if self.conn.their_state is h11.SEND_BODY else "answer"
        else:
            return
        if waits != self._waits_for or waits == "request":
            self._waits_for = waits
            self._close_in(_SECONDS[waits]())

    def handle_events(self) -> None:
        """See `H11Protocol.handle_events`. The connection is closed behind the answer to a request in chunks, because
        h11 is lenient about the lines between and behind them. It is also closed if the client sends the next request
        before this one is answered: no browser or proxy does that (RFC 9112 section 9.3.2)."""
        super().handle_events()
        if not self._is_running() or _CLOSE in self.headers:
            return
        is_next_here = self.conn.their_state is h11.DONE and self.conn.trailing_data[0]
        if is_next_here or any(name == b"transfer-encoding" for name, _ in self.headers):
            self.headers.append(_CLOSE)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """See `H11Protocol.handle_websocket_upgrade`. The deadlines of HTTP end here."""
        self._close_in(None)
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """See `H11Protocol.on_response_complete`. Sets a deadline for the rest of an unread body."""
        is_body_pending = self.conn.their_state is h11.SEND_BODY
        super().on_response_complete()
        if is_body_pending:
            self._close_in(HEAD_SECONDS)

    def send_400_response(self, msg: str) -> None:
        """Answers a rejected request with the reason, unless a response has started, and closes the connection."""
        refusal = self.conn.refusal
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            status = HTTPStatus(refusal.error_status_hint if refusal else HTTPStatus.BAD_REQUEST)
            body = f"{refusal or msg}\n".encode()
            headers = [
                (b"content-type", b"text/plain; charset=utf-8"),
                (b"content-length", str(len(body)).encode()),
                (b"connection", b"close"),
            ]
            for event in (
                h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Logs nothing, because any client could fill the log. RFC 9110 section 7.8 allows ignoring an upgrade."""

    def _is_running(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _close_in(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.close)


class WebSocketConnection(WebSocketsSansIOProtocol):
    """uvicorn's websocket with an abort, because closing a connection whose client does not read would never finish. It
    also sends the reason when the websockets library rejects a handshake."""

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Handles the handshake. Adds `pulse.abort` to the scope: a function that closes the connection immediately."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            cast("dict[str, object]", self.scope)["pulse.abort"] = self.transport.abort
