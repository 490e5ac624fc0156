"""Time as it is passed in: the wall clock says when a reading was taken, the monotonic clock paces everything."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def _wall_micros() -> int:
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class Clock:
    """`micros`: microseconds since 1970 UTC, may jump. `monotonic`: seconds from any origin, never goes back."""

    micros: Callable[[], int] = _wall_micros
    monotonic: Callable[[], float] = time.monotonic


_JUMP = 1.0
"""Seconds: clocks that are kept right move by milliseconds."""


class JumpWatch:
    """Notices when the wall clock goes on by more or less than the time that passed: it was set, or the machine slept
    (on Linux the monotonic clock stands still meanwhile)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before = self._look()

    def jump(self) -> float | None:
        """Seconds by which the wall clock jumped since the last call, negative backwards; None: it did not."""
        before, self._before = self._before, self._look()
        by = self._before - before
        return by if abs(by) > _JUMP else None

    def _look(self) -> float:
        return self._clock.micros() / 1e6 - self._clock.monotonic()
