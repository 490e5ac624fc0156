"""One HTTP connection: uvicorn's, on llhttp, which has no limits of its own for what stands around a body."""

from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 16 * 1024
"""Bytes of a request's line and headers, as many as h11 allows."""
MAX_FRAMING = 512 * 1024
"""Bytes around the chunks of a body, and in trailers behind it: enough for the largest body in chunks of one byte."""


class HttpConnection(HttpToolsProtocol):
    """Refuses, and closes, where a head is too large (431, RFC 6585) or a body's framing is (400). What is read at once
    (256 KiB at most) may come on top before it is noticed, and is not kept. Trailers are passed over: by RFC 9110 (6.5)
    they are no headers, and a proxy that sets headers does not look at them."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._is_in_head, self._is_head_too_large, self._beside = True, False, 0

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`."""
        self._beside += len(data)
        super().data_received(data)
        if self._beside > (MAX_HEAD if self._is_in_head else MAX_FRAMING) and not self.transport.is_closing():
            self._is_head_too_large = self._is_in_head
            self.send_400_response("the framing of the body is too large")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser for each header, and for each trailer."""
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Called by the parser. Raises ValueError, for which it stops, when they are too large."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD:
            self._is_head_too_large = True
            raise ValueError("the head is too large")
        self._is_in_head, self._beside = False, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Called by the parser for each piece of a body."""
        self._beside -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Called by the parser after a request."""
        self._is_in_head, self._beside = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Says what is wrong, and closes."""
        if not self._is_head_too_large:
            super().send_400_response(msg)
            return
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        text = f"a request's line and headers may have {MAX_HEAD} bytes at most"
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-type: text/plain\r\n"
        self.transport.write(f"{head}content-length: {len(text)}\r\n\r\n{text}".encode())
        self.transport.close()
