"""The socket of the service: who may connect, what is refused, and that no window can disturb the engine."""

import asyncio
import json
import socket
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pulse_desktop.client.attached import AttachedClient
from pulse_desktop.client.port import EngineUnavailable
from pulse_desktop.client.server import window_server
from pulse_desktop.client.wire import MAX_LINE, SOCKET, TOKEN, VERSION
from pulse_testkit.waiting import eventually

from .test_cli import running

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connected(folder: Path) -> Streams:
    return await asyncio.open_unix_connection(folder / SOCKET, limit=2**26)


async def said(streams: Streams, line: bytes) -> dict[str, object]:
    reader, writer = streams
    writer.write(line + b"\n")
    answer = json.loads(await asyncio.wait_for(reader.readline(), 20))
    assert isinstance(answer, dict)
    return answer


def greeting(folder: Path, version: int = VERSION) -> bytes:
    return json.dumps({"version": version, "token": (folder / TOKEN).read_text()}).encode()


@asynccontextmanager
async def greeted(folder: Path) -> AsyncIterator[Streams]:
    streams = await connected(folder)
    assert await said(streams, greeting(folder)) == {"result": VERSION}
    yield streams
    streams[1].close()


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A served state directory whose engine is not ready yet."""
    async with window_server(tmp_path, lambda: None):
        yield tmp_path


async def test_socket_and_token_are_private_and_leave_with_the_service(tmp_path: Path) -> None:
    (tmp_path / TOKEN).write_text("old")
    (tmp_path / TOKEN).chmod(0o644)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / SOCKET))
    async with window_server(tmp_path, lambda: None):
        assert stat.S_IMODE((tmp_path / SOCKET).stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / TOKEN).stat().st_mode) == 0o600
        assert len((tmp_path / TOKEN).read_text()) > 30
        async with greeted(tmp_path) as streams:
            assert (await said(streams, b'{"do": "series"}'))["code"] == "starting"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"version": 1, "token": "guess"}', "token"),
        ('{"version": 1, "token": "é"}'.encode(), "token"),
        (b'{"version": 2, "token": "guess"}', "version"),
        (b'{"version": 1}', "bad_request"),
        (b'{"do": "series"}', "bad_request"),
        (b"\xff\xfe", "bad_request"),
        (b"[" * 60_000, "bad_request"),
    ],
)
async def test_a_wrong_greeting_is_refused_and_the_connection_closed(folder: Path, line: bytes, code: str) -> None:
    streams = await connected(folder)
    assert (await said(streams, line))["code"] == code
    assert await streams[0].read() == b""
    streams[1].close()


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b'{"do": "delete"}',
        b'{"do": "series", "more": 1}',
        b'{"do": "points", "series": [1], "start": "0", "end": 1, "most": 1}',
        b'{"do": "points", "series": [1], "start": 0, "end": 1, "most": 20001}',
        json.dumps({"do": "points", "series": [1] * 65, "start": 0, "end": 1, "most": 1}).encode(),
        json.dumps({"do": "points", "series": [1, 2], "start": 0, "end": 1, "most": 10_001}).encode(),
        b'{"do": "limit_replay", "limit": {"is_paused": true, "rate": -1}}',
        b'{"do": "limit_replay", "limit": {"is_paused": true}}',
        b'{"do": "limit_replay", "limit": {"is_paused": true, "rate": "7"}}',
        b'{"do": "limit_replay", "limit": {"is_paused": true, "rate": null, "paused": true}}',
    ],
)
async def test_a_wrong_request_is_refused_and_the_connection_stays(folder: Path, line: bytes) -> None:
    async with greeted(folder) as streams:
        answer = await said(streams, line)
        assert answer["code"] == "bad_request"
        assert answer["error"]
        assert (await said(streams, b'{"do": "series"}'))["code"] == "starting"


@pytest.mark.parametrize("is_greeted", [False, True])
async def test_an_oversized_line_is_refused_and_the_connection_closed(folder: Path, *, is_greeted: bool) -> None:
    streams = await connected(folder)
    if is_greeted:
        await said(streams, greeting(folder))
    streams[1].write(b"x" * (MAX_LINE + 1))
    assert json.loads(await asyncio.wait_for(streams[0].readline(), 20))["code"] == "too_long"
    with pytest.raises((EOFError, ConnectionError)):
        await streams[0].readexactly(1)
    streams[1].close()


async def test_the_ninth_window_is_refused_until_one_closes(folder: Path) -> None:
    opened = [await connected(folder) for _ in range(8)]
    for streams in opened:
        await said(streams, greeting(folder))
    ninth = await connected(folder)
    assert json.loads(await ninth[0].readline())["code"] == "too_many"
    for streams in (ninth, opened[0]):
        streams[1].close()

    async def is_admitted() -> bool:
        streams = await connected(folder)
        answer = await said(streams, greeting(folder))
        streams[1].close()
        return "result" in answer

    await eventually(is_admitted)
    for streams in opened:
        streams[1].close()


@pytest.mark.announces_log("window_socket_failed")
async def test_a_path_that_is_too_long_for_a_socket_does_not_stop_the_service(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    async with window_server(deep, lambda: None):
        with pytest.raises(EngineUnavailable, match="accepts no window"):
            await AttachedClient(deep).start()


async def test_a_window_that_does_not_read_is_disconnected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulse_desktop.client.server._TIMEOUT", 0.2)
    streams = await connected(folder)
    await said(streams, greeting(folder))
    streams[0]._transport.pause_reading()  # type: ignore[attr-defined]  # a window that hangs
    streams[1].write(b"x\n" * 500_000)
    await eventually(streams[1].transport.is_closing)
    async with greeted(folder) as others:
        assert (await said(others, b'{"do": "series"}'))["code"] == "starting"


async def produced(client: AttachedClient) -> int:
    snapshot = await client.snapshot()
    return 0 if snapshot is None else snapshot.produced


async def test_windows_that_never_read_or_are_killed_do_not_delay_the_collection(tmp_path: Path) -> None:
    with running(tmp_path, "--no-host-metrics") as service:
        client = AttachedClient(tmp_path)
        await client.start()
        await eventually(lambda: _more_than(client, 200))
        now = time.time_ns() // 1_000
        request = json.dumps(
            {"do": "points", "series": list(range(1, 11)), "start": now - 60_000_000, "end": now * 2, "most": 20_000}
        ).encode()
        deaf = []
        for _ in range(3):
            streams = await connected(tmp_path)
            await said(streams, greeting(tmp_path))
            streams[0]._transport.pause_reading()  # type: ignore[attr-defined]  # a window that hangs
            streams[1].write((request + b"\n") * 300)
            deaf.append(streams)
        killed = await connected(tmp_path)
        await said(killed, greeting(tmp_path))
        killed[1].write(request[:20])
        killed[1].transport.abort()
        before, began = await produced(client), time.monotonic()
        await eventually(lambda: _more_than(client, before + 600))
        assert time.monotonic() - began < 9, "600 readings at 200 per second take 3 seconds"
        assert service.poll() is None
        (source,) = await client.sources()
        assert source.state == "running"
        for streams in deaf:
            streams[1].transport.abort()
        await client.stop()


async def _more_than(client: AttachedClient, n: int) -> bool:
    return await produced(client) > n
