"""Lost readings. The collector declares them to the gateway again until a `BatchAck` or a `Have` covers them.

Part of the delivery state machine: does no I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from pulse_contracts.ranges import EMPTY, Ranges, intersect, subtract, union
from pulse_contracts.telemetry import Dropped, DropReason
from pulse_desktop.core.delivery.signals import DeclareLoss, Policy
from pulse_desktop.core.model import Drop


@dataclass
class _Loss:
    """Every unacknowledged loss of one epoch for one reason."""

    ranges: Ranges = EMPTY
    first: int | None = None
    last: int | None = None
    tries: int = 0
    due: float = float("-inf")


class Losses:
    """Losses that the gateway has not acknowledged."""

    def __init__(self, known: Iterable[Drop], policy: Policy, rng: Random) -> None:
        self._policy, self._rng = policy, rng
        self._losses: dict[tuple[int, DropReason], _Loss] = {}
        self.add(known, float("-inf"))

    @property
    def epochs(self) -> set[int]:
        """Epochs with unacknowledged losses."""
        return {epoch for epoch, _ in self._losses}

    def of(self, epoch: int) -> Ranges:
        """Unacknowledged losses of one epoch."""
        ranges = EMPTY
        for (other, _), loss in self._losses.items():
            if other == epoch:
                ranges = union(ranges, loss.ranges)
        return ranges

    def due(self) -> list[float]:
        """The times at which each loss must be declared again."""
        return [loss.due for loss in self._losses.values()]

    def add(self, drops: Iterable[Drop], now: float) -> None:
        """Adds lost readings. Their declaration is due immediately."""
        for drop in drops:
            loss = self._losses.setdefault((drop.epoch, drop.reason), _Loss())
            loss.ranges = union(loss.ranges, (drop.range,))
            loss.first = min((t for t in (loss.first, drop.first) if t is not None), default=None)
            loss.last = max((t for t in (loss.last, drop.last) if t is not None), default=None)
            loss.tries, loss.due = 0, now

    def declare_all_again(self, now: float) -> None:
        """Makes every loss due at `now`, because the connection is new."""
        for loss in self._losses.values():
            loss.tries, loss.due = 0, now

    def acknowledge(self, epoch: int, ranges: Ranges) -> Ranges:
        """Removes the losses in ranges that the gateway settled. Returns these losses."""
        known = EMPTY
        for key, loss in list(self._losses.items()):
            if key[0] != epoch:
                continue
            known = union(known, intersect(loss.ranges, ranges))
            loss.ranges = subtract(loss.ranges, ranges)
            if not loss.ranges:
                del self._losses[key]
        return known

    def declare(self, session: str, ords: Mapping[int, int], now: float) -> list[DeclareLoss]:
        """Returns the declarations that are due at `now`, and schedules their retries."""
        out = []
        for (epoch, reason), loss in self._losses.items():
            if now < loss.due:
                continue
            timeout = self._policy.timeout_after(loss.tries)
            loss.due = now + timeout * (1 + self._policy.jitter * self._rng.random())
            loss.tries += 1
            dropped = Dropped(
                epoch=epoch,
                ord=ords.get(epoch, 0),
                ranges=list(loss.ranges[: self._policy.drop_ranges]),
                reason=reason,
                first=loss.first,
                last=loss.last,
            )
            out.append(DeclareLoss(session, dropped))
        return out
