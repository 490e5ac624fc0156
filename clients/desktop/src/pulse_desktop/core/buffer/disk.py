"""The open buffer file and its failure state. Module `recovery` recovers from failures."""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog

from pulse_contracts.ranges import Ranges
from pulse_desktop.core.buffer.ballast import Ballast
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Epoch, Holdings, Settlement, StoreFailure
from pulse_desktop.core.storage.opening import open_store, rescue
from pulse_desktop.core.storage.store import Store

T = TypeVar("T")
log = structlog.get_logger("pulse.desktop.buffer")

_RETRY_SECONDS = 1.0
_MAX_OWED = 1_000
"""Maximum number of settlements in memory that are not on disk yet."""


class Disk:
    """`failure`: why the disk cannot be used now, None while it works. `found`: what the file held at
    startup. `keeps`: whether settled readings are kept. Raises StoreFailure if the file cannot be opened."""

    def __init__(self, folder: Path, limits: BufferLimits, clock: Clock) -> None:
        self._folder, self._limits, self._clock = folder, limits, clock
        self.keeps = limits.keep_settled > 0
        self._ballast = Ballast(folder)
        self.failure: StoreFailure | None = None
        self._retry_at = 0.0
        self._corrupt = ""
        """Why the file is corrupt, until a new file replaces it."""
        self._must_reconcile = False
        self._owed: deque[Settlement] = deque(maxlen=_MAX_OWED)
        self.store, self.found = self._open()
        self.is_open = True
        self._ballast.fill()

    def _open(self) -> tuple[Store, Holdings]:
        return self._with_ballast(lambda: open_store(self._folder, self._limits, self._clock))

    def _with_ballast(self, work: Callable[[], T]) -> T:
        """Runs `work`. If the disk is full, frees the ballast and tries once more."""
        try:
            return work()
        except StoreFailure as failure:
            if failure.kind != "full" or not self._ballast.free():
                raise
            return work()

    # -- the normal path

    def run(self, work: Callable[[Store], T]) -> T:
        """Runs `work` on the store. Raises StoreFailure and stores it in `failure`. While the file is closed, raises
        the stored failure without running `work`."""
        if not self.is_open and self.failure is not None:
            raise self.failure
        try:
            return work(self.store)
        except StoreFailure as failure:
            self.fail(failure)
            raise

    def settle(self, settlements: list[Settlement]) -> None:
        """Keeps settlements in memory until `settle_owed` writes them to disk. Beyond 1,000, discards the oldest: their
        readings are sent again, and the gateway acknowledges them again."""
        self._owed.extend(settlements)

    @property
    def is_settled(self) -> bool:
        """Whether every settlement is durable."""
        return not self._owed

    def settle_owed(self, running: Epoch) -> None:
        """Writes the settlements in memory to disk. On a full disk, keeps no settled readings, and deletes the ballast
        first. Raises StoreFailure."""
        if not self._owed:
            return
        try:
            self._settle(running, keeps=self.keeps)
        except StoreFailure as failure:
            if failure.kind != "full" or not (self._ballast.free() or self.keeps):
                raise
            self._settle(running, keeps=False)
            self.store.shrink()
        self._owed.clear()

    def _settle(self, running: Epoch, *, keeps: bool) -> None:
        self.store.settle(list(self._owed), running, self._clock.micros(), keeps=keeps)

    def restore_kept(self, running: Epoch, epoch: int, ranges: Ranges) -> Ranges:
        """See `Store.restore_kept`. Settlements in memory are written first, because they could remove these readings
        later. Raises StoreFailure."""
        self.settle_owed(running)
        return self.run(lambda store: store.restore_kept(epoch, ranges))

    def expire_kept(self, running: Epoch) -> None:
        """Deletes settled readings that were kept for long enough. Raises StoreFailure."""
        if self.keeps:
            before = self._clock.micros() - int(self._limits.keep_settled * 1_000_000)
            self.store.expire(running, before)

    def fill_ballast(self) -> None:
        """Restores the ballast when the disk has room again."""
        self._ballast.fill()

    def close(self) -> None:
        """Closes the file."""
        if self.is_open:
            self.store.close()

    # -- the recovery path

    @property
    def is_retry_due(self) -> bool:
        """Whether there is no failure, or the time for the next attempt has come."""
        return self.failure is None or self._clock.monotonic() >= self._retry_at

    @property
    def must_reopen(self) -> bool:
        """Whether the file must be closed and opened again. Not necessary if the disk was only full."""
        return self._must_reconcile or (self.failure is not None and self.failure.kind != "full")

    def fail(self, failure: StoreFailure) -> None:
        """Stores the failure and schedules the next attempt. Logs a failure only if its kind has changed."""
        if self.failure is None or self.failure.kind != failure.kind:
            log.error("buffer_unavailable", kind=failure.kind, detail=failure.detail)
        self.failure = failure
        if failure.kind == "corrupt":
            self._corrupt, self._must_reconcile = failure.detail, True
        self._retry_at = self._clock.monotonic() + _RETRY_SECONDS

    def reopen(self) -> Holdings:
        """Opens the file again, after replacing a corrupt one. Returns what it holds. `must_reopen` stays true
        until `reconciled` is called. Raises StoreFailure."""
        self._must_reconcile = True
        self.store.close()
        self.is_open = False
        if self._corrupt:
            self._with_ballast(lambda: rescue(self._folder, self._corrupt, self._limits, self._clock))
            self._corrupt = ""
        self.store, found = self._open()
        self.is_open = True
        return found

    def reconciled(self) -> None:
        """Call this when memory and file agree again."""
        self._must_reconcile = False

    def recovered(self, lost_in_memory: int) -> None:
        """Clears the failure. `lost_in_memory`: number of readings lost during the failure."""
        if self.failure is not None:
            log.info("buffer_recovered", failure=str(self.failure), lost_in_memory=lost_in_memory)
        self.failure = None
