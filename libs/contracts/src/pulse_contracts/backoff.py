"""How long to wait before a retry. Pure arithmetic: no clock and no I/O."""

import random

_MOST_DOUBLINGS = 16


def retry_delay(failures: int, floor: float, cap: float, rng: random.Random) -> float:
    """Seconds to wait after the n-th failure in a row: exponential back-off with jitter.

    The delay lies between half of and the whole of `min(cap, floor * 2 ** (failures - 1))` seconds. The jitter keeps
    many processes from retrying at the same moment (AWS Architecture Blog, "Exponential Backoff And Jitter").
    Raises ValueError when `failures` is below 1.
    """
    if failures < 1:
        raise ValueError(f"failures must be at least 1, got {failures}")
    doublings = 1 << min(failures - 1, _MOST_DOUBLINGS)
    return min(cap, floor * doublings) * rng.uniform(0.5, 1.0)
