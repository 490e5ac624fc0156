"""Asks the engine what the window shows, one question at a time, at most five times per second."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog
from PySide6.QtCore import QObject, Signal

from pulse_desktop.client.port import EngineClient, EngineUnavailable, ReplayLimit, Snapshot
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.viewmodels.charts import SPANS, Span, choose
from pulse_desktop.ui.viewmodels.seen import Seen

log = structlog.get_logger("pulse.desktop.window")

_TICK = 0.2
_CALM = 0.5
_HIDDEN = 1.0
_DEADLINE = 10.0
_MOST_POINTS = 600


@dataclass
class Wishes:
    """What the visible page needs. `series`: names, empty for the first ones. `draws`: charts are visible and not
    paused. `lists_batches`: the table is visible. `is_visible`: the window is."""

    span: Span = SPANS[1]
    series: list[str] = field(default_factory=list)
    draws: bool = True
    lists_batches: bool = False
    is_visible: bool = True


class Poller(QObject):
    """`seen`: something new can be shown (its argument is a `Seen`). `limit_refused`: the newest change of the limit
    was not applied."""

    seen = Signal(object)
    limit_refused = Signal()

    def __init__(self, client: EngineClient, micros: Callable[[], int]) -> None:
        """`micros`: the time, microseconds since 1970 UTC."""
        super().__init__()
        self.wishes = Wishes()
        self.last = Seen(micros())
        self._client, self._micros = client, micros
        self._has_started = self._has_bug = False
        self._drawn: tuple[Span, tuple[int, ...], float] | None = None
        self._limit: ReplayLimit | None = None
        self._woken = asyncio.Event()

    def limit_replay(self, limit: ReplayLimit) -> None:
        """Changes the limit at the next poll, which begins at once."""
        self._limit = limit
        self._woken.set()

    def refresh(self) -> None:
        """Polls at once: the wishes changed."""
        self._drawn = None
        self._woken.set()

    async def run(self) -> None:
        """Polls until cancelled. A failed poll is retried a second later, and an engine of this process that ended is
        started again."""
        while True:
            self._woken.clear()
            try:
                async with asyncio.timeout(_DEADLINE):
                    self.last = await self._poll()
                self._has_bug = False
            except EngineUnavailable as error:
                self._has_started = self._has_started and self._client.is_attached
                self._show_problem(str(error))
            except TimeoutError:
                self._show_problem(tr("The collector does not answer. Trying again"))
            except Exception:  # a bug of the window must not end the engine
                if not self._has_bug:
                    log.exception("window_poll_failed", will_retry=True)
                self._has_bug = True
                self._show_problem(tr("The window has an error, and tries again. The log has the details"))
            self.seen.emit(self.last)
            await self._pause(self._interval())

    def _show_problem(self, problem: str) -> None:
        self.last = replace(self.last, now=self._micros(), problem=problem)

    def _interval(self) -> float:
        if self.last.problem or not self.wishes.is_visible:
            return _HIDDEN
        return _TICK if self.wishes.draws and self.wishes.span.every < _CALM else _CALM

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _poll(self) -> Seen:
        client = self._client
        if not self._has_started:
            await client.start()
            self._has_started = True
        limit, self._limit = self._limit, None
        if limit is not None:
            try:
                await client.limit_replay(limit)
            except BaseException:  # also a timeout
                self.limit_refused.emit()
                raise
        snapshot: Snapshot | None = await client.snapshot()
        sources, series = tuple(await client.sources()), tuple(await client.series())
        batches = tuple(await client.batches()) if self.wishes.lists_batches else self.last.batches
        fresh = Seen(self._micros(), snapshot, series, sources, batches, problem="", is_attached=client.is_attached)
        return await self._with_points(fresh)

    async def _with_points(self, seen: Seen) -> Seen:
        wishes, loop = self.wishes, asyncio.get_running_loop()
        span = wishes.span  # a person may choose another one while the points are on their way
        ids = tuple(one.id for one in choose(seen.series, wishes.series))
        is_due = self._drawn is None or self._drawn[:2] != (span, ids)
        is_due = is_due or (self._drawn is not None and loop.time() - self._drawn[2] >= span.every * 0.9)
        if not (ids and wishes.draws and wishes.is_visible and is_due):
            return replace(seen, points=self.last.points, start=self.last.start, end=self.last.end)
        end = max(1, seen.now)
        start = max(0, end - span.seconds * 1_000_000)  # a clock that is not set yet is near 1970
        points = await self._client.points(ids, start, end, _MOST_POINTS)
        self._drawn = span, ids, loop.time()
        return replace(seen, points=points, start=start, end=end)
