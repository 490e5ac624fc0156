"""Delays before a retry. Pure functions."""

import random

_MOST_DOUBLINGS = 16


def backoff(failures: int, floor: float, cap: float) -> float:
    """Returns the seconds to wait after this many failures in a row: `floor`, doubled with each further failure, at
    most `cap`. Zero without a failure."""
    if failures < 1:
        return 0.0
    return float(min(cap, floor * (1 << min(failures - 1, _MOST_DOUBLINGS))))


def retry_delay(failures: int, floor: float, cap: float, rng: random.Random) -> float:
    """Returns a random value between half of `backoff` and all of it. The jitter keeps many processes from retrying at
    the same moment (AWS Architecture Blog, "Exponential Backoff And Jitter")."""
    return backoff(failures, floor, cap) * rng.uniform(0.5, 1.0)
