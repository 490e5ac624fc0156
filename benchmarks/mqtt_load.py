"""A cheap load generator: prepared MQTT 5 packets, written to sockets by one thread for all devices. A real fleet does
not run on the gateway's machine, so the generator must use as little of the cores as possible."""

import json
import selectors
import socket
from dataclasses import dataclass, field

from pulse_contracts.topics import ROOT

_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE = 0x10, 0x30, 0x40, 0x82
_IN_FLIGHT = 90
"""Unconfirmed publishes. The broker's Receive Maximum is 100."""


def _varint(number: int) -> bytes:
    out = bytearray()
    while True:
        number, byte = number >> 7, number & 0x7F
        out.append(byte | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def _packet(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _varint(len(body)) + body


_CONTENT_TYPE = b"\x03" + _text("application/json")
_PROPERTIES = _varint(len(_CONTENT_TYPE)) + _CONTENT_TYPE


def publish_packet(topic: str, payload: bytes, number: int) -> bytes:
    """Returns a PUBLISH of QoS 1 with a content type, like a collector sends it."""
    body = _text(f"{ROOT}/{topic}") + number.to_bytes(2, "big") + _PROPERTIES + payload
    return _packet(_PUBLISH | 0x02, body)


def connect_packets(device: str, password: str) -> list[bytes]:
    """Returns a CONNECT with a clean start, a keep-alive of a minute, user name and password."""
    who = _text(device) + _text(device) + _text(password)
    return [_packet(_CONNECT, _text("MQTT") + bytes([5, 0xC2]) + (60).to_bytes(2, "big") + b"\0" + who)]


@dataclass
class Feed:
    """One device: its packets, and how many were sent, confirmed by the broker, and settled by the gateway."""

    device: str
    size: int
    window: int
    packets: list[bytes]
    socket: socket.socket
    sent: int = 0
    confirmed: int = 0
    settled: int = 0
    _rest: bytes = field(default=b"", repr=False)

    @classmethod
    def open(cls, address: tuple[str, int], device: str, password: str, size: int, window: int) -> "Feed":
        """Connects, and subscribes to the device's acknowledgements."""
        connection = socket.create_connection(address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"".join(connect_packets(device, password)))
        topic = _text(f"{ROOT}/telemetry/ack/{device}") + b"\0"
        connection.sendall(_packet(_SUBSCRIBE, (65_535).to_bytes(2, "big") + b"\0" + topic))
        return cls(device, size, window, [], connection)

    @property
    def is_done(self) -> bool:
        return self.settled >= len(self.packets) * self.size

    def push(self) -> None:
        """Sends as much as both windows allow."""
        room = min(self.window - (self.sent - self.settled // self.size), _IN_FLIGHT - (self.sent - self.confirmed))
        if room > 0 and self.sent < len(self.packets):
            part = self.packets[self.sent : self.sent + room]
            self.socket.sendall(b"".join(part))
            self.sent += len(part)

    def receive(self) -> None:
        """Counts confirmations and acknowledgements."""
        data = self._rest + self.socket.recv(65_536)
        at = 0
        while True:
            length, shift, start = 0, 0, at + 1
            while start < len(data):
                byte = data[start]
                length |= (byte & 0x7F) << shift
                shift, start = shift + 7, start + 1
                if byte < 0x80:
                    break
            else:
                break
            if start + length > len(data):
                break
            kind = data[at] & 0xF0
            if kind == _PUBACK:
                self.confirmed += 1
            elif kind == _PUBLISH:
                self._acknowledged(data[start : start + length])
            at = start + length
        self._rest = data[at:]
        self.push()

    def _acknowledged(self, body: bytes) -> None:
        settled = json.loads(body[body.index(b"{") :])["settled"]
        if settled and settled[0][0] == 0:
            self.settled = max(self.settled, settled[0][1])

    def close(self) -> None:
        self.socket.close()


def drive(feeds: list[Feed], until: str, *, seconds: float) -> None:
    """Sends and receives until the attribute `until` holds for every feed. Raises TimeoutError."""
    selector = selectors.DefaultSelector()
    for feed in feeds:
        selector.register(feed.socket, selectors.EVENT_READ, feed)
        feed.push()
    while not all(getattr(feed, until) for feed in feeds):
        ready = selector.select(seconds)
        if not ready:
            raise TimeoutError(f"no answer within {seconds} s")
        for key, _ in ready:
            key.data.receive()
    selector.close()
