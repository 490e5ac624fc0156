"""A plain MQTT device with a journal of the acknowledged messages, and the checker that counts them. Both share no code
with the system: the device implements MQTT 3.1.1, and the checker reads stored batches as described in the gateway's
README."""

import asyncio
import contextlib
import ssl
import struct
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import numpy as np

from tests.resilience.checker import unpack

_CONNECT, _CONNACK, _PUBLISH, _PUBACK = 0x10, 0x20, 0x32, 0x40
_WINDOW: Final = 8
"""Maximum number of unacknowledged messages, a typical value of small devices."""
Span = tuple[float, float]
"""Start and end in seconds since 1970."""


@dataclass
class PlainDevice:
    """Publishes `{"n": 0}`, `{"n": 1}`, … at QoS 1. A message without a PUBACK is published again after a reconnect.
    The journal has a line `number time` for each acknowledged message."""

    name: str
    password: str
    port: int
    journal: Path
    rate: float = 50.0
    ca: Path | None = None
    next: int = 0
    refused: int = 0
    _unacknowledged: dict[int, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Runs until cancelled."""
        with self.journal.open("a", buffering=1) as file:
            while True:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
                    await self._session(file)
                await asyncio.sleep(0.1)  # like device firmware

    async def _session(self, file: "contextlib.AbstractContextManager[object]") -> None:
        async with asyncio.timeout(5):
            context = ssl.create_default_context(cafile=self.ca) if self.ca else None
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
        try:
            texts = b"".join(_text(text) for text in (self.name, self.name, self.password))
            writer.write(_packet(_CONNECT, _text("MQTT") + b"\x04\xc2\x00\x3c" + texts))
            async with asyncio.timeout(5):
                answer = await reader.readexactly(4)
            if answer[0] != _CONNACK or answer[3] != 0:
                self.refused += 1
                return
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(reader, file))
                group.create_task(self._speak(writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()  # close() would wait for the broker's answer, also when the broker is stopped

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        for mid, number in list(self._unacknowledged.items()):
            writer.write(self._publish(mid, number))
        while True:
            if len(self._unacknowledged) < _WINDOW:
                mid = self.next % 65_535 + 1
                self._unacknowledged[mid] = self.next
                writer.write(self._publish(mid, self.next))
                self.next += 1
            await writer.drain()
            await asyncio.sleep(1 / self.rate)  # the interval between messages

    async def _listen(self, reader: asyncio.StreamReader, file: object) -> None:
        while True:
            head = await reader.readexactly(2)
            body = await reader.readexactly(head[1])
            if head[0] == _PUBACK:
                number = self._unacknowledged.pop(body[0] << 8 | body[1], None)
                if number is not None:
                    file.write(f"{number} {time.time():.6f}\n")  # type: ignore[attr-defined]

    def _publish(self, mid: int, number: int) -> bytes:
        topic = f"pulse/v1/telemetry/plain/{self.name}"
        return _packet(_PUBLISH, _text(topic) + mid.to_bytes(2, "big") + b'{"n": %d}' % number)


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def _packet(head: int, body: bytes) -> bytes:
    left, length = len(body), bytearray()
    while True:
        left, byte = left >> 7, left & 127
        length.append(byte | 128 if left else byte)
        if not left:
            return bytes([head]) + bytes(length) + body


@dataclass
class PlainVerdict:
    """Numbers of messages. `at_risk`: acknowledged so shortly before the broker was killed that it may not have saved
    them. `at_risk_lost`: those of them that are not stored. `lost` must be 0. `again`: stored more than once, which
    at-least-once delivery allows."""

    acknowledged: int = 0
    stored: int = 0
    again: int = 0
    at_risk: int = 0
    at_risk_lost: int = 0
    lost: int = 0
    invented: int = 0
    problems: list[str] = field(default_factory=list)


async def judge_plain(
    journal: Path, database_url: str, device: str, at_risk: Sequence[Span], sent: int
) -> PlainVerdict:
    """Compares the acknowledged messages with the stored ones. `sent`: all numbers below it were published."""
    verdict = PlainVerdict()
    acknowledged = acknowledgements(journal)
    stored = await stored_numbers(database_url, device)
    verdict.acknowledged, verdict.stored = len(acknowledged), len(stored)
    verdict.again = sum(stored.values()) - len(stored)
    missing: list[int] = []
    for number, at in acknowledged.items():
        if is_within(at, at_risk):
            verdict.at_risk += 1
            verdict.at_risk_lost += number not in stored
        elif number not in stored:
            missing.append(number)
    verdict.lost = len(missing)
    if missing:
        verdict.problems.append(f"lost: acknowledged and not stored: {sorted(missing)[:5]}")
    invented = [number for number in stored if not 0 <= number < sent]
    verdict.invented = len(invented)
    if invented:
        verdict.problems.append(f"invented: {invented[:5]}")
    return verdict


def acknowledgements(journal: Path) -> dict[int, float]:
    """Returns when the broker acknowledged each number, in seconds since 1970."""
    lines = [line.split() for line in journal.read_text().splitlines() if line.count(" ") == 1]
    return {int(number): float(at) for number, at in lines}


def is_within(at: float, spans: Sequence[Span]) -> bool:
    """Whether the time is within one of the spans."""
    return any(start <= at <= end for start, end in spans)


async def stored_numbers(database_url: str, device: str) -> "Counter[int]":
    """Returns how often each number is in the log of the device. Empty while PostgreSQL is unavailable or does not know
    the device."""
    connection = await asyncpg.connect(database_url, timeout=5)
    try:
        rows = await connection.fetch(
            "SELECT b.lo, b.payload FROM telemetry.batch b JOIN telemetry.device d ON d.id = b.device_id "
            "WHERE d.name = $1 AND b.epoch = 0",
            device,
        )
    finally:
        await connection.close()
    found: Counter[int] = Counter()
    for row in rows:
        bits = unpack(row["payload"], row["lo"])[3]
        found.update(int(struct.unpack("<d", struct.pack("<q", int(word)))[0]) for word in np.asarray(bits))
    return found
