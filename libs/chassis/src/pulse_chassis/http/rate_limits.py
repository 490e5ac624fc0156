"""Rate limits of cheap routes, in memory of one process (moving window)."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import timedelta

from limits import parse

from pulse_chassis.http.problems import TooManyRequests


def parse_limit(text: str) -> tuple[int, int]:
    """Uses and seconds of a limit: 120 and 60 for "120/minute". Raises ValueError."""
    item = parse(text)
    return item.amount, item.get_expiry()


class RateLimits:
    """`await limits.check("login", "20/minute", key)` raises TooManyRequests when the key has had its share.

    Exact: of any window's length at most so many uses were taken. What lies behind the window is forgotten as others
    come; `limits`' own storage walks through all its keys after each use, with a thread for each key. `clock` in
    seconds, never backwards."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}

    async def check(self, name: str, limit: str, key: str) -> None:
        """Counts one use. Raises TooManyRequests with the time until the next one is free."""
        window, now = self._window(name, limit), self._clock()
        _require(window.wait(key, now))
        window.count(key, now)

    async def require_left(self, name: str, limit: str, key: str) -> None:
        """As `check`, and counts nothing: for limits of what only turns out later, such as failures."""
        _require(self._window(name, limit).wait(key, self._clock()))

    async def count(self, name: str, limit: str, key: str) -> None:
        """Counts one use and refuses nothing."""
        window, now = self._window(name, limit), self._clock()
        if not window.wait(key, now):
            window.count(key, now)

    def _window(self, name: str, limit: str) -> "_Window":
        found = self._windows.get((name, limit))
        if found is None:
            found = self._windows[name, limit] = _Window(*parse_limit(limit))
        return found

    def __len__(self) -> int:
        """Keys that are remembered."""
        return sum(len(window.uses) for window in self._windows.values())


class _Window:
    """The last uses of one limit, by key; the key that was used last is the last."""

    def __init__(self, amount: int, seconds: float) -> None:
        self._amount, self._seconds = amount, seconds
        self.uses: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        """Seconds until the next use is free; 0 if it is."""
        uses = self.uses.get(key)
        if uses is None or len(uses) < self._amount:
            return 0.0
        return max(0.0, uses[0] + self._seconds - now)

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
