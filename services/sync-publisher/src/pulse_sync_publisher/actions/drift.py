"""Compares a copy with the digest that its owner publishes, and requests a replay when events were missed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Literal

import structlog

from pulse_bus import Disconnected

log = structlog.get_logger("pulse.sync")
_GRACES: Final = 20
"""Times that `compare` waits for events that still arrive."""


class Drift:
    """`digest`: of the copy. `request`: publishes the request for a replay. `agrees`: a cheap proof that the copy is
    what was announced last; False proves nothing."""

    def __init__(
        self,
        copy: Literal["accounts", "collectors"],
        digest: Callable[[], Awaitable[str]],
        request: Callable[[str], Awaitable[None]],
        agrees: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._copy, self._digest, self._request, self._agrees = copy, digest, request, agrees
        self._newest: str | None = None
        self.received = asyncio.Event()

    def receive(self, set_: str) -> None:
        """Keeps the newest digest and sets `received`, which starts `compare`."""
        self._newest = set_
        self.received.set()

    async def compare(self, grace: timedelta, pause: timedelta) -> None:
        """Compares the newest digest with the copy. If they differ, waits `grace`, because the missing events may be in
        flight, and again while some still arrive. Then it requests a replay. Pauses for `pause` after each request.
        Raises Unavailable."""
        if not await self._differs():
            return
        before = await self._digest()
        for _ in range(_GRACES):
            await asyncio.sleep(grace.total_seconds())
            if not await self._differs():
                return
            reached = await self._digest()
            if reached == before:
                break
            before = reached
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
        if self._agrees is not None and await self._agrees():
            return False
        return self._newest is not None and self._newest != await self._digest()
