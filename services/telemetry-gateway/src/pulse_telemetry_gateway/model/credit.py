"""How many batches a collector may have on their way: what is left of the chain of back-pressure when storing is slow,
and what keeps one device's million from standing before another's live reading."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CreditLimits:
    """`per_device`: the most for one. `least`: what even the slowest day leaves (one batch for each lane). `total`: for
    all devices together, which is what the broker holds out to this gateway. `wait_target`: seconds from arrival to
    commit that a batch should take. `active_for`: seconds for which a device that sent counts as sending."""

    per_device: int
    least: int
    total: int
    wait_target: float
    active_for: float = 2.0


class Credit:
    """A budget that shrinks by a fifth whenever a batch waited longer than the target and grows back in small steps
    (additive increase, multiplicative decrease: Chiu and Jain, 1989), divided among the devices that are sending.
    Times are seconds of any clock that does not go back."""

    def __init__(self, limits: CreditLimits) -> None:
        self._limits = limits
        self._budget = float(limits.total)
        self._seen: dict[str, float] = {}

    @property
    def budget(self) -> int:
        """Batches for all devices together."""
        return int(self._budget)

    @property
    def active(self) -> int:
        """Devices among which the budget is divided."""
        return len(self._seen)

    @property
    def each(self) -> int:
        """Batches for one device."""
        share = self._budget / max(1, len(self._seen))
        return int(max(self._limits.least, min(self._limits.per_device, share)))

    def note(self, devices: Iterable[str], waited: float, now: float) -> None:
        """A group of these devices was committed; its oldest batch had waited so long."""
        for device in devices:
            self._seen.pop(device, None)
            self._seen[device] = now
        while self._seen:
            device = next(iter(self._seen))  # the one that was heard of least recently
            if now - self._seen[device] <= self._limits.active_for:
                break
            del self._seen[device]
        if waited > self._limits.wait_target:
            self._budget = max(float(self._limits.least), self._budget * 0.8)
        else:
            self._budget = min(float(self._limits.total), self._budget + self._limits.total / 50)
