"""Rate limits of cheap routes, in memory of one process (moving window)."""

import math
import time
from datetime import timedelta

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from pulse_chassis.problems import TooManyRequests


class RateLimits:
    """`await limits.check("login", "20/minute", key)` raises TooManyRequests when the key has had its share."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._items: dict[str, RateLimitItem] = {}

    async def check(self, name: str, limit: str, key: str) -> None:
        """Counts one use. Raises TooManyRequests with the time until the next one is free."""
        if not await self._limiter.hit(self._item(limit), name, key):
            raise await self._refusal(name, limit, key)

    async def require_left(self, name: str, limit: str, key: str) -> None:
        """As `check`, and counts nothing: for limits of what only turns out later, such as failures."""
        if not await self._limiter.test(self._item(limit), name, key):
            raise await self._refusal(name, limit, key)

    async def count(self, name: str, limit: str, key: str) -> None:
        """Counts one use and refuses nothing."""
        await self._limiter.hit(self._item(limit), name, key)

    def _item(self, limit: str) -> RateLimitItem:
        return self._items.setdefault(limit, parse(limit))

    async def _refusal(self, name: str, limit: str, key: str) -> TooManyRequests:
        window = await self._limiter.get_window_stats(self._item(limit), name, key)
        return TooManyRequests(timedelta(seconds=max(1, math.ceil(window.reset_time - time.time()))))
