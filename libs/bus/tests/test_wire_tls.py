"""The wire over TLS: a broker that reads slowly is not one that does not read."""

import asyncio
import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme

from pulse_bus.mqtt.wire import Wire
from pulse_testkit.waiting import eventually

PACKETS = [bytes([n]) * 40_000 for n in range(50)]


@pytest.fixture
def ends() -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """A client's and a server's, hands shaken, neither blocking."""
    authority = trustme.CA()
    there, here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(there)
    authority.configure_trust(here)
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    left = here.wrap_socket(one, server_hostname="localhost", do_handshake_on_connect=False)
    right = there.wrap_socket(other, server_side=True, do_handshake_on_connect=False)
    with left, right:
        for end in (left, right, left, right):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
        yield left, right


async def test_what_a_slow_broker_has_read_waits_no_longer_and_all_of_it_comes_whole(
    ends: tuple[ssl.SSLSocket, ssl.SSLSocket],
) -> None:
    wire, got = Wire(ends[0], asyncio.get_running_loop(), 32 << 20), bytearray()

    def read() -> None:
        try:
            got.extend(ends[1].recv(65_536))
        except ssl.SSLWantReadError:
            return

    for packet in PACKETS:
        wire.write(packet)
    total = sum(len(packet) for packet in PACKETS)
    await eventually(lambda: wire.waiting < total)  # the kernel has taken some: that is not waiting here

    def is_half() -> bool:
        read()
        return len(got) > total // 2

    await eventually(is_half)
    assert wire.waiting < total // 2
    wire.write(b"last")

    def is_whole() -> bool:
        read()
        return bytes(got) == b"".join(PACKETS) + b"last"

    await eventually(is_whole)
    assert wire.waiting == 0
    wire.close()
