"""A TCP proxy that cuts, delays, holds, drops and slows traffic."""

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from typing import Literal, Self

Direction = Literal["up", "down"]


@dataclass
class Weather:
    """Network conditions. `latency` in seconds and `rate` in bytes per second, in each direction. `held`: directions in
    which nothing arrives until the conditions change. `is_half_open`: drops all bytes without closing the
    connections."""

    is_cut: bool = False
    latency: float = 0.0
    rate: float = 0.0
    held: frozenset[Direction] = frozenset()
    is_half_open: bool = False


class Proxy:
    """Listens on its own port and forwards to `target`, in its own thread."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, 0
        self._weather = Weather()
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._clears = asyncio.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Resets the connections and refuses new ones."""
        self.turn(Weather(is_cut=True))

    def heal(self) -> None:
        """Restores good conditions. Connections with dropped bytes are closed, as a real peer would reset them."""
        self.turn(Weather())

    def turn(self, weather: Weather) -> None:
        """Changes the conditions."""
        was, self._weather = self._weather, weather
        asyncio.run_coroutine_threadsafe(self._tell(), self._loop)
        if weather.is_cut or was.is_half_open:
            self._loop.call_soon_threadsafe(self._close_all)

    async def _tell(self) -> None:
        async with self._clears:
            self._clears.notify_all()

    def _close_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        if tasks := asyncio.all_tasks(self._loop):
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.wait(tasks))
        self._loop.run_until_complete(asyncio.sleep(0))  # closes the sockets of the aborted connections

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._weather.is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._pipe("up", reader, far_writer), self._pipe("down", far_reader, writer))
        for end in (writer, far_writer):
            self._writers.discard(end)
            end.transport.abort()

    async def _pipe(self, way: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            async with self._clears:
                await self._clears.wait_for(lambda: way not in self._weather.held)
            weather = self._weather
            if weather.is_half_open:
                continue
            if weather.latency:
                await asyncio.sleep(weather.latency)
            if weather.rate:
                await asyncio.sleep(len(data) / weather.rate)
            writer.write(data)
            await writer.drain()
        writer.close()
