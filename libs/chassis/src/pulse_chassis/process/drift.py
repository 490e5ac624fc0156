"""Compares a copy with the digest that its owner publishes, and requests a replay when events were missed."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from pulse_bus import Disconnected

log = structlog.get_logger("pulse.drift")
_MAX_SETS: Final = 10_000
CHECK_EVERY: Final = timedelta(seconds=5)
"""Interval of the background job that calls `Drift.compare`."""


@dataclass(frozen=True)
class DriftTiming:
    """When a difference leads to a request.

    grace: no event must arrive for this long before a request.
    patience: the first request waits no longer than this for events that keep arriving.
    pause: time from the first request to the next. It doubles with each request, up to `pause_cap`.
    pause_cap: also the longest time that a later request waits for events that keep arriving.
    """

    grace: timedelta = timedelta(milliseconds=500)
    patience: timedelta = timedelta(minutes=1)
    pause: timedelta = timedelta(seconds=5)
    pause_cap: timedelta = timedelta(minutes=5)


@dataclass(frozen=True)
class Copy:
    """The copy that `Drift` compares.

    name: field of the logs.
    digest: the digest of the copy.
    request: publishes the request for a replay. Gets the digest of the copy.
    agrees: a cheap proof that the copy is the set that was announced last. False proves nothing.
    on_unhelped: called when the copy still differs after a replay.
    """

    name: str
    digest: Callable[[], Awaitable[str]]
    request: Callable[[str], Awaitable[None]]
    agrees: Callable[[], Awaitable[bool]] | None = None
    on_unhelped: Callable[[], Awaitable[None]] | None = None


class Drift:
    """Requests a replay when the copy differs from the newest digest and no event arrives.

    A digest can overtake events that wait behind a replay. So a request waits until nothing arrives for `grace`. The
    next request waits until the replay has been received, which is the same condition, and for the pause. The pause
    doubles until the copy agrees again. `clock` in seconds, monotonic.
    """

    def __init__(
        self,
        copy: Copy,
        timing: DriftTiming = DriftTiming(),  # frozen
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._copy, self._timing, self._clock, self._sleep = copy, timing, clock, sleep
        self._newest: str | None = None
        self._digests = self._compared = 0
        """How many digests arrived, and how many of them had arrived before the last comparison."""
        self._announced = deque[str](maxlen=_MAX_SETS)
        """The digests since the newest comparison found a difference."""
        self._in_flight = 0
        self._arrived = float("-inf")
        self._requests, self._not_before = 0, float("-inf")
        self.received = asyncio.Event()

    def receive(self, set_: str) -> None:
        """Keeps the newest digest and sets `received`, which starts `compare`."""
        self._newest = set_
        self._digests += 1
        self._announced.append(set_)
        self.received.set()

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """Surrounds the handling of each event, also of one that changes nothing."""
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            self._arrived = self._clock()

    async def compare(self) -> None:
        """Compares the copy with the newest digest, and requests a replay by the rules of the class. Call it when
        `received` is set, and every `CHECK_EVERY`: the owner may have been away when it was asked. Without a new digest
        it only does something when a request was made and the pause after it is over. Raises Unavailable."""
        digests = self._digests
        if digests == self._compared and (not self._requests or self._clock() < self._not_before):
            return
        await self._compare()
        self._compared = digests

    async def _compare(self) -> None:
        if await self._difference() is None or not await self._settled():
            self._requests, self._not_before = 0, float("-inf")
            return
        if self._requests and self._copy.on_unhelped is not None:
            await self._copy.on_unhelped()
        if self._clock() >= self._not_before:
            await self._request()

    async def _settled(self) -> bool:
        """Waits until no event arrives. Returns whether the copy still differs. The wait is bounded, but while the copy
        reaches sets that were announced during the wait, it is only late and has missed nothing."""
        longest = (self._timing.pause_cap if self._requests else self._timing.patience).total_seconds()
        end = self._clock() + longest
        self._announced.clear()
        while True:
            await self._sleep(self._timing.grace.total_seconds())
            have = await self._difference()
            if have is None:
                return False
            if self._is_quiet() or self._clock() >= end:
                return True
            if have in self._announced:
                self._announced.clear()
                end = self._clock() + longest

    def _is_quiet(self) -> bool:
        return self._in_flight == 0 and self._clock() - self._arrived >= self._timing.grace.total_seconds()

    async def _request(self) -> None:
        have = await self._difference()
        if have is None:
            return
        log.info("replay_requested", copy=self._copy.name, reason="digest_differs", requests=self._requests + 1)
        try:
            await self._copy.request(have)
        except Disconnected as error:  # the retained digest arrives again at the next connection
            log.debug("replay_not_requested", copy=self._copy.name, reason=str(error))
            return
        pause = min(self._timing.pause * 2 ** min(self._requests, 30), self._timing.pause_cap)
        self._not_before = self._clock() + pause.total_seconds()
        self._requests += 1

    async def _difference(self) -> str | None:
        """The digest of the copy. None: the copy is what was announced last."""
        if self._newest is None or (self._copy.agrees is not None and await self._copy.agrees()):
            return None
        have = await self._copy.digest()
        return None if have == self._newest else have
