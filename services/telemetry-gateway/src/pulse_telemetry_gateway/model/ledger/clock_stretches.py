"""Detects when a device's clock was off. A live reading is sent within a moment of its time, so the difference between
sending and arrival is the offset of the clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from pulse_telemetry_gateway.model.ledger.settling import Piece

_DAY: Final = 86_400_000_000


@dataclass(frozen=True)
class ClockLimits:
    """Microseconds. Nothing arrives before it is sent, so a clock that is ahead shows immediately. A message may be
    delayed on its way, so a clock counts as behind only after a longer time. A message that the broker kept for longer
    is marked too."""

    ahead: int = 2_000_000
    behind: int = 60_000_000


class ClockStretch(NamedTuple):
    """Readings of one day (by the device's time) that were sent live with the same size of offset. offset: received
    minus sent, in microseconds. step: sign and number of bits of the offset in seconds."""

    device_id: int
    day: int
    epoch: int
    step: int
    t_min: int
    t_max: int
    offset: int


def clock_stretches(pieces: Iterable[Piece], limits: ClockLimits) -> list[ClockStretch]:
    """The newly stored readings whose clock was off, one entry for each row of the table."""
    found: dict[tuple[int, int, int, int], ClockStretch] = {}
    for arrival, columns in pieces:
        offset = arrival.received - arrival.sent
        if arrival.lane != "live" or -limits.ahead <= offset <= limits.behind:
            continue
        step = (abs(offset) // 1_000_000).bit_length() * (1 if offset > 0 else -1)
        for day in sorted(set((columns.t // _DAY).tolist())):
            mine = columns.t[columns.t // _DAY == day]
            key = (arrival.device_id, day, arrival.epoch, step)
            one = ClockStretch(*key, int(mine.min()), int(mine.max()), offset)
            if (before := found.get(key)) is not None:
                one = one._replace(t_min=min(one.t_min, before.t_min), t_max=max(one.t_max, before.t_max))
            found[key] = one
    return [found[key] for key in sorted(found)]
