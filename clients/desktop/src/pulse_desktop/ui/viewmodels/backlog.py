"""The progress of a backlog: how many of its readings are settled, at what rate, and how long the rest takes."""

import math
from dataclasses import dataclass

from pulse_desktop.core.status.snapshot import Snapshot
from pulse_desktop.ui.viewmodels.condition import is_backlog

_AVERAGING_SECONDS = 5.0
"""Time constant of the moving average of the rates."""


@dataclass(frozen=True)
class Progress:
    """`done` of `total` readings are settled. `share`: 0 to 1. `per_second`: settled readings per second.
    `seconds_left`: None while the backlog does not shrink."""

    done: int
    total: int
    share: float
    per_second: float
    seconds_left: float | None


class BacklogWatch:
    """Derives the progress from successive snapshots. `progress`: None while there is no backlog.

    A backlog begins with the first snapshot that has one, and ends when a snapshot has none. Readings that are produced
    meanwhile count as part of it, so that the share never exceeds what is left to do.
    """

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self._began: Snapshot | None = None
        self._last: Snapshot | None = None
        self._settled_rate = self._drain_rate = 0.0

    def update(self, snapshot: Snapshot) -> Progress | None:
        """Call with every new snapshot."""
        last, self._last = self._last, snapshot
        if not is_backlog(snapshot):
            self.progress = self._began = None
            self._settled_rate = self._drain_rate = 0.0
            return None
        if self._began is None or self._began.epoch != snapshot.epoch:  # the collector was restarted
            self._began, last = snapshot, None
            self._settled_rate = self._drain_rate = 0.0
        if last is not None and snapshot.written > last.written:
            elapsed = (snapshot.written - last.written) / 1e6
            weight = -math.expm1(-elapsed / _AVERAGING_SECONDS)
            drained = (last.waiting - snapshot.waiting) / elapsed
            self._settled_rate += weight * (snapshot.settled_per_second - self._settled_rate)
            self._drain_rate += weight * (drained - self._drain_rate)
        done = max(0, snapshot.settled - self._began.settled)
        total = done + snapshot.waiting
        left = snapshot.waiting / self._drain_rate if self._drain_rate > 0.5 else None
        self.progress = Progress(done, total, done / total if total else 0.0, self._settled_rate, left)
        return self.progress
