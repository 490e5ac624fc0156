"""Rate limits for cheap routes, in the memory of one process (moving window)."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import timedelta

from limits import parse

from pulse_chassis.http.problems import TooManyRequests


def parse_limit(text: str) -> tuple[int, int]:
    """Returns the uses and the seconds of a limit: 120 and 60 for "120/minute". Raises ValueError."""
    item = parse(text)
    return item.amount, item.get_expiry()


class RateLimits:
    """Counts uses by key: `await limits.check("login", "20/minute", key)` raises TooManyRequests beyond the limit.

    The limit is exact for every window of that length. Expired keys are removed with further uses. The storage of the
    `limits` package is not used, because it walks through all keys after each use. `clock` returns seconds and must be
    monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}

    async def check(self, name: str, limit: str, key: str, uses: int = 1) -> None:
        """Counts `uses`. Raises TooManyRequests with the time until all of them are allowed, and counts nothing
        then."""
        window, now = self._window(name, limit), self._clock()
        _require(window.wait(key, now, uses))
        for _ in range(uses):
            window.count(key, now)

    async def require_left(self, name: str, limit: str, key: str) -> None:
        """Like `check`, without counting. For uses that are known only later, such as failures."""
        _require(self._window(name, limit).wait(key, self._clock()))

    async def count(self, name: str, limit: str, key: str) -> None:
        """Counts one use, at most up to the limit. Raises nothing."""
        window, now = self._window(name, limit), self._clock()
        if not window.wait(key, now):
            window.count(key, now)

    def _window(self, name: str, limit: str) -> "_Window":
        window = self._windows.get((name, limit))
        if window is None:
            window = self._windows[name, limit] = _Window(*parse_limit(limit))
        return window

    def __len__(self) -> int:
        """Number of keys in memory."""
        return sum(len(window.uses) for window in self._windows.values())


class _Window:
    """The last uses of one limit by key, ordered by the last use of a key."""

    def __init__(self, amount: int, seconds: float) -> None:
        self._amount, self._seconds = amount, seconds
        self.uses: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str, now: float, more: int = 1) -> float:
        """Returns the seconds until `more` uses are allowed: zero if they are allowed immediately. More than the limit
        are allowed only while nothing is counted."""
        uses = self.uses.get(key)
        if uses is None or len(uses) + more <= self._amount:
            return 0.0
        in_the_way = min(len(uses) + more - self._amount, len(uses))
        return max(0.0, uses[in_the_way - 1] + self._seconds - now)

    def count(self, key: str, now: float) -> None:
        uses = self.uses.setdefault(key, deque(maxlen=self._amount))
        uses.append(now)
        self.uses.move_to_end(key)
        while uses[0] <= now - self._seconds:
            uses.popleft()
        while next(iter(self.uses.values()))[-1] <= now - self._seconds:
            self.uses.popitem(last=False)


def _require(wait: float) -> None:
    if wait:
        raise TooManyRequests(timedelta(seconds=max(1, math.ceil(wait))))
