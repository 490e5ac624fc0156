"""How full the buffer is, how long until it is full, and when that is worth a warning. No I/O, no clock."""

import math
from dataclasses import dataclass

LEVELS = (0.50, 0.80, 0.95)
_CALM = 0.05
"""A level warns again only after the buffer was this much below it."""
_MEMORY = 60.0
"""Seconds over which the rate of filling is averaged."""


@dataclass(frozen=True)
class Fill:
    """`share`: 0 to 1. `seconds_left`: until full at the present rate; 0 when thinning or dropping has begun; None
    while it does not fill. `level`: the mark that it stands at or above, if any; `is_news`: it was just reached."""

    share: float
    seconds_left: int | None
    level: float | None
    is_news: bool


class FillWatch:
    """`look` about once a second."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._share = self._level = self._rate = 0.0

    def look(self, share: float, now: float, *, is_losing: bool) -> Fill:
        """`share`: how full it is; `now`: monotonic seconds; `is_losing`: readings were thinned or dropped since the
        last look, because it is full."""
        if self._at is not None and now > self._at:
            elapsed = now - self._at
            weight = -math.expm1(-elapsed / _MEMORY)
            self._rate += weight * ((share - self._share) / elapsed - self._rate)
        self._at, self._share = now, share
        reached = max((mark for mark in LEVELS if share >= mark), default=0.0)
        is_news = reached > self._level
        if is_news or share < self._level - _CALM:
            self._level = reached
        return Fill(share, self._left(is_losing=is_losing), self._level or None, is_news)

    def _left(self, *, is_losing: bool) -> int | None:
        if is_losing:
            return 0
        if self._rate <= 0:
            return None
        left = (1 - self._share) / self._rate
        return round(left) if left < 10 * 365 * 86_400 else None
