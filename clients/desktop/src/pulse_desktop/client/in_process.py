"""The engine in a thread of this process, with an event loop of its own: a slow window never delays the collection."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import TypeVar

import structlog

from pulse_desktop.cli.assembly import StateDirectoryError, make_engine, owned
from pulse_desktop.client.port import Batch, EngineUnavailable, Points, ReplayLimit, SeriesInfo, Snapshot, SourceInfo
from pulse_desktop.core.engine import Engine
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.settings import BadSettingsError, Settings
from pulse_desktop.core.state_directory.lock import AlreadyRunningError
from pulse_desktop.core.view import EngineView

log = structlog.get_logger("pulse.desktop.client")

T = TypeVar("T")

_CALL_TIMEOUT = 10.0
_STOP_TIMEOUT = 30.0
_POLL = 0.02


class InProcessClient:
    """Holds the state directory from `start` to `stop`. Works on every event loop of the caller."""

    def __init__(self, settings: Settings, password: str) -> None:
        self._settings, self._password = settings, password
        self._engine: Engine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._failure, self._is_stopping = "", False

    @property
    def is_attached(self) -> bool:
        """See `EngineClient`."""
        return False

    async def start(self) -> None:
        """See `EngineClient`."""
        if self._thread is None or not self._thread.is_alive():
            self._engine, self._loop, self._failure, self._is_stopping = None, None, "", False
            self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
            self._thread.start()
        while self._engine is None or self._engine.view is None:
            if not self._thread.is_alive():
                raise EngineUnavailable(self._reason)
            await asyncio.sleep(_POLL)

    @property
    def _reason(self) -> str:
        return self._failure or "The collector does not run. Start it again."

    def _work(self) -> None:
        """The engine's thread."""
        folder = self._settings.state_dir
        try:
            with owned(self._settings), asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._collect())
        except AlreadyRunningError as error:
            self._failure = f"Another collector uses {folder} ({error}). Stop it, or open the window again to attach."
        except BadSettingsError as error:
            self._failure = f"Invalid settings: {'; '.join(error.lines)}. Correct them and start again."
        except StateDirectoryError as error:
            self._failure = f"{error}. Choose another state directory, or correct its permissions."
        except StoreFailure as error:
            self._failure = f"The buffer in {folder} cannot be used: {error}. Run pulse-collector doctor."
        except OSError as error:
            self._failure = f"{error.filename or folder}: {error.strerror or error}. Run pulse-collector doctor."
        except Exception as error:  # the door of the thread: the window shows the reason
            log.exception("engine_crashed")
            self._failure = f"The collector ended because of an error: {error!r}. The log has the details."

    async def _collect(self) -> None:
        self._loop, is_wanted = asyncio.get_running_loop(), True
        while is_wanted:
            stop = self._stop = asyncio.Event()
            if self._is_stopping:
                return
            engine = self._engine = make_engine(self._settings, self._password)
            await engine.run(stop)
            is_wanted = engine.must_restart

    async def _ask(self, question: Callable[[EngineView], Coroutine[None, None, T]]) -> T:
        thread, loop, engine = self._thread, self._loop, self._engine
        if thread is None or not thread.is_alive() or loop is None or engine is None:
            raise EngineUnavailable(self._reason)
        if engine.view is None:
            raise EngineUnavailable("The collector is starting or stopping. Wait a moment.")
        asked = question(engine.view)
        try:
            answer = asyncio.run_coroutine_threadsafe(asked, loop)
        except RuntimeError as error:  # the loop was closed meanwhile
            asked.close()
            raise EngineUnavailable(self._reason) from error
        try:
            async with asyncio.timeout(_CALL_TIMEOUT):
                return await asyncio.wrap_future(answer)
        except StoreFailure as error:
            raise EngineUnavailable(f"The change cannot be stored: {error}. Free or repair the disk.") from error
        except TimeoutError as error:
            raise EngineUnavailable(f"The collector did not answer within {_CALL_TIMEOUT:.0f} s.") from error
        except asyncio.CancelledError:
            if answer.cancelled() and not _is_cancelling():  # by the end of the engine's loop
                raise EngineUnavailable(self._reason) from None
            raise

    async def snapshot(self) -> Snapshot | None:
        """See `EngineClient`."""
        return await self._ask(_soon(lambda view: view.snapshot))

    async def series(self) -> list[SeriesInfo]:
        """See `EngineClient`."""
        return await self._ask(lambda view: view.series())

    async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
        """See `EngineClient`."""
        return await self._ask(lambda view: view.points(series, start, end, most))

    async def sources(self) -> list[SourceInfo]:
        """See `EngineClient`."""
        return await self._ask(_soon(lambda view: view.sources))

    async def batches(self) -> list[Batch]:
        """See `EngineClient`."""
        return await self._ask(_soon(lambda view: view.batches))

    async def limit_replay(self, limit: ReplayLimit) -> None:
        """See `EngineClient`."""
        await self._ask(lambda view: view.limit_replay(limit))

    async def stop(self) -> None:
        """Stops the engine, and waits at most 30 s for its thread."""
        self._is_stopping = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._end)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _STOP_TIMEOUT)

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()


def _is_cancelling() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _soon(read: Callable[[EngineView], T]) -> Callable[[EngineView], Coroutine[None, None, T]]:
    async def ask(view: EngineView) -> T:
        return read(view)

    return ask
