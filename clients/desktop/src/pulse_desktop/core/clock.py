"""The clocks of the collector, replaceable in tests. The wall clock timestamps readings; the monotonic clock measures
durations."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def _wall_micros() -> int:
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class Clock:
    """`micros`: microseconds since 1970 UTC, can jump. `monotonic`: seconds since an arbitrary start, never goes
    back."""

    micros: Callable[[], int] = _wall_micros
    monotonic: Callable[[], float] = time.monotonic


_JUMP = 1.0
"""Smallest difference that counts as a jump, in seconds. Time synchronisation corrects a clock by milliseconds only."""


class JumpWatch:
    """Detects jumps of the wall clock. It jumps when somebody sets it, and relative to the monotonic clock when the
    machine sleeps: on Linux the monotonic clock stops meanwhile."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._measure()

    def jump(self) -> float | None:
        """Seconds by which the wall clock jumped since the last call, negative for backwards; None for no jump."""
        before, self._offset = self._offset, self._measure()
        by = self._offset - before
        return by if abs(by) > _JUMP else None

    def _measure(self) -> float:
        return self._clock.micros() / 1e6 - self._clock.monotonic()
