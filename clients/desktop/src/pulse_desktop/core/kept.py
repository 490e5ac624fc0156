"""Refused readings that the quarantine holds, until the gateway has heard so. Part of the delivery machine; no I/O."""

from pulse_contracts.telemetry import MAX_EPOCHS, MAX_RANGES, RefusalsKept
from pulse_desktop.core.ranges import EMPTY, Ranges, subtract, union


class Confirmations:
    """What the next hello confirms. Forgotten once a have answered it: what the gateway did not hear of it repeats."""

    def __init__(self) -> None:
        self._waiting: dict[int, Ranges] = {}
        self._said: tuple[RefusalsKept, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, epoch: int, ranges: Ranges) -> None:
        """These are kept."""
        self._waiting[epoch] = union(self._waiting.get(epoch, EMPTY), ranges)

    def say(self) -> list[RefusalsKept]:
        """For a hello: as much as one holds."""
        left, said = MAX_RANGES, []
        for epoch, ranges in list(self._waiting.items())[:MAX_EPOCHS]:
            if left:
                said.append(RefusalsKept(epoch=epoch, ranges=list(ranges[:left])))
                left -= len(said[-1].ranges)
        self._said = tuple(said)
        return said

    def answered(self) -> None:
        """The gateway has taken what was said last."""
        for part in self._said:
            rest = subtract(self._waiting.get(part.epoch, EMPTY), tuple(part.ranges))
            if rest:
                self._waiting[part.epoch] = rest
            else:
                self._waiting.pop(part.epoch, None)
        self._said = ()
