"""The newest batches that were sent, and whether they were acknowledged: for people only. Does no I/O."""

from collections import deque
from dataclasses import dataclass, replace

from pulse_contracts.ranges import Ranges, subtract
from pulse_desktop.core.delivery.signals import SendBatch
from pulse_desktop.core.model import Slice

_KEPT = 20


@dataclass(frozen=True)
class Batch:
    """A batch of `readings` readings. `number`: of its lease. `state`: "in_flight" or "acknowledged". `t`: when it was
    sent, microseconds since 1970 UTC. `lane`: "live" or "backlog"."""

    number: int
    readings: int
    state: str
    t: int
    lane: str


@dataclass
class _Sent:
    batch: Batch
    epoch: int
    unsettled: Ranges


class Sends:
    """The newest 20 batches."""

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque(maxlen=_KEPT)

    def add(self, command: SendBatch, piece: Slice, t: int) -> None:
        """These readings are about to be sent."""
        n = len(piece.readings)
        batch = Batch(command.lease, n, "in_flight", t, command.lane)
        self._sent.append(_Sent(batch, piece.epoch, ((piece.lo, piece.lo + n),)))

    def settle(self, epoch: int, ranges: Ranges) -> None:
        """The gateway acknowledged these readings."""
        for sent in self._sent:
            if sent.epoch == epoch and sent.unsettled:
                sent.unsettled = subtract(sent.unsettled, ranges)
                if not sent.unsettled:
                    sent.batch = replace(sent.batch, state="acknowledged")

    @property
    def newest(self) -> list[Batch]:
        """The batches, newest first."""
        return [sent.batch for sent in reversed(self._sent)]
