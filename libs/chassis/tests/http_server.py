"""A real HTTP server for tests of connections, and functions that send raw bytes to it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from pulse_chassis.http.connection import HttpConnection, WebSocketConnection
from pulse_standalone.ports import free_port

INVALID = pytest.mark.announces_log("Invalid HTTP request received")
SEEN: list[str] = []
"""The paths that the app has received."""
RELEASE: list[asyncio.Event] = []
"""Blocks requests for `/held`, in the running loop."""
ACCEPTED: list[HttpConnection] = []
BODY = 1 << 20
LINE = b"POST /?q=1 HTTP/1.1\r\nhost: a\r\n"
HANDSHAKE = b"GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
HANDSHAKE += b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Returns the request as JSON."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "here"})
        await send({"type": "websocket.close"})
        return
    SEEN.append(scope["path"])
    if scope["path"] == "/held":
        await RELEASE[0].wait()
    body, more = b"", scope["path"] != "/early"
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    request = {"path": scope["path"], "headers": [name.decode() for name, _ in scope["headers"]], "body": body.decode()}
    request["values"] = [value.decode() for _, value in scope["headers"]]
    answer = json.dumps(request).encode()
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    port = free_port()
    config = uvicorn.Config(
        echo,
        host="127.0.0.1",
        port=port,
        http=HttpConnection,
        ws=WebSocketConnection,
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    ACCEPTED.clear()

    def accept() -> HttpConnection:
        ACCEPTED.append(HttpConnection(config, server.server_state, {}))
        return ACCEPTED[-1]

    listening = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", port)
    try:
        yield port
    finally:
        listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        await listening.wait_closed()


async def status_of(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(head.split(b" ")[1]), await reader.readexactly(length)


async def responses_to(port: int, *pieces: bytes) -> list[tuple[int, bytes]]:
    """Sends the pieces. Returns the responses until the server closes the connection, at most one per piece."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            answers.append(await status_of(reader))
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()
    return answers
