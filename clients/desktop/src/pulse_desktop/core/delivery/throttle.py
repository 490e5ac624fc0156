"""The operator's rate limit for old readings (the backlog lane).

Part of the delivery state machine: does no I/O, and callers pass the time.
"""


class Throttle:
    """`rate`: readings per second. None: no limit except the gateway's flow control (credit). 0: paused."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self._next_at = float("-inf")

    def set(self, rate: float | None, now: float) -> None:
        """Sets the rate from `now` on, and cancels the delay that the previous rate caused."""
        self.rate, self._next_at = rate, now

    def allows(self, now: float) -> bool:
        """Whether a batch may be sent now."""
        return self.rate is None or (self.rate > 0 and now >= self._next_at)

    def record(self, readings: int, now: float) -> None:
        """Records that a batch with this many readings was sent."""
        if self.rate:
            self._next_at = max(self._next_at, now) + readings / self.rate

    def limit(self, batch: int) -> int:
        """Maximum number of readings in the next batch, at most `batch`: about one second's worth at a low rate."""
        return max(1, min(batch, int(self.rate))) if self.rate else batch

    def due(self, now: float) -> list[float]:
        """When the next batch may be sent, if that is later than `now`."""
        return [self._next_at] if self.rate and self._next_at > now else []
