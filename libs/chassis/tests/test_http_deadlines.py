"""Deadlines of HTTP connections: idle ones, incomplete heads, slow requests and unread bodies."""

import asyncio

import pytest

from pulse_chassis.http import connection as http_connection
from pulse_chassis.http.connection import KEEP_ALIVE_SECONDS
from pulse_testkit.waiting import eventually

from .http_server import ACCEPTED, HANDSHAKE, RELEASE, SEEN, status_of


async def test_an_idle_connection_stays_open_longer_than_a_proxy_keeps_it(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await status_of(reader)
    ending = ACCEPTED[-1].timeout_keep_alive_task
    assert ending
    assert 60 < ending.when() - asyncio.get_running_loop().time() <= KEEP_ALIVE_SECONDS
    writer.close()


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"])
async def test_an_incomplete_head_closes_the_connection_at_its_deadline(
    port: int, before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if before:
        writer.write(before)
        await status_of(reader)
    writer.write(b"GET / HTTP/1.1\r\nhost")
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_a_silent_connection_is_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "KEEP_ALIVE_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_a_slow_request_is_answered(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /held HTTP/1.1\r\nhost")
    await eventually(lambda: bool(ACCEPTED) and ACCEPTED[0]._waits_for == "head", what="half of it is read")
    writer.write(b": a\r\n\r\n")
    await eventually(lambda: "/held" in SEEN, what="it runs")
    late, later = await asyncio.open_connection("127.0.0.1", port)
    later.write(b"GET")
    assert await late.read() == b""  # shows that the deadline has passed
    RELEASE[0].set()
    assert (await status_of(reader))[0] == 200
    writer.close()
    later.close()


async def test_an_unread_body_has_a_deadline(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000000\r\n\r\n")
    assert (await status_of(reader))[0] == 200

    async def write_on() -> None:
        for _ in range(100_000):
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    with pytest.raises(ConnectionError):
        await write_on()
    writer.close()


async def test_a_head_that_follows_an_answer_in_pieces_has_a_deadline_too(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await status_of(reader)
    for piece in (b"GET", b" /", b" HTTP"):
        writer.write(piece)
        await writer.drain()
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_a_websocket_outlives_the_deadlines_of_http(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await status_of(reader)
    writer.write(HANDSHAKE)
    await eventually(lambda: ACCEPTED[-1]._waits_for == "head", what="half of the handshake is read")
    writer.write(b"\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    assert ACCEPTED[-1]._deadline is None
    writer.close()


async def test_a_body_that_does_not_arrive_has_a_deadline(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc")
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
