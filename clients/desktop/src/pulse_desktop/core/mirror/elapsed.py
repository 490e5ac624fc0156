"""This collector's own time: it never goes back, and survives restarts (protocol B3)."""

from pulse_desktop.core.clock import Clock

SUSPECT_MICROS = 60_000_000
"""A wall clock that is behind by more than this makes the time suspect."""


class ElapsedTime:
    """The maximum of the wall clock and of the persisted time plus the monotonic clock, in microseconds since 1970.
    `persisted`: the last time that the keystore remembers."""

    def __init__(self, persisted: int, clock: Clock) -> None:
        self._base, self._clock, self._start = persisted, clock, clock.monotonic()

    def now(self) -> int:
        """The elapsed time."""
        return max(self._base + int((self._clock.monotonic() - self._start) * 1e6), self._clock.micros())

    @property
    def is_suspect(self) -> bool:
        """Whether the wall clock went back. The age of the mirror is then unknown, and nobody may sign in offline."""
        return self._clock.micros() < self.now() - SUSPECT_MICROS

    def agrees(self, t: int) -> bool:
        """Whether another clock that shows `t` confirms the wall clock."""
        return abs(self._clock.micros() - t) <= SUSPECT_MICROS

    def reset(self) -> None:
        """Continues from the wall clock."""
        self._base, self._start = self._clock.micros(), self._clock.monotonic()

    def advance(self) -> int:
        """Continues from the elapsed time, and returns it. Call it before the value is persisted."""
        self._base, self._start = self.now(), self._clock.monotonic()
        return self._base
