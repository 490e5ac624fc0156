"""How many unacknowledged batches a collector may have in flight. Less credit when commits are slow is the gateway's
back-pressure, and keeps one device's backlog from delaying the live readings of others."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CreditLimits:
    """per_device: most batches of one device. least: credit that is always left (one batch for each lane). total:
    batches of all devices, equal to the broker's receive maximum. wait_target: seconds from arrival to commit that a
    batch should take. active_for: seconds for which a device counts as sending after its last batch."""

    per_device: int
    least: int
    total: int
    wait_target: float
    active_for: float = 2.0


class Credit:
    """A budget shared by the devices that are sending. It shrinks by a fifth when a batch waited longer than the
    target, and grows back in small steps (additive increase, multiplicative decrease: Chiu and Jain, 1989). Times are
    seconds of a monotonic clock."""

    def __init__(self, limits: CreditLimits) -> None:
        self._limits = limits
        self._budget = float(limits.total)
        self._seen: dict[str, float] = {}

    @property
    def budget(self) -> int:
        """Batches of all devices together."""
        return int(self._budget)

    @property
    def active(self) -> int:
        """Devices among which the budget is divided."""
        return len(self._seen)

    @property
    def each(self) -> int:
        """Batches of one device."""
        share = self._budget / max(1, len(self._seen))
        return int(max(self._limits.least, min(self._limits.per_device, share)))

    def note(self, devices: Iterable[str], waited: float, now: float) -> None:
        """Records that a group of these devices was committed, and how many seconds its oldest batch waited."""
        for device in devices:
            self._seen.pop(device, None)
            self._seen[device] = now
        while self._seen:
            device = next(iter(self._seen))  # the device that sent least recently
            if now - self._seen[device] <= self._limits.active_for:
                break
            del self._seen[device]
        if waited > self._limits.wait_target:
            self._budget = max(float(self._limits.least), self._budget * 0.8)
        else:
            self._budget = min(float(self._limits.total), self._budget + self._limits.total / 50)
