"""The wire between paho and the network, with a socket pair: split packets, packets for paho, and bounds."""

import asyncio
import random
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_bus import Disconnected
from pulse_bus.mqtt.wire import Publish, Wire, publish_head, publish_packet

PINGRESP, PUBACK = b"\xd0\x00", b"\x40\x02\x00\x07"


def publish(topic: str, payload: bytes, mid: int = 0) -> bytes:
    """Returns a PUBLISH of a broker. With an id it has QoS 1."""
    packet = publish_packet(publish_head(topic, "application/json"), payload, retain=False)
    if not mid:
        return packet
    name = topic.encode()
    body = len(name).to_bytes(2, "big") + name + mid.to_bytes(2, "big") + b"\x00" + payload
    length = bytearray()
    left = len(body)
    while True:
        left, byte = left >> 7, left & 127
        length.append(byte | 128 if left else byte)
        if not left:
            return b"\x32" + bytes(length) + body


def test_a_publish_packet_follows_the_standard() -> None:
    packet = publish_packet(publish_head("a/b", "x/y"), b"hello", retain=True)
    assert packet == bytes([0x31, 5 + 7 + 5]) + b"\x00\x03a/b" + b"\x06\x03\x00\x03x/y" + b"hello"


@given(st.lists(st.integers(0, 300), max_size=12), st.lists(st.integers(1, 40), min_size=1), st.integers(0, 2**32))
def test_packets_arrive_once_and_in_order_however_the_bytes_are_split(
    sizes: list[int], cuts: list[int], seed: int
) -> None:
    rng = random.Random(seed)  # test data
    expected, sent, paho = [], bytearray(), bytearray()
    for number, size in enumerate(sizes):
        payload = rng.randbytes(size)
        mid = rng.choice([0, 1 + number])
        expected.append(Publish(b"pulse/t", payload, mid, 1 if mid else 0, is_retained=False))
        sent += publish("pulse/t", payload, mid)
        other = rng.choice([b"", PINGRESP, PUBACK])
        sent += other
        paho += other
    got: list[Publish] = []
    left, seen = socket.socketpair()
    with left, seen:
        seen.setblocking(False)
        loop = asyncio.new_event_loop()
        wire = Wire(seen, loop, 1_000)
        wire.deliver_to(got.extend)
        received = bytearray()
        at = 0
        while at < len(sent):
            step = cuts[at % len(cuts)]
            left.sendall(sent[at : at + step])
            at += step
            while True:
                try:
                    received += wire.recv(3)
                except BlockingIOError:
                    break
        loop.close()
    assert got == expected
    assert received == paho


async def test_messages_before_the_first_receiver_are_kept() -> None:
    left, right = socket.socketpair()
    with left, right:
        right.setblocking(False)
        wire = Wire(right, asyncio.get_running_loop(), 1_000)
        left.sendall(publish("t", b"1") + PINGRESP)
        assert wire.recv(2) == PINGRESP
        got: list[Publish] = []
        wire.deliver_to(got.extend)
        assert [message.payload for message in got] == [b"1"]


@pytest.mark.parametrize("bad", [b"\x30\x02\x00\x09", b"\x30\xff\xff\xff\xff\x01", b"\x30\x05\x00\x01t\x7f0"])
async def test_a_malformed_packet_ends_the_connection_with_a_reason(bad: bytes) -> None:
    left, right = socket.socketpair()
    with left, right:
        right.setblocking(False)
        wire = Wire(right, asyncio.get_running_loop(), 1_000)
        left.sendall(bad)
        with pytest.raises(ConnectionError, match="malformed"):
            wire.recv(1)


async def test_a_broker_that_does_not_read_raises_disconnected_and_gets_every_packet_later() -> None:
    left, right = socket.socketpair()
    with left, right:
        right.setblocking(False)
        right.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        wire = Wire(right, asyncio.get_running_loop(), 100_000)
        packet, written = publish("t", b"x" * 1_000), 0
        while wire.unsent <= 100_000:
            wire.write(packet)
            written += 1
            await asyncio.sleep(0)
        with pytest.raises(Disconnected, match="does not read"):
            wire.write(packet)
        wire.acknowledge(258)  # an acknowledgement is never rejected
        left.setblocking(False)
        received = bytearray()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(5):
            while wire.unsent or len(received) < written * len(packet) + 4:
                received += await loop.sock_recv(left, 65_536)
        assert received == packet * written + b"\x40\x02\x01\x02"


async def test_the_end_of_the_connection_is_reported_to_paho_and_to_writers() -> None:
    left, right = socket.socketpair()
    with left, right:
        right.setblocking(False)
        wire = Wire(right, asyncio.get_running_loop(), 1_000)
        left.close()
        assert wire.recv(1) == b""
        with pytest.raises(Disconnected, match="ended"):
            wire.write(b"x")
        wire.close()
        with pytest.raises(OSError, match="closed"):
            wire.send(b"x")
