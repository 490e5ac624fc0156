"""Refusals that the quarantine holds and the gateway does not know yet. Part of the delivery machine; no I/O."""

from pulse_contracts.ranges import EMPTY, Ranges, subtract, union
from pulse_contracts.telemetry import MAX_EPOCHS, MAX_RANGES, RefusalsKept


class Confirmations:
    """What the next hellos confirm. A confirmation is removed when a have answers its hello; a confirmation that the
    gateway missed is sent again, because the gateway repeats the refusal."""

    def __init__(self) -> None:
        self._waiting: dict[int, Ranges] = {}
        self._sent: tuple[RefusalsKept, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, epoch: int, ranges: Ranges) -> None:
        """The quarantine holds the refusals in these ranges."""
        self._waiting[epoch] = union(self._waiting.get(epoch, EMPTY), ranges)

    def next_part(self) -> list[RefusalsKept]:
        """As many confirmations as one hello can hold."""
        left, part = MAX_RANGES, []
        for epoch, ranges in list(self._waiting.items())[:MAX_EPOCHS]:
            if left:
                part.append(RefusalsKept(epoch=epoch, ranges=list(ranges[:left])))
                left -= len(part[-1].ranges)
        self._sent = tuple(part)
        return part

    def answered(self) -> None:
        """The gateway answered the hello with the last part."""
        for part in self._sent:
            rest = subtract(self._waiting.get(part.epoch, EMPTY), tuple(part.ranges))
            if rest:
                self._waiting[part.epoch] = rest
            else:
                self._waiting.pop(part.epoch, None)
        self._sent = ()
