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
        item = self._items.setdefault(limit, parse(limit))
        if not await self._limiter.hit(item, name, key):
            window = await self._limiter.get_window_stats(item, name, key)
            raise TooManyRequests(timedelta(seconds=max(1, math.ceil(window.reset_time - time.time()))))
