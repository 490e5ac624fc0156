"""Refused readings that are in the quarantine, which the collector has not confirmed to the gateway yet.

Part of the delivery state machine: does no I/O.
"""

from pulse_contracts.ranges import EMPTY, Ranges, subtract, union
from pulse_contracts.telemetry import MAX_EPOCHS, MAX_RANGES, RefusalsKept


class Confirmations:
    """The confirmations for the next `Hello` messages. A confirmation is removed when the gateway answers its `Hello`
    with a `Have`. If the gateway missed it, the gateway repeats the refusal, and the collector confirms again."""

    def __init__(self) -> None:
        self._waiting: dict[int, Ranges] = {}
        self._sent: tuple[RefusalsKept, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, epoch: int, ranges: Ranges) -> None:
        """Adds ranges whose refused readings are in the quarantine."""
        self._waiting[epoch] = union(self._waiting.get(epoch, EMPTY), ranges)

    def next_part(self) -> list[RefusalsKept]:
        """Returns as many confirmations as fit in one `Hello`."""
        left, part = MAX_RANGES, []
        for epoch, ranges in list(self._waiting.items())[:MAX_EPOCHS]:
            if left:
                part.append(RefusalsKept(epoch=epoch, ranges=list(ranges[:left])))
                left -= len(part[-1].ranges)
        self._sent = tuple(part)
        return part

    def answered(self) -> None:
        """Removes the confirmations of the last `next_part`, because the gateway answered that `Hello`."""
        for part in self._sent:
            rest = subtract(self._waiting.get(part.epoch, EMPTY), tuple(part.ranges))
            if rest:
                self._waiting[part.epoch] = rest
            else:
                self._waiting.pop(part.epoch, None)
        self._sent = ()
