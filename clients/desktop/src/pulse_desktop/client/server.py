"""The service's side of a window: a Unix socket in the state directory.

The engine never waits for a window: a client that does not read is disconnected, and the service works without the
socket if it cannot be made.
"""

import asyncio
import contextlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import structlog
from pydantic import ValidationError

from pulse_desktop.client.wire import (
    MAX_LINE,
    REQUESTS,
    SOCKET,
    TOKEN,
    VERSION,
    Greeting,
    LimitReplay,
    Read,
    ReadPoints,
    refusal,
    result,
)
from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.state_directory.privacy import open_private
from pulse_desktop.core.view import AT_ONCE, EngineView

log = structlog.get_logger("pulse.desktop.window_server")

_MAX_CLIENTS = 8
_TIMEOUT = 5.0
"""Seconds for the greeting, and for each write."""


@asynccontextmanager
async def window_server(folder: Path, view: Callable[[], EngineView | None]) -> AsyncIterator[None]:
    """Serves windows meanwhile. `view` returns None unless the engine is ready. The caller holds the folder's lock,
    so an existing socket belongs to no living process. A socket that cannot be made is logged."""
    token = secrets.token_urlsafe(32)
    connections = _Connections(token, view)
    server: asyncio.Server | None = None
    try:
        _write_token(folder / TOKEN, token)
        (folder / SOCKET).unlink(missing_ok=True)
        server = await asyncio.start_unix_server(connections.serve, folder / SOCKET, limit=MAX_LINE)
        (folder / SOCKET).chmod(0o600)
    except OSError as error:
        log.warning("window_socket_failed", error=str(error), effect="windows cannot attach to this service")
    try:
        yield
    finally:
        if server is not None:
            server.close()
            await connections.close()
            with contextlib.suppress(OSError):
                (folder / SOCKET).unlink()
                (folder / TOKEN).unlink()


def _write_token(path: Path, token: str) -> None:
    path.unlink(missing_ok=True)  # an existing file could have another mode
    with open_private(path) as file:
        file.write(token.encode())


class _Gone(Exception):  # the end of one connection
    """The client was refused, or does not read."""


class _Connections:
    """Every connected window."""

    def __init__(self, token: str, view: Callable[[], EngineView | None]) -> None:
        self._token, self._view = token, view
        self._open: dict[asyncio.StreamWriter, asyncio.Event] = {}

    async def close(self) -> None:
        """Disconnects every window."""
        ended = list(self._open.values())
        for writer in list(self._open):
            writer.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TIMEOUT):
                for event in ended:
                    await event.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one window until it disconnects."""
        writer.transport.set_write_buffer_limits(0)  # `drain` then waits until everything is written
        ended = asyncio.Event()
        try:
            if len(self._open) >= _MAX_CLIENTS:
                await _send(writer, refusal("too_many", f"{_MAX_CLIENTS} windows are connected. Close one of them."))
                return
            self._open[writer] = ended
            await self._greet(reader, writer)
            while line := await _line(reader, writer):
                await _send(writer, await self._answer(line))
        except (_Gone, ConnectionError):
            pass
        except Exception:  # the door of a connection: a bug must not reach the engine
            log.exception("window_connection_failed")
        finally:
            self._open.pop(writer, None)
            ended.set()
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                line = await _line(reader, writer)
        except TimeoutError:
            raise _Gone from None
        try:
            greeting = Greeting.model_validate_json(line)
        except ValidationError as error:
            await _send(writer, refusal("bad_request", f"not a greeting: {_first(error)}"))
            raise _Gone from error
        if greeting.version != VERSION:
            text = f"The service speaks version {VERSION}, not {greeting.version}. Install the same release of both."
            await _send(writer, refusal("version", text))
            raise _Gone
        if not hmac.compare_digest(greeting.token.encode(), self._token.encode()):
            await _send(writer, refusal("token", f"The token is not the one in {TOKEN}."))
            raise _Gone
        await _send(writer, result(VERSION))

    async def _answer(self, line: bytes) -> bytes:
        try:
            request = REQUESTS.validate_json(line)
        except ValidationError as error:
            return refusal("bad_request", _first(error))
        view = self._view()
        if view is None:
            return refusal("starting", "The collector is starting or stopping. Wait a moment.")
        match request:
            case Read(do="series"):
                return await _series(view)
            case Read():
                return result(_read(view, request.do))
            case ReadPoints():
                return await _points(view, request)
            case LimitReplay():
                return await _limit_replay(view, request)


def _read(view: EngineView, what: str) -> object:
    if what == "snapshot":
        return None if view.snapshot is None else asdict(view.snapshot)
    return [asdict(one) for one in (view.sources if what == "sources" else view.batches)]


async def _series(view: EngineView) -> bytes:
    """In pieces, between which the engine works."""
    found, pieces = await view.series(), list[str]()
    for start in range(0, len(found), AT_ONCE):
        pieces.append(json.dumps([vars(one) for one in found[start : start + AT_ONCE]])[1:-1])
        await asyncio.sleep(0)
    return f'{{"result": [{", ".join(pieces)}]}}\n'.encode()


async def _limit_replay(view: EngineView, request: LimitReplay) -> bytes:
    limit = ReplayLimit(is_paused=request.limit.is_paused, rate=request.limit.rate)
    try:
        await view.limit_replay(limit)
    except StoreFailure as error:
        return refusal("not_stored", str(error))
    return result(None)


async def _points(view: EngineView, request: ReadPoints) -> bytes:
    try:
        found = await view.points(request.series, request.start, request.end, request.most)
    except ValueError as error:
        return refusal("bad_request", str(error))
    pieces: list[str] = []
    for one, points in found.items():
        columns = []
        for name, column in vars(points).items():  # a column takes a few milliseconds at most
            columns.append(f'"{name}": {json.dumps(column)}')
            await asyncio.sleep(0)
        pieces.append(f'"{one}": {{{", ".join(columns)}}}')
    return f'{{"result": {{{", ".join(pieces)}}}}}\n'.encode()


async def _line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The next line; empty at the end. Raises _Gone for a line that is too long."""
    try:
        line = await reader.readline()
    except ValueError:
        await _send(writer, refusal("too_long", f"A line has more than {MAX_LINE} bytes."))
        raise _Gone from None
    return line if line.endswith(b"\n") else b""


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Writes one answer. Raises _Gone if the client does not read it in time."""
    writer.write(data)
    try:
        async with asyncio.timeout(_TIMEOUT):
            await writer.drain()
    except TimeoutError:
        log.info("window_disconnected", reason="it did not read")
        writer.transport.abort()
        raise _Gone from None


def _first(error: ValidationError) -> str:
    one = error.errors()[0]
    where = ".".join(str(part) for part in one["loc"])
    return f"{where}: {one['msg']}" if where else one["msg"]
