"""Limits how often a device may cause work: one token bucket per device. Callers pass the time."""

_REMEMBERED = 10_000


class TokenBuckets:
    """Allows `rate` events a second, and `burst` events after a rest. Times are seconds of a monotonic clock."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, float(burst)
        self._filled: dict[str, tuple[float, float]] = {}

    def allows(self, device: str, now: float) -> bool:
        """Whether the device may act now. If so, takes a token."""
        if self._tokens(device, now) < 1:
            return False
        self.delay(device, now)
        return True

    def delay(self, device: str, now: float) -> float:
        """Takes a token and returns the seconds to wait until it is due."""
        tokens = self._tokens(device, now) - 1
        self._filled.pop(device, None)
        self._filled[device] = tokens, now
        if len(self._filled) > _REMEMBERED:
            del self._filled[next(iter(self._filled))]  # the device that has been idle for longest
        return max(0.0, -tokens / self._rate)

    def _tokens(self, device: str, now: float) -> float:
        tokens, at = self._filled.get(device, (self._burst, now))
        return min(self._burst, tokens + (now - at) * self._rate)
