"""TLS of the client: version 1.3 only, and a slow broker is distinguished from one that does not read."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from pulse_bus.mqtt.settings import MqttSettings
from pulse_bus.mqtt.wire import Wire
from pulse_testkit.waiting import eventually

PACKETS = [bytes([n]) * 40_000 for n in range(50)]


@pytest.fixture
def ends() -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """A non-blocking client socket and server socket after the handshake."""
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


async def test_bytes_that_a_slow_broker_has_read_count_as_sent(
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
    await eventually(lambda: wire.unsent < total)  # the kernel has accepted some bytes

    def is_half() -> bool:
        read()
        return len(got) > total // 2

    await eventually(is_half)
    assert wire.unsent < total // 2
    wire.write(b"last")

    def is_whole() -> bool:
        read()
        return bytes(got) == b"".join(PACKETS) + b"last"

    await eventually(is_whole)
    assert wire.unsent == 0
    wire.close()


def test_a_broker_without_tls_1_3_is_rejected(tmp_path: Path) -> None:
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.maximum_version = ssl.TLSVersion.TLSv1_2
    authority.issue_cert("localhost").configure_cert(there)
    here = MqttSettings("mqtts://localhost", "press-4", "secret", "press-4", ca_file=file).tls_context()
    assert here is not None
    one, other = socket.socketpair()
    one.setblocking(False)
    other.setblocking(False)
    with here.wrap_socket(one, server_hostname="localhost", do_handshake_on_connect=False) as left:
        with pytest.raises(ssl.SSLWantReadError):
            left.do_handshake()
        with (
            there.wrap_socket(other, server_side=True, do_handshake_on_connect=False) as right,
            pytest.raises(ssl.SSLError, match=r"(?i)unsupported[ _]protocol"),
        ):
            right.do_handshake()
