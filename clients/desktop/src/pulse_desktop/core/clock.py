"""Time as it is passed in: the wall clock says when a reading was taken, the monotonic clock paces everything."""

import time
from collections.abc import Callable
from dataclasses import dataclass


def _wall_micros() -> int:
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class Clock:
    """`micros`: microseconds since 1970 UTC, may jump. `monotonic`: seconds from any origin, never goes back."""

    micros: Callable[[], int] = _wall_micros
    monotonic: Callable[[], float] = time.monotonic
