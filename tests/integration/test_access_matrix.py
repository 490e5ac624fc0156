"""Every identity tries every topic at a real broker. The reconciler's commands created the accounts. The granted topics
must equal `docs/security/topics.md`."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pulse_bus.credentials import BrokerAccount
from pulse_bus.mqtt.dynsec import DynamicSecurity
from pulse_contracts.access_matrix import DEVICE, IDENTITIES, matrix
from pulse_testkit.plugin import REPOSITORY
from tests.brokers import Broker, running_broker

pytestmark = pytest.mark.servers
_REFUSED = 0x87
"""Not authorized (MQTT 5, 2.4)."""


def documented() -> dict[tuple[str, str], set[str]]:
    """The table in the documentation."""
    lines = (REPOSITORY / "docs/security/topics.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    names = rows[0][2:]
    return {
        (action, topic.strip("`")): {name for name, cell in zip(names, cells, strict=True) if cell == "yes"}
        for action, topic, *cells in rows[1:]
    }


class Raw:
    """A minimal MQTT 5 client. A library would hide the broker's reason codes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._mid = reader, writer, 0

    async def publish(self, topic: str) -> bool:
        """Publishes and returns whether the broker accepted it (PUBACK)."""
        self._mid += 1
        await self._send(0x32, _text(topic) + self._mid.to_bytes(2, "big") + b"\x00" + b"{}")
        body = await self._answer(0x40)
        code = body[2] if len(body) > 2 else 0
        assert code in {0x00, 0x10, _REFUSED}, (topic, code)
        return code != _REFUSED

    async def subscribe(self, topic: str) -> bool:
        """Subscribes and returns whether the broker granted it (SUBACK). Unsubscribes at once."""
        self._mid += 1
        await self._send(0x82, self._mid.to_bytes(2, "big") + b"\x00" + _text(topic) + b"\x20")  # QoS 0, not retained
        code = (await self._answer(0x90))[-1]
        assert code in {0x00, _REFUSED}, (topic, code)
        if code == _REFUSED:
            return False
        self._mid += 1
        await self._send(0xA2, self._mid.to_bytes(2, "big") + b"\x00" + _text(topic))
        await self._answer(0xB0)
        return True

    async def connect(self, name: str, password: str, client_id: str) -> int:
        """Returns the reason code of CONNACK."""
        flags = (0xC2 if name else 0x02).to_bytes(1, "big")
        body = _text("MQTT") + b"\x05" + flags + b"\x00\x3c\x00" + _text(client_id)
        await self._send(0x10, body + (_text(name) + _text(password) if name else b""))
        return (await self._answer(0x20))[1]

    async def _send(self, head: int, body: bytes) -> None:
        length, left = bytearray(), len(body)
        while True:
            left, byte = left >> 7, left & 127
            length.append(byte | 128 if left else byte)
            if not left:
                break
        self._writer.write(bytes([head]) + bytes(length) + body)
        await self._writer.drain()

    async def _answer(self, kind: int) -> bytes:
        async with asyncio.timeout(5):
            while True:
                head = (await self._reader.readexactly(1))[0]
                length, shift = 0, 0
                while True:
                    byte = (await self._reader.readexactly(1))[0]
                    length |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                body = await self._reader.readexactly(length)
                if head & 0xF0 == kind:
                    return body


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


@asynccontextmanager
async def raw(broker: Broker) -> AsyncIterator[Raw]:
    context = ssl.create_default_context(cafile=broker.files.authority)
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.server.port, ssl=context)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


async def fill(broker: Broker, security: DynamicSecurity) -> dict[str, str]:
    """Creates all accounts and a disabled device. Returns the secrets."""
    secrets = {name: f"{name}-".ljust(43, "s") for name in IDENTITIES}
    seen = await security.observe()
    for name, party in IDENTITIES.items():
        await security.put(BrokerAccount(name, party, secrets[name]), seen.get(name))
    await security.put(BrokerAccount("press-off", "collector", "o" * 43, is_enabled=False), None)
    return secrets


def test_the_documented_matrix_agrees_with_the_catalogue() -> None:
    assert documented() == {(one.action, one.topic): set(one.allowed) for one in matrix()}
    assert len(documented()) > 100


async def test_every_identity_may_do_exactly_what_is_documented(tmp_path: Path) -> None:
    expected = documented()
    async with running_broker(tmp_path, services=()) as broker, DynamicSecurity.open(broker.admin) as security:
        secrets = await fill(broker, security)
        for name in IDENTITIES:
            async with raw(broker) as client:
                assert await client.connect(name, secrets[name], name) == 0
                found = {}
                for action, topic in expected:
                    may = await (client.publish(topic) if action == "publish" else client.subscribe(topic))
                    found[action, topic] = may
            assert found == {key: name in allowed for key, allowed in expected.items()}, name


@pytest.mark.parametrize(
    ("name", "password", "client_id"),
    [
        ("press-off", "o" * 43, "press-off"),
        (DEVICE, "wrong", DEVICE),
        ("press-none", "s" * 43, "press-none"),
        (DEVICE, f"{DEVICE}-".ljust(43, "s"), "press-5"),
        ("", "", "nobody"),
    ],
)
async def test_unknown_and_disabled_accounts_cannot_connect(
    tmp_path: Path, name: str, password: str, client_id: str
) -> None:
    async with running_broker(tmp_path, services=()) as broker, DynamicSecurity.open(broker.admin) as security:
        await fill(broker, security)
        async with raw(broker) as client:
            assert await client.connect(name, password, client_id) in {0x84, 0x85, 0x86, _REFUSED}
