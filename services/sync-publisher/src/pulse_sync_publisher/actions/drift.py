"""Compares a copy with the digest that its owner publishes, and requests a replay when events were missed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal

import structlog

from pulse_bus import Disconnected

log = structlog.get_logger("pulse.sync")


class Drift:
    """`digest`: of the copy. `request`: publishes the request for a replay."""

    def __init__(
        self,
        copy: Literal["accounts", "collectors"],
        digest: Callable[[], Awaitable[str]],
        request: Callable[[str], Awaitable[None]],
    ) -> None:
        self._copy, self._digest, self._request = copy, digest, request
        self._newest: str | None = None
        self.received = asyncio.Event()

    def receive(self, set_: str) -> None:
        """Keeps the newest digest and sets `received`, which starts `compare`."""
        self._newest = set_
        self.received.set()

    async def compare(self, grace: timedelta, pause: timedelta) -> None:
        """Compares the newest digest with the copy. If they differ, waits `grace`, because the missing events may be in
        flight, and compares again before it requests a replay. Pauses for `pause` after each request. Raises
        Unavailable."""
        if await self._differs():
            await asyncio.sleep(grace.total_seconds())
            if await self.request_replay_if_different():
                await asyncio.sleep(pause.total_seconds())

    async def request_replay_if_different(self) -> bool:
        """Requests a replay if the digests differ. Returns whether it did. Raises Unavailable."""
        have = await self._digest()
        if self._newest is None or self._newest == have:
            return False
        log.info("replay_requested", copy=self._copy, reason="digest_differs")
        try:
            await self._request(have)
        except Disconnected:
            return False  # the retained digest arrives again at the next connection
        return True

    async def _differs(self) -> bool:
        return self._newest is not None and self._newest != await self._digest()
