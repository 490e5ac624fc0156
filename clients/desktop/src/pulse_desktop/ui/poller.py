"""Asks the engine what the window shows, one question at a time, at most five times per second."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from pulse_desktop.client.port import EngineClient, EngineUnavailable, ReplayLimit, Snapshot
from pulse_desktop.ui.translation import tr
from pulse_desktop.ui.viewmodels.charts import SPANS, Span, choose
from pulse_desktop.ui.viewmodels.seen import Seen

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
    """`seen`: something new can be shown (its argument is a `Seen`)."""

    seen = Signal(object)

    def __init__(self, client: EngineClient, micros: Callable[[], int]) -> None:
        """`micros`: the time, microseconds since 1970 UTC."""
        super().__init__()
        self.wishes = Wishes()
        self.last = Seen(micros())
        self._client, self._micros = client, micros
        self._has_started = False
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
        """Polls until cancelled. A failed poll is retried a second later."""
        while True:
            try:
                async with asyncio.timeout(_DEADLINE):
                    self.last = await self._poll()
            except EngineUnavailable as error:
                self.last = replace(self.last, now=self._micros(), problem=str(error))
            except TimeoutError:
                problem = tr("The collector does not answer. Trying again")
                self.last = replace(self.last, now=self._micros(), problem=problem)
            self.seen.emit(self.last)
            self._woken.clear()
            await self._pause(self._interval())

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
        if self._limit is not None:
            limit, self._limit = self._limit, None
            await client.limit_replay(limit)
        snapshot: Snapshot | None = await client.snapshot()
        sources, series = tuple(await client.sources()), tuple(await client.series())
        batches = tuple(await client.batches()) if self.wishes.lists_batches else self.last.batches
        fresh = Seen(self._micros(), snapshot, series, sources, batches, problem="", is_attached=client.is_attached)
        return await self._with_points(fresh)

    async def _with_points(self, seen: Seen) -> Seen:
        wishes, loop = self.wishes, asyncio.get_running_loop()
        ids = tuple(one.id for one in choose(seen.series, wishes.series))
        is_due = self._drawn is None or self._drawn[:2] != (wishes.span, ids)
        is_due = is_due or (self._drawn is not None and loop.time() - self._drawn[2] >= wishes.span.every * 0.9)
        if not (ids and wishes.draws and wishes.is_visible and is_due):
            return replace(seen, points=self.last.points, start=self.last.start, end=self.last.end)
        end = seen.now
        start = end - wishes.span.seconds * 1_000_000
        points = await self._client.points(ids, start, end, _MOST_POINTS)
        self._drawn = wishes.span, ids, loop.time()
        return replace(seen, points=points, start=start, end=end)
