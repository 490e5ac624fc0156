"""The fill level of the buffer: time until it is full, and warnings at each level. Does no I/O; callers pass the
time."""

import math
from dataclasses import dataclass

LEVELS = (0.50, 0.80, 0.95)
_HYSTERESIS = 0.05
"""A level warns again only after the share has fallen this far below it."""
_AVERAGING_SECONDS = 60.0
"""Time constant of the moving average of the fill rate."""


@dataclass(frozen=True)
class Fill:
    """`share`: 0 to 1. `seconds_left`: time until the buffer is full at the current rate; 0 while readings are evicted;
    None while the level does not rise. `level`: the highest warning level reached, if any. `is_new`: this update
    reached it."""

    share: float
    seconds_left: int | None
    level: float | None
    is_new: bool


class FillWatch:
    """Derives a `Fill` from successive shares. Call `update` about once per second."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._share = self._level = self._rate = 0.0

    def update(self, share: float, now: float, *, is_losing: bool) -> Fill:
        """`share`: how full the buffer is; `now`: monotonic seconds; `is_losing`: readings were thinned or dropped
        since the last update, because it is full."""
        if self._at is not None and now > self._at:
            elapsed = now - self._at
            weight = -math.expm1(-elapsed / _AVERAGING_SECONDS)
            self._rate += weight * ((share - self._share) / elapsed - self._rate)
        self._at, self._share = now, share
        reached = max((mark for mark in LEVELS if share >= mark), default=0.0)
        is_new = reached > self._level
        if is_new or share < self._level - _HYSTERESIS:
            self._level = reached
        return Fill(share, self._seconds_left(is_losing=is_losing), self._level or None, is_new)

    def _seconds_left(self, *, is_losing: bool) -> int | None:
        if is_losing:
            return 0
        if self._rate <= 0:
            return None
        left = (1 - self._share) / self._rate
        return round(left) if left < 10 * 365 * 86_400 else None
