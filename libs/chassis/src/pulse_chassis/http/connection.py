"""One HTTP connection: uvicorn's on llhttp, strict where llhttp is lenient, and one request at a time; and the
websocket that it may become."""

import asyncio
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

MAX_HEAD = 16 * 1024
"""Bytes of a request's line and headers."""
MAX_FRAMING = 512 * 1024
"""Bytes around the chunks of a body, in trailers behind it, and of a body that nobody reads any more: enough for the
largest body in chunks of one byte."""
KEEP_ALIVE_SECONDS = 75
"""How long a connection may rest: longer than a proxy keeps one that it does not use (60 s as a rule). Where we close
first, a request may be on its way already, and fails (RFC 9112, 9.5). With uvicorn's 5 s, nine of 240 requests that
came by way of the web server 5 s after the last one did."""
HEAD_SECONDS = 10
"""How long a head may be on its way. Whoever sends one byte a minute holds a connection no longer than others do."""
_OF_AN_UPGRADE = frozenset({b"upgrade", b"connection", b"http2-settings"})


class _Unfit(ValueError):
    """This request is refused: a parser stops for it."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class HttpConnection(HttpToolsProtocol):
    """Refuses, and closes, where a head is too large (431, RFC 6585), and what two servers can read in two ways (400):
    a proxy may stand before this one. What is read at once (256 KiB at most) may come on top of a limit before it is
    noticed, and is not kept. Trailers are passed over: they are no headers (RFC 9110, 6.5), and a proxy that sets
    headers does not look at them. Whoever sends a request before the last one is answered (which RFC 9112, 9.3.2, lets
    them, and no browser does) gets that answer, and the connection is closed behind it. Closed is one, too, on which
    nothing comes for `KEEP_ALIVE_SECONDS`, at first or after an answer, or no whole head within `HEAD_SECONDS` of its
    first byte. An upgrade to anything but a websocket is not heard, as RFC 9110 (7.8) allows."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.timeout_keep_alive = KEEP_ALIVE_SECONDS
        self._is_in_head, self._is_over, self._beside = True, False, 0
        self._unfit: _Unfit | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_head_awaited = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """See `asyncio.BaseProtocol.connection_made`."""
        super().connection_made(transport)
        self._close_in(KEEP_ALIVE_SECONDS)

    def connection_lost(self, error: Exception | None) -> None:
        """See `asyncio.BaseProtocol.connection_lost`."""
        self._close_in(None)
        super().connection_lost(error)

    def _close_in(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self.transport.close)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`."""
        if self._is_over:
            return
        self._beside += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            else:
                self._read_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._unfit or _Unfit(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received."))
        else:
            if self._is_in_head and self._beside > MAX_HEAD:
                self._refuse(_head_too_large())
            elif self._beside > MAX_FRAMING:
                self._refuse(_Unfit(HTTPStatus.BAD_REQUEST, "more stands around the body than may"))
            elif self._is_in_head and self._beside and not self._is_head_awaited and not self._is_running():
                self._is_head_awaited = True
                self._close_in(HEAD_SECONDS)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser for each header, and for each trailer. llhttp leaves blanks behind values."""
        if self._is_in_head:
            super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Called by the parser. It stops where the request is unfit."""
        try:
            self._require_fit()
        except _Unfit as unfit:
            self._unfit = unfit
            raise
        if self.parser.should_upgrade() and not self._should_upgrade():
            return  # read again, without it
        super().on_headers_complete()
        if self.expect_100_continue and not self._should_upgrade():
            self.cycle.keep_alive = False  # answered early, nobody knows whether the body still comes
        self._is_in_head, self._beside, self._is_head_awaited = False, 0, False
        self._close_in(None)
        self._unset_keepalive_if_required()

    def on_body(self, body: bytes) -> None:
        """Called by the parser for each piece of a body."""
        if not self.cycle.response_complete:
            self._beside -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Called by the parser after a request."""
        if self._is_in_head:
            return  # one that is read again
        self._is_in_head, self._beside = True, 0
        super().on_message_complete()

    def _require_fit(self) -> None:
        """Raises _Unfit."""
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD:
            raise _head_too_large()
        lengths, hosts, is_chunked = set[bytes](), 0, False
        for name, value in self.headers:
            if name == b"content-length":
                lengths.add(value)
            elif name == b"transfer-encoding":
                is_chunked = True
                if value.lower() != b"chunked":
                    raise _Unfit(HTTPStatus.BAD_REQUEST, "only chunked is a transfer encoding here")
            elif name == b"host":
                hosts += 1
        version = self.parser.get_http_version()
        if version not in {"1.0", "1.1"} or hosts > 1 or (hosts == 0 and version == "1.1"):
            raise _Unfit(HTTPStatus.BAD_REQUEST, "a request has one host and is of HTTP/1.1")
        if self._is_running():
            raise _Unfit(HTTPStatus.BAD_REQUEST, "one request at a time")
        if self.parser.should_upgrade():
            is_websocket = self._should_upgrade()
            is_unfit = is_chunked or lengths - {b"0"} or version != "1.1"
            if self.parser.get_method() == b"CONNECT" or (is_websocket and is_unfit):
                raise _Unfit(HTTPStatus.BAD_REQUEST, "no tunnels, and no websocket with a body or of HTTP/1.0")

    def _is_running(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _read_without_upgrade(self, rest: bytes) -> None:
        """llhttp takes what follows a head that asks for an upgrade for another protocol, also a body."""
        lines = [self.parser.get_method() + b" " + self.url + b" HTTP/" + self.parser.get_http_version().encode()]
        lines += [name + b": " + value for name, value in self.headers if name not in _OF_AN_UPGRADE]
        if any(name == b"connection" and b"close" in _tokens(value) for name, value in self.headers):
            lines.append(b"connection: close")
        self.parser = httptools.HttpRequestParser(self)
        self._beside = 0
        self.data_received(b"\r\n".join([*lines, b"", rest]))

    def _refuse(self, unfit: _Unfit) -> None:
        """Says what is wrong where an answer can be said, and closes."""
        self._is_over = True
        if self._is_in_head and self._is_running():
            self.cycle.keep_alive = False  # the answer that is under way goes out first
            return
        self.logger.warning("Invalid HTTP request received: %s", unfit)
        if self._is_in_head or not self.cycle.response_started:
            text = f"{unfit}\n"
            head = f"HTTP/1.1 {unfit.status.value} {unfit.status.phrase}\r\nconnection: close\r\n"
            head += f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(text)}\r\n\r\n"
            self.transport.write((head + text).encode())
        if self._is_running():
            self.cycle.disconnected = True  # nothing of its answer may follow
            self.cycle.message_event.set()
        self.transport.close()


class WebSocketConnection(WebSocketsSansIOProtocol):
    """uvicorn's, which can also be dropped (closing one whose client does not read would never end), and which says why
    the handshake was refused where it is websockets that refuses it."""

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """The handshake: what closes at once is put into the scope."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            cast("dict[str, object]", self.scope)["pulse.abort"] = self.transport.abort


def _tokens(value: bytes) -> list[bytes]:
    return [token.strip().lower() for token in value.split(b",")]


def _head_too_large() -> _Unfit:
    why = f"a request's line and headers may have {MAX_HEAD} bytes at most"
    return _Unfit(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, why)
