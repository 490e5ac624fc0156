"""Recent values of one number that the window has seen, for sparklines and the chart of the buffer's depth."""

from collections import deque


class History:
    """At most `length` values with their times, oldest first."""

    def __init__(self, length: int) -> None:
        self._samples: deque[tuple[int, float]] = deque(maxlen=length)

    def add(self, t: int, value: float) -> None:
        """Keeps a value. A time that is not after the last one is ignored: the snapshot is the same. After the clock
        was set back, earlier values are forgotten."""
        if self._samples and t <= self._samples[-1][0]:
            if t > self._samples[-1][0] - 60_000_000:
                return
            self._samples.clear()
        self._samples.append((t, value))

    @property
    def times(self) -> list[int]:
        """Microseconds since 1970 UTC."""
        return [t for t, _ in self._samples]

    @property
    def values(self) -> list[float]:
        """The values at `times`."""
        return [value for _, value in self._samples]
