"""How often a device may do what costs others something: a token bucket for each. Pure, without a clock of its own."""

_REMEMBERED = 10_000


class Pace:
    """`rate` times a second, and `burst` times after a rest. Times are seconds of a clock that does not go back."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, float(burst)
        self._filled: dict[str, tuple[float, float]] = {}

    def allows(self, device: str, now: float) -> bool:
        """Whether it may now; then it counts as done."""
        if self._tokens(device, now) < 1:
            return False
        self.delay(device, now)
        return True

    def delay(self, device: str, now: float) -> float:
        """Counts one more, and says how many seconds it has to wait for its turn."""
        tokens = self._tokens(device, now) - 1
        self._filled.pop(device, None)
        self._filled[device] = tokens, now
        if len(self._filled) > _REMEMBERED:
            del self._filled[next(iter(self._filled))]  # the one that has rested for longest
        return max(0.0, -tokens / self._rate)

    def _tokens(self, device: str, now: float) -> float:
        tokens, at = self._filled.get(device, (self._burst, now))
        return min(self._burst, tokens + (now - at) * self._rate)
