"""HTTP connections of a real server: limits of heads and framing, and rejected ambiguous requests."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_chassis.http import connection as http_connection
from pulse_chassis.http.connection import MAX_HEAD
from pulse_testkit.waiting import eventually

from .http_server import BODY, HANDSHAKE, INVALID, LINE, RELEASE, SEEN, responses_to, serving, status_of


def head_of(size: int) -> bytes:
    """Returns a request without a body whose target and headers have this many bytes, including line ends."""
    fixed = b"/" + b"host: a\r\nx: \r\n"
    return b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"v" * (size - len(fixed)) + b"\r\n\r\n"


@INVALID
async def test_the_limit_of_a_head_is_exact_for_every_request(port: int) -> None:
    answers = await responses_to(port, *[head_of(MAX_HEAD)] * 3, head_of(MAX_HEAD + 1), head_of(100))
    assert [status for status, _ in answers] == [200, 200, 200, 431]
    assert str(MAX_HEAD).encode() in answers[3][1]


@INVALID
@pytest.mark.parametrize("endless", [b"GET /", LINE, LINE + b"x: "], ids=["target", "headers", "value"])
async def test_an_endless_head_is_rejected_at_the_limit(port: int, endless: bytes) -> None:
    more = b"a: b\r\n" if endless == LINE else b"abcdef"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = endless + more * (MAX_HEAD // len(more) - len(endless))
    writer.write(sent)
    writer.write(more * (len(endless) + 2))
    assert (await status_of(reader))[0] == 431
    assert await reader.read() == b""
    writer.close()


async def test_trailers_are_not_headers(port: int) -> None:
    chunked = LINE + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-forwarded-for: 1.2.3.4\r\n\r\n"
    [(status, body)] = await responses_to(port, chunked)
    assert status == 200
    assert json.loads(body)["headers"] == ["host", "transfer-encoding", "connection"]
    assert json.loads(body)["body"] == "abc"


@pytest.mark.parametrize(
    "ending", [b"0\r\nX: a\n\n", b"0\r\n\n", b"0\r\nX: a\r\n b\r\n\r\n"], ids=["bare", "end", "folded"]
)
async def test_nothing_behind_a_request_in_chunks_is_read(port: int, ending: bytes) -> None:
    """h11 is lenient about trailers: a proxy could still see the first body where we would see the next request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(LINE + b"transfer-encoding: chunked\r\n\r\n" + ending)
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"connection: close" in head
    with suppress(ConnectionError):
        writer.write(b"GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n")
        await writer.drain()
        await reader.read()
    assert SEEN == ["/"]
    writer.close()


@INVALID
@pytest.mark.parametrize("endless", [b"x: " + b"y" * 1021, b"x" * 1024], ids=["trailers", "a trailer"])
async def test_endless_trailers_are_rejected(port: int, endless: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(LINE + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n")
    ending = b"\r\n" if endless.startswith(b"x:") else b""

    async def write_on() -> None:
        for _ in range(100 * MAX_HEAD // len(endless)):
            writer.write(endless + ending)
            await writer.drain()
        await reader.readexactly(1 << 20)

    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):  # closed with the rest unread
        await write_on()
    writer.close()


async def test_the_limit_of_a_head_does_not_apply_to_the_body(port: int) -> None:
    one = LINE + b"content-length: %d\r\n\r\n" % BODY + b"x" * BODY
    assert [status for status, _ in await responses_to(port, one, one)] == [200, 200]


async def test_the_largest_body_may_come_in_chunks_of_one_byte(port: int) -> None:
    chunks = LINE + b"transfer-encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 65_536 + b"0\r\n\r\n"
    [(status, body)] = await responses_to(port, chunks)
    assert (status, len(json.loads(body)["body"])) == (200, 65_536)


AMBIGUOUS = {
    "both lengths": LINE + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": LINE + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
    "a negative length": LINE + b"content-length: -1\r\n\r\n",
    "no digits": LINE + b"content-length: 0x3\r\n\r\nabc",
    "a space before the colon": LINE + b"content-length : 3\r\n\r\nabc",
    "a folded line": LINE + b"x: a\r\n b\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\nhost: a\n\n",
    "a bare carriage return": LINE + b"x: a\rb\r\n\r\n",
    "a nul": LINE + b"x: a\0b\r\n\r\n",
    "an unknown coding": LINE + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk that is no number": LINE + b"transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer than it says": LINE + b"transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    "a coding beside chunked": LINE + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "nearly chunked": LINE + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "another protocol": b"GET / SPDY/3\r\n\r\n",
    "another version": b"GET / HTTP/2.0\r\nhost: a\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": LINE + b"host: b\r\n\r\n",
    "a tunnel with a body": b"CONNECT / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
    "a websocket with a body": LINE + b"connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 3\r\n\r\nabc",
    "a websocket of HTTP/1.0": HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n",
    "a websocket with chunks": LINE
    + b"connection: upgrade\r\nupgrade: websocket\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a host for a target": b"CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n",
    "a target that is no path": b"GET http://a HTTP/1.1\r\nhost: a\r\n\r\n",
    "a target that is not ASCII": b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n",
}


@INVALID
@pytest.mark.parametrize("request_", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_an_ambiguous_request_is_rejected(port: int, request_: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_)
    seen = await reader.read()
    assert seen.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert seen.count(b"HTTP/1.1 ") == 1
    assert len(SEEN) == ("zz" in request_.decode("latin-1") or "\r\n1\r\nabc" in request_.decode("latin-1"))
    writer.close()


UPGRADE = LINE + b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"


@pytest.mark.parametrize(
    "framing",
    [b"content-length: 37\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n25\r\n"],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize("is_cut", [True, False], ids=["later", "at once"])
async def test_the_body_of_an_ignored_upgrade_is_a_body(port: int, framing: bytes, is_cut: bool) -> None:
    body = b"GET /smuggled HTTP/1.1\r\nhost: abcd\r\n\r\n"[:37]
    behind = body + (b"\r\n0\r\n\r\n" if b"chunked" in framing else b"")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(1 if b"chunked" in framing else 2):
        writer.write(UPGRADE + framing + (b"" if is_cut else behind))
        if is_cut:
            await eventually(lambda: SEEN[-1:] == ["/"], what="the head was read")
            writer.write(behind)
        status, answer = await status_of(reader)
        echoed = json.loads(answer)
        assert (status, echoed["path"], echoed["body"]) == (200, "/", body.decode())
        SEEN.clear()
    writer.close()


async def test_a_client_that_does_not_wait_gets_its_answer_and_no_more(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /held HTTP/1.1\r\nhost: a\r\n\r\n" + b"GET / HTTP/1.1\r\nhost: a\r\n\r\n" * 10_000)
    await eventually(lambda: "/held" in SEEN, what="the first runs")
    RELEASE[0].set()
    status, answer = await status_of(reader)
    assert (status, json.loads(answer)["path"]) == (200, "/held")
    with suppress(ConnectionResetError):
        async with asyncio.timeout(3):  # long before an idle connection is closed anyhow
            assert await reader.read() == b""
    assert SEEN == ["/held"]
    writer.close()


async def test_a_broken_body_adds_nothing_to_a_started_response(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /early HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
    assert (await status_of(reader))[0] == 200
    writer.write(b"zz\r\n")
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(
    ("more", "status", "last"),
    [
        (b"", b"101", b"\x81\x04here"),
        (b"content-length: 0\r\n", b"101", b"\x81\x04here"),
        (b"cookie: " + b"c" * 9_000 + b"\r\n", b"431", b""),
        (b"x: y\r\n" * 130, b"431", b""),
    ],
    ids=["fits", "an empty body", "a line too long", "too many headers"],
)
async def test_a_websocket_handshake_is_accepted_or_answered_with_a_reason(
    port: int, more: bytes, status: bytes, last: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE + more + b"\r\n")
    async with asyncio.timeout(3):
        assert (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1] == status
        if last:
            assert await reader.readexactly(len(last)) == last
        else:
            await reader.read()
    writer.close()


async def test_a_response_before_100_continue_closes_the_connection(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /early HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n")
    async with asyncio.timeout(3):
        assert (await status_of(reader))[0] == 200
        assert await reader.read() == b""
    writer.close()


async def test_connection_close_beside_an_upgrade_closes_the_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close, upgrade\r\nupgrade: h2c\r\n\r\n")
    async with asyncio.timeout(3):
        assert (await status_of(reader))[0] == 200
        assert await reader.read() == b""
    writer.close()


async def test_spaces_around_a_header_value_are_removed(port: int) -> None:
    [(status, answer)] = await responses_to(port, LINE + b"content-length: \t 3 \t \r\n\r\nabc")
    assert (status, json.loads(answer)["body"], json.loads(answer)["values"]) == (200, "abc", ["a", "3"])


def pieces(request_: bytes, cuts: list[int]) -> Iterator[bytes]:
    at = sorted({cut % len(request_) for cut in cuts})
    for start, end in zip([0, *at], [*at, len(request_)], strict=True):
        yield request_[start:end]


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, 10_000), max_size=20), is_chunked=st.booleans(), times=st.integers(1, 3))
async def test_a_request_does_not_depend_on_how_its_bytes_are_split(
    cuts: list[int], is_chunked: bool, times: int
) -> None:
    framing = b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nt: u\r\n\r\n"
    one = LINE + (framing if is_chunked else b"content-length: 3\r\n\r\nabc")
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(1 if is_chunked else times):
            for piece in pieces(one, cuts):
                writer.write(piece)
                await writer.drain()
            status, body = await status_of(reader)
            assert (status, json.loads(body)["body"]) == (200, "abc")
            framed = ["transfer-encoding", "connection"] if is_chunked else ["content-length"]
            assert json.loads(body)["headers"] == ["host", *framed]
        writer.close()
