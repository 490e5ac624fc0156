"""How fast the backlog may drain: a part of the delivery machine; no I/O, no clock."""


class Throttle:
    """`rate`: readings a second; None: as many as credit allows; 0: paused."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self._next_at = float("-inf")

    def set(self, rate: float | None, now: float) -> None:
        """Holds from `now` on, also for what was to be delayed by the rate before."""
        self.rate, self._next_at = rate, now

    def allows(self, now: float) -> bool:
        """Whether a batch may go now."""
        return self.rate is None or (self.rate > 0 and now >= self._next_at)

    def took(self, readings: int, now: float) -> None:
        """A batch went."""
        if self.rate:
            self._next_at = max(self._next_at, now) + readings / self.rate

    def cut(self, batch: int) -> int:
        """Readings in a batch at most: at a low rate smaller ones, about one a second."""
        return max(1, min(batch, int(self.rate))) if self.rate else batch

    def due(self, now: float) -> list[float]:
        """When the next batch may go, if that is later than `now`."""
        return [self._next_at] if self.rate and self._next_at > now else []
