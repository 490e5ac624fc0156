"""How many messages of one device are handled: one that sends without end must not delay the others."""

_MAX_DEVICES = 10_000


class DeviceBudget:
    """A token bucket for each device. `rate`: messages a second. `burst`: messages at once, after a rest."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left: dict[str, tuple[float, int]] = {}

    def takes(self, device: str, now: int) -> bool:
        """Whether to handle another message of the device. `now`: microseconds."""
        left, at = self._left.get(device, (self._burst, now))
        left = min(self._burst, left + max(0, now - at) / 1_000_000 * self._rate)
        is_taken = left >= 1
        if len(self._left) >= _MAX_DEVICES and device not in self._left:
            self._left.clear()
        self._left[device] = (left - 1 if is_taken else left, now)
        return is_taken
