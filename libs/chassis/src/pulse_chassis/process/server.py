"""The HTTP server of a service: uvicorn without its own signal handlers."""

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp

from pulse_chassis.http.connection import HttpConnection, WebSocketConnection

if TYPE_CHECKING:
    from collections.abc import Iterator


class HttpServer(uvicorn.Server):
    """A server for one app. Set `should_exit` to stop it after the requests in flight."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                log_level="warning",  # at INFO it logs each websocket, so any client could fill the disk
                access_log=False,
                lifespan="off",
                http=HttpConnection,
                ws=WebSocketConnection,
                ws_max_size=262_144,
                ws_per_message_deflate=False,  # it would compress each frame again for each browser
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=3,
            )
        )

    @contextmanager
    def capture_signals(self) -> "Iterator[None]":
        """Does nothing: the process handles the signals."""
        yield

    async def run_until(self, stop: asyncio.Event) -> None:
        """Serves requests until `should_exit` is set. Raises OSError when the server cannot start, or when it ends
        before `stop` is set."""
        try:
            await self.serve()
        except SystemExit as error:  # uvicorn exits when the port is in use
            raise OSError(f"the HTTP server could not start (exit code {error.code}): is the port in use?") from error
        if not stop.is_set():
            raise OSError("the HTTP server ended unexpectedly")
