"""A load generator for HTTP: prepared requests, written to keep-alive connections by one thread. It is as light as
`mqtt_load`, because it shares the cores with the server."""

import selectors
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

_END = b"\r\n\r\n"
_FINE = b"HTTP/1.1 204"


class RefusedError(RuntimeError):
    """The server answered with a status other than 204."""


def request(path: str, body: bytes) -> bytes:
    """Returns the bytes of a complete POST."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@dataclass
class Connection:
    """One keep-alive connection with one request in flight, like an HTTP client."""

    socket: socket.socket
    requests: Sequence[bytes]
    answered: int = 0
    _rest: bytes = field(default=b"", repr=False)

    @classmethod
    def open(cls, port: int, requests: Sequence[bytes]) -> "Connection":
        """Connects and sends nothing yet."""
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(connection, requests)

    @property
    def is_done(self) -> bool:
        return self.answered >= len(self.requests)

    def push(self) -> None:
        """Sends the next request."""
        if not self.is_done:
            self.socket.sendall(self.requests[self.answered])

    def receive(self) -> None:
        """Handles a response without a body and sends the next request. Raises RefusedError."""
        self._rest += self.socket.recv(65_536)
        if _END not in self._rest:
            return
        if not self._rest.startswith(_FINE):
            raise RefusedError(self._rest[:300].decode(errors="replace"))
        self._rest = self._rest.split(_END, 1)[1]
        self.answered += 1
        self.push()


def post(port: int, requests: Sequence[bytes], connections: int) -> None:
    """Sends all requests over this many connections. Returns after the last response. Raises RefusedError,
    TimeoutError."""
    opened = [Connection.open(port, requests[number::connections]) for number in range(connections)]
    with selectors.DefaultSelector() as selector:
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.push()
        left = sum(not connection.is_done for connection in opened)
        while left:
            ready = selector.select(30)
            if not ready:
                raise TimeoutError("no answer within 30 s")
            for key, _ in ready:
                key.data.receive()
                left -= key.data.is_done
    for connection in opened:
        connection.socket.close()
