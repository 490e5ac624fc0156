"""A TLS proxy as operators put it in front: it keeps the host, and names the client and the protocol."""

import asyncio
import contextlib
import re
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

_CONNECTION = re.compile(rb"(?im)^connection:[^\r]*\r\n")
_FORWARDED = re.compile(rb"(?im)^x-forwarded-[a-z]+:[^\r]*\r\n")


@contextlib.contextmanager
def tls_proxy(port: int, upstream: int, certificate: tuple[Path, Path], client: str) -> Iterator[None]:
    """Serves HTTPS on a port of the loopback and forwards to `upstream` as `client`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    extra = f"X-Forwarded-For: {client}\r\nX-Forwarded-Proto: https\r\n".encode()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            line, _, head = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
            head = _FORWARDED.sub(b"", head)
            if b"upgrade: websocket" not in head.lower():  # one request for each connection
                head = b"Connection: close\r\n" + _CONNECTION.sub(b"", head)
            there, here = await asyncio.open_connection("127.0.0.1", upstream)
            here.write(line + b"\r\n" + extra + head)
            await asyncio.wait(
                [asyncio.ensure_future(_copy(reader, here)), asyncio.ensure_future(_copy(there, writer))],
                return_when=asyncio.FIRST_COMPLETED,
            )
            here.close()
        writer.close()

    async def serve() -> None:
        async with await asyncio.start_server(forward, "127.0.0.1", port, ssl=context):
            ready.set()
            await asyncio.to_thread(stop.wait)

    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    if not ready.wait(20):
        raise AssertionError("the proxy did not start")
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    # asyncio writes to a TLS connection that the other side has reset as if it were open: an AttributeError.
    with contextlib.suppress(OSError, AttributeError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
