"""How often something happens: the average rate of the last ten seconds. Does no I/O."""

from collections import deque

from pulse_desktop.core.clock import Clock

_SECONDS = 10


class Rate:
    """Counts in slots of one second. Before ten seconds have passed, averages over the time since the start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._slots: deque[tuple[int, int]] = deque(maxlen=_SECONDS + 1)

    def add(self, n: int) -> None:
        """Counts `n` more."""
        second = int(self._clock.monotonic())
        if self._slots and self._slots[-1][0] == second:
            self._slots[-1] = second, self._slots[-1][1] + n
        else:
            self._slots.append((second, n))

    @property
    def per_second(self) -> float:
        """The average rate."""
        now = self._clock.monotonic()
        count = sum(n for second, n in self._slots if second > now - _SECONDS)
        return count / min(_SECONDS, max(1.0, now - self._started))
