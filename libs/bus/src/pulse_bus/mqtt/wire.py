"""A socket wrapper for paho: it takes PUBLISH packets out of the input, and sends small packets together.

paho makes a system call for the first byte of each packet and for each byte of its length, and aiomqtt creates a task
for each message. A wire reads everything that has arrived with one call and hands over all complete PUBLISH packets at
once. It leaves the other packets (CONNACK, SUBACK, PUBACK, PINGRESP, DISCONNECT) to paho. Packet formats: MQTT 5.0,
OASIS Standard, 2.1 and 3.3.
"""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import aiomqtt

from pulse_bus.port import Disconnected

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

_READ: Final = 256 * 1024
_PIECE: Final = 16 * 1024
"""Largest TLS record (RFC 8446 §5.1)."""
_PUBLISH: Final = 0x30
_BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Publish(NamedTuple):
    """A received PUBLISH of QoS 0 or 1 without its properties. `mid` is 0 at QoS 0."""

    topic: bytes
    payload: bytes
    mid: int
    qos: int
    is_retained: bool


class Wire:
    """A socket for paho, and a direct path for the bus. Only the constructor may run outside the loop's thread."""

    def __init__(
        self, raw: "SocketLike", loop: asyncio.AbstractEventLoop, out_max: int, on_end: Callable[[], None] | None = None
    ) -> None:
        self._raw, self._loop, self._out_max, self._on_end = raw, loop, out_max, on_end
        self._rest = b""
        self._for_paho = bytearray()
        self._early: list[Publish] = []
        self._take: Callable[[list[Publish]], None] | None = None
        self._out: list[bytes] = []
        self._out_size = 0
        self._is_flush_due = False
        self._writer: int | None = None
        self._is_ended = False
        self._is_closed = False

    def deliver_to(self, take: Callable[[list[Publish]], None]) -> None:
        """Hands over messages to `take`, starting with those that have already arrived."""
        self._take = take
        early, self._early = self._early, []
        if early:
            take(early)

    @property
    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        return self._out_size

    def write(self, packet: bytes) -> None:
        """Sends one complete packet, together with other packets of the same loop iteration. Raises Disconnected when
        the connection has ended or the broker has stopped reading."""
        if self._is_closed or self._is_ended:
            raise Disconnected("the connection has ended")
        if self._out_size > self._out_max:
            raise Disconnected(f"the broker does not read: {self._out_size} bytes are unsent")
        self._append(packet)

    def acknowledge(self, mid: int) -> None:
        """Sends PUBACK with the reason code success."""
        if not self._is_closed:
            self._append(b"\x40\x02" + mid.to_bytes(2, "big"))

    # The socket interface that paho and aiomqtt use.

    def recv(self, size: int) -> bytes:
        """Returns bytes of the packets that paho handles."""
        if not self._for_paho:
            self._fill()
            if not self._for_paho:
                if self._is_ended:
                    return b""
                raise BlockingIOError
        part = bytes(self._for_paho[:size])
        del self._for_paho[:size]
        return part

    def pending(self) -> int:
        """Bytes that are already read from the kernel. aiomqtt reads until there are none."""
        return len(self._for_paho)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Accepts all bytes, so that packets are never interleaved."""
        if self._is_closed:
            raise OSError("the socket is closed")
        self._append(bytes(data))
        return len(data)

    def fileno(self) -> int:
        """See `socket.fileno`."""
        return self._raw.fileno()

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001  # signature of `socket.setblocking`
        """See `socket.setblocking`."""
        if isinstance(self._raw, socket.socket):
            self._raw.setblocking(flag)

    def close(self) -> None:
        """Sends as much as the kernel accepts, then closes the socket."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(OSError):
            if self._out:
                self._raw.send(b"".join(self._out))
        self._forget_writer()
        self._out.clear()
        self._out_size = 0
        self._raw.close()

    def _fill(self) -> None:
        try:
            data = self._raw.recv(_READ)
            if isinstance(self._raw, ssl.SSLSocket) and data:
                data = self._read_records(self._raw, data)
        except _BLOCKED:
            return
        except OSError:  # a reset ends the connection like a regular close
            self._end()
            return
        if not data:
            self._end()
            return
        messages = self._split(self._rest + data if self._rest else data)
        if not messages:
            return
        if self._take is None:
            self._early += messages
        else:
            self._take(messages)

    @staticmethod
    def _read_records(raw: ssl.SSLSocket, first: bytes) -> bytes:
        """Reads further TLS records, because one read returns at most one record of 16 KiB. Reads up to the size of a
        plain read, and always the bytes that are decrypted already, for which the event loop gets no event."""
        parts, size = [first], len(first)
        while size < _READ or raw.pending():
            try:
                part = raw.recv(_READ)
            except _BLOCKED:
                break
            if not part:  # the peer closed the connection; the next read reports it again
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def _end(self) -> None:
        self._is_ended = True
        if self._on_end is not None:
            self._on_end()

    def _split(self, data: bytes) -> list[Publish]:
        messages: list[Publish] = []
        at, end = 0, len(data)
        while at + 2 <= end:
            length, body = data[at + 1], at + 2
            if length > 127:
                length &= 127
                shift = 7
                while body < end and shift <= 21:
                    byte = data[body]
                    length |= (byte & 127) << shift
                    body, shift = body + 1, shift + 7
                    if byte < 128:
                        break
                else:
                    if shift > 21:
                        raise ConnectionError("malformed packet: its length field has more than four bytes")
                    break
            stop = body + length
            if stop > end:
                break
            head = data[at]
            if head & 0xF0 == _PUBLISH and head & 0x06 != 0x04:
                messages.append(_publish(data, head, body, stop))
            else:
                self._for_paho += data[at:stop]
            at = stop
        self._rest = data[at:]
        return messages

    def _append(self, packet: bytes) -> None:
        self._out.append(packet)
        self._out_size += len(packet)
        if not self._is_flush_due and self._writer is None:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flush_due = False
        if self._is_closed or not self._out:
            return
        data = b"".join(self._out)
        try:
            sent = self._send(data)
        except OSError:  # the next read reports the error
            self._out.clear()
            self._out_size = 0
            self._forget_writer()
            return
        self._out = [data[sent:]] if sent < len(data) else []
        self._out_size = len(data) - sent
        if self._out and self._writer is None:
            self._writer = os.dup(self._raw.fileno())  # aiomqtt registers its own writer on the original descriptor
            self._loop.add_writer(self._writer, self._flush)
        elif not self._out:
            self._forget_writer()

    def _send(self, data: bytes) -> int:
        """Sends as much as the kernel accepts and returns the number of bytes. A TLS socket accepts a whole buffer or
        none of it, and reports no progress. Small pieces therefore show that a slow broker still reads."""
        if not isinstance(self._raw, ssl.SSLSocket):
            with contextlib.suppress(*_BLOCKED):
                return self._raw.send(data)
            return 0
        sent, view = 0, memoryview(data)
        with contextlib.suppress(*_BLOCKED):
            while sent < len(data):
                sent += self._raw.send(view[sent : sent + _PIECE])
        return sent

    def _forget_writer(self) -> None:
        if self._writer is not None:
            self._loop.remove_writer(self._writer)
            os.close(self._writer)
            self._writer = None


def _publish(data: bytes, head: int, at: int, stop: int) -> Publish:
    try:
        end = at + 2 + (data[at] << 8 | data[at + 1])
        topic = data[at + 2 : end]
        qos, mid = head >> 1 & 3, 0
        if qos:
            mid = data[end] << 8 | data[end + 1]
            end += 2
        size, shift = 0, 0
        while True:
            byte = data[end]
            size |= (byte & 127) << shift
            end, shift = end + 1, shift + 7
            if byte < 128:
                break
    except IndexError as error:
        raise ConnectionError("malformed PUBLISH") from error
    if end + size > stop:
        raise ConnectionError("malformed PUBLISH")
    return Publish(topic, data[end + size : stop], mid, qos, bool(head & 1))


def publish_head(topic: str, content_type: str) -> bytes:
    """Returns the bytes between the fixed header and the payload of a PUBLISH of QoS 0."""
    kind = content_type.encode()
    properties = b"\x03" + len(kind).to_bytes(2, "big") + kind
    name = topic.encode()
    return len(name).to_bytes(2, "big") + name + bytes([len(properties)]) + properties


def publish_packet(head: bytes, payload: bytes, *, retain: bool) -> bytes:
    """Returns a complete PUBLISH of QoS 0."""
    left, length = len(head) + len(payload), bytearray()
    while True:
        left, byte = left >> 7, left & 127
        length.append(byte | 128 if left else byte)
        if not left:
            break
    return bytes([_PUBLISH | retain]) + bytes(length) + head + payload


def install_wires(client: aiomqtt.Client, loop: asyncio.AbstractEventLoop, out_max: int) -> list[Wire]:
    """Makes the client use wires as its sockets. Returns a list that receives each wire when it is created."""
    paho = client._client  # noqa: SLF001  # see `pulse_bus.mqtt`
    create_socket, wires = paho._create_socket, list[Wire]()  # noqa: SLF001  # see `pulse_bus.mqtt`

    def fail_connect() -> None:
        """aiomqtt would otherwise wait for its timeout when the connection closes before CONNACK."""
        if not client._connected.done():  # noqa: SLF001  # see `pulse_bus.mqtt`
            error = aiomqtt.MqttError("the connection ended before the broker answered")
            client._connected.set_exception(error)  # noqa: SLF001  # see `pulse_bus.mqtt`

    def create_wire() -> Wire:
        raw = create_socket()
        if isinstance(raw, socket.socket):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wires.append(Wire(raw, loop, out_max, fail_connect))
        return wires[-1]

    def wrap_tls(plain: socket.socket) -> ssl.SSLSocket:
        """Closes the socket when the handshake fails. paho's own method leaves it open."""
        if paho._ssl_context is None:  # noqa: SLF001  # see `pulse_bus.mqtt`
            raise ValueError("no TLS context")
        wrapped = paho._ssl_context.wrap_socket(  # noqa: SLF001  # see `pulse_bus.mqtt`
            plain,
            server_hostname=paho._host,  # noqa: SLF001  # see `pulse_bus.mqtt`
            do_handshake_on_connect=False,
        )
        try:
            wrapped.settimeout(paho._connect_timeout)  # noqa: SLF001  # see `pulse_bus.mqtt`
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped

    paho._ssl_wrap_socket = wrap_tls  # type: ignore[method-assign,assignment]  # noqa: SLF001  # see `pulse_bus.mqtt`
    paho._create_socket = create_wire  # type: ignore[method-assign]  # noqa: SLF001  # see `pulse_bus.mqtt`
    return wires
