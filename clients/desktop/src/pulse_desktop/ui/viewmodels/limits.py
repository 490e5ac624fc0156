"""The rate limit of the backlog that a person can choose."""

import re

from pulse_desktop.client.port import ReplayLimit
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.words import Translate

RATES: tuple[float | None, ...] = (None, 100.0, 500.0, 1_000.0, 5_000.0, 20_000.0)
"""Readings per second; None: no limit."""

_RATE = re.compile(r"at most ([\d,.]+) readings per second")


def limit_of(replay: str) -> ReplayLimit:
    """The limit as a snapshot tells it (the text of a `ReplayLimit`)."""
    found = _RATE.search(replay)
    rate = float(found[1].replace(",", "")) if found else None
    return ReplayLimit(is_paused=replay.startswith("paused"), rate=rate or None)


def choices(current: ReplayLimit) -> list[float | None]:
    """The rates to offer; the current one is among them, in its place."""
    rates = {rate for rate in (*RATES, current.rate) if rate is not None}
    return [None, *sorted(rates)]


def rate_label(rate: float | None, tr: Translate) -> str:
    """The rate as the list shows it."""
    return tr("No limit") if rate is None else tr("{rate} readings/s").format(rate=numbers.rate(rate))
