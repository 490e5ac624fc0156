"""The engine in a thread of this process, with its own event loop: a slow window never delays sampling."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import TypeVar

from pulse_desktop.cli import doctor
from pulse_desktop.cli.broker import open_bus
from pulse_desktop.client.port import (
    Batch,
    EngineUnavailable,
    Points,
    ReplayLimit,
    SeriesInfo,
    Snapshot,
    SourceInfo,
)
from pulse_desktop.core.engine import Engine, World
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.state_directory import lock
from pulse_desktop.core.state_directory.privacy import keep_private
from pulse_desktop.core.view import EngineView

T = TypeVar("T")


class InProcessClient:
    """Start it once. It holds the lock of the state directory until it is stopped."""

    is_attached = False

    def __init__(self, settings: Settings, password: str) -> None:
        self._settings, self._password = settings, password
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._failure = ""

    async def start(self) -> None:
        """Returns when the engine collects. Raises EngineUnavailable."""
        self._failure = ""
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()
        while self._engine is None or self._engine.view is None:
            if not self._thread.is_alive():
                raise EngineUnavailable(self._failure or "the collector ended at its start")
            await asyncio.sleep(0.02)

    def _work(self) -> None:
        try:
            self._settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            keep_private(self._settings.state_dir)
            with (
                lock.acquire(self._settings.state_dir),
                asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner,
            ):
                runner.run(self._collect())
        except Exception as error:  # noqa: BLE001  # the door of the thread: the window shows the reason
            self._failure = str(error) or type(error).__name__

    async def _collect(self) -> None:
        self._loop, self._stop, world = asyncio.get_running_loop(), asyncio.Event(), World()
        self._engine = Engine(
            self._settings,
            open_bus(self._settings, self._password, world),
            world,
            doctor=lambda: "\n".join(doctor.report(self._settings)[0]),
        )
        await self._engine.run(self._stop)

    async def _ask(self, question: Callable[[EngineView], Coroutine[None, None, T]]) -> T:
        thread, loop, engine = self._thread, self._loop, self._engine
        if thread is None or loop is None or engine is None or engine.view is None or not thread.is_alive():
            raise EngineUnavailable(self._failure or "the collector does not run")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(question(engine.view), loop))

    async def snapshot(self) -> Snapshot | None:
        """See `EngineClient`."""

        async def ask(view: EngineView) -> Snapshot | None:
            return view.snapshot

        return await self._ask(ask)

    async def series(self) -> list[SeriesInfo]:
        """See `EngineClient`."""

        async def ask(view: EngineView) -> list[SeriesInfo]:
            return view.series

        return await self._ask(ask)

    async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
        """See `EngineClient`."""
        return await self._ask(lambda view: view.points(series, start, end, most))

    async def sources(self) -> list[SourceInfo]:
        """See `EngineClient`."""

        async def ask(view: EngineView) -> list[SourceInfo]:
            return view.sources

        return await self._ask(ask)

    async def batches(self) -> list[Batch]:
        """See `EngineClient`."""

        async def ask(view: EngineView) -> list[Batch]:
            return view.batches

        return await self._ask(ask)

    async def limit_replay(self, limit: ReplayLimit) -> None:
        """See `EngineClient`."""
        await self._ask(lambda view: view.limit_replay(limit))

    async def stop(self) -> None:
        """Stops the engine, and waits for its thread."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join, 30.0)
