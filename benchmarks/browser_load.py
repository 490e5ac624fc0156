"""Cheap simulated browsers: Socket.IO over websockets, hundreds in one thread. They read every frame, record the age of
its readings, and acknowledge it. Frames that several of them get are parsed once. Some stop reading."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_FRAME, _EVENT, _ANSWER = b"42/live,", b"42/live,[", b"43/live,"


@dataclass
class Ages:
    """Milliseconds from a reading's time to its arrival, for every reading of every live frame, while `is_counting`."""

    is_counting: bool = False
    found: list[tuple[float, int]] = field(default_factory=list)
    frames: int = 0
    conflated: int = 0
    _parsed: dict[bytes, tuple[list[tuple[int, int]], bool]] = field(default_factory=dict)

    def frame(self, number: bytes, payload: bytes) -> None:
        now = time.time() * 1e3
        parsed = self._parsed.get(number)
        if parsed is None:
            body = json.loads(payload[payload.index(b"[") :])[1]
            times: dict[int, int] = {}
            if body["lane"] == "live":
                for t in body["t"]:
                    times[t // 1_000] = times.get(t // 1_000, 0) + 1
            parsed = self._parsed[number] = list(times.items()), body["conflated"]
            if len(self._parsed) > 2_000:
                del self._parsed[next(iter(self._parsed))]
        if self.is_counting:
            self.frames += 1
            self.conflated += parsed[1]
            self.found.extend((now - t, n) for t, n in parsed[0])

    def percentile(self, share: float) -> float:
        """Percentiles over all readings, in milliseconds."""
        ordered = sorted(self.found)
        left = share * sum(n for _, n in ordered)
        for age, n in ordered:
            left -= n
            if left <= 0:
                return age
        return float("nan")


class Browser(asyncio.Protocol):
    """One socket. `subscribed` is set when the gateway has answered."""

    def __init__(self, token: str, wish: dict[str, object], ages: Ages) -> None:
        self._token, self._wish, self._ages = token, wish, ages
        self._rest = b""
        self._is_open = False
        self.subscribed = asyncio.Event()
        self.is_lost = False
        self.transport: asyncio.Transport | None = None
        self.on_event: Callable[[bytes], None] = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # create_connection returns this type
        self.transport = transport
        key = base64.b64encode(bytes(16)).decode()
        transport.write(
            (
                "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._is_open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            self._is_open, data = True, data[end + 4 :]
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1] & 0x7F, at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if size < start or size < start + length:
                break
            if data[at] & 0x0F == 1:
                self._message(data[start : start + length])
            at = start + length
        self._rest = data[at:]

    def connection_lost(self, _: Exception | None) -> None:
        self.is_lost = True

    def stop_reading(self) -> None:
        """Stops reading: the browser cannot keep up at all."""
        if self.transport is not None:
            self.transport.pause_reading()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _message(self, payload: bytes) -> None:
        if payload.startswith(_FRAME) and not payload.startswith(_EVENT):
            number = payload[len(_FRAME) : payload.index(b"[")]
            self._send(_ANSWER + number + b"[]")
            self._ages.frame(number, payload)
        elif payload == b"2":
            self._send(b"3")
        elif payload.startswith(b"0"):
            self._send(b"40/live," + json.dumps({"token": self._token}).encode())
        elif payload.startswith(b"40"):
            self._send(b"42/live,1" + json.dumps(["subscribe", self._wish]).encode())
        elif payload.startswith(_ANSWER):
            if b'"ok":true' not in payload:
                raise RuntimeError(payload.decode())
            self.subscribed.set()
        else:
            self.on_event(payload)

    def _send(self, payload: bytes) -> None:
        size = len(payload)
        head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE]) + size.to_bytes(2, "big")
        if self.transport is not None:
            self.transport.write(head + b"\0\0\0\0" + payload)  # a mask of zeros leaves the payload unchanged


async def open_browsers(port: int, tokens: list[str], wish: dict[str, object], ages: Ages) -> list[Browser]:
    """Connects and subscribes all browsers. Ten at a time sign in."""
    loop = asyncio.get_running_loop()
    opened: list[Browser] = []
    for start in range(0, len(tokens), 10):
        part = []
        for one in tokens[start : start + 10]:
            _, browser = await loop.create_connection(
                lambda one=one: Browser(one, wish, ages),  # type: ignore[misc]  # mypy cannot type a default in a lambda
                "127.0.0.1",
                port,
            )
            part.append(browser)
        async with asyncio.timeout(10):
            for browser in part:
                await browser.subscribed.wait()
        opened.extend(part)
    return opened
