"""When a device's clock was off: told by what it sends live, which is no older than a moment when it is sent. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from pulse_telemetry_gateway.model.settling import Piece

_DAY: Final = 86_400_000_000


@dataclass(frozen=True)
class ClockLimits:
    """Microseconds. Nothing arrives before it is sent, so a clock that is `ahead` by more shows at once. A message may
    be held up on its way, so a clock counts as behind only from `behind` on: the broker rarely keeps one for longer,
    and one that it did is marked too."""

    ahead: int = 2_000_000
    behind: int = 60_000_000


class Stretch(NamedTuple):
    """Readings of one day of the device's time, `t_min` to `t_max`, sent live with such an offset (received - sent)."""

    device_id: int
    day: int
    epoch: int
    step: int
    t_min: int
    t_max: int
    offset: int


def stretches(pieces: Iterable[Piece], limits: ClockLimits) -> list[Stretch]:
    """Those of the newly stored readings whose clock was off, one for each row of the table."""
    found: dict[tuple[int, int, int, int], Stretch] = {}
    for arrival, columns in pieces:
        offset = arrival.received - arrival.sent
        if arrival.lane != "live" or -limits.ahead <= offset <= limits.behind:
            continue
        step = (abs(offset) // 1_000_000).bit_length() * (1 if offset > 0 else -1)
        for day in sorted(set((columns.t // _DAY).tolist())):
            mine = columns.t[columns.t // _DAY == day]
            key = (arrival.device_id, day, arrival.epoch, step)
            one = Stretch(*key, int(mine.min()), int(mine.max()), offset)
            if (before := found.get(key)) is not None:
                one = one._replace(t_min=min(one.t_min, before.t_min), t_max=max(one.t_max, before.t_max))
            found[key] = one
    return [found[key] for key in sorted(found)]
