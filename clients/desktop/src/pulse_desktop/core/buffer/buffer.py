"""The buffer: gives each reading its sequence number and keeps the reading until it is settled.

Synchronous and owned by one thread (`thread` makes it asynchronous). This module is the normal path; `recovery` handles
failures. While the disk fails, no sequence numbers are assigned: readings wait in a bounded ring in memory, and the
buffer counts the ones that the ring loses.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import structlog

from pulse_contracts.ranges import Ranges, intersect
from pulse_contracts.telemetry import MAX_ORD, SeriesDeclaration
from pulse_desktop.core.buffer.contents import Contents
from pulse_desktop.core.buffer.disk import Disk
from pulse_desktop.core.buffer.journal import Journal
from pulse_desktop.core.buffer.recovery import Recovery
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import (
    Appended,
    BlockUnreadable,
    BufferLimits,
    Counts,
    Drop,
    Epoch,
    Evictable,
    Holdings,
    Reading,
    SeriesSpec,
    SeriesTable,
    Settlement,
    Slice,
    StoreFailure,
    Usage,
)
from pulse_desktop.core.storage.store import Store

log = structlog.get_logger("pulse.desktop.buffer")

_GROUP = 5_000
"""Maximum number of readings in one transaction."""


class Buffer:
    """One epoch on one file. `epoch`: a random id that no process used before. Raises StoreFailure when the file cannot
    be opened."""

    def __init__(
        self, folder: Path, epoch: int, limits: BufferLimits, clock: Clock, journal: Journal | None = None
    ) -> None:
        self._limits, self._clock, self._journal = limits, clock, journal
        self._disk = Disk(folder, limits, clock)
        self.holdings: Holdings = self._disk.found
        """What the file held when this epoch began."""
        ord_ = min(self.holdings.highest_ord + 1, MAX_ORD)
        self._contents = Contents(Epoch(epoch, ord_), self.holdings, journal)
        self._recovery = Recovery(self._disk, self._contents, clock)
        self._ring: deque[Reading] = deque()
        self._series: dict[int, SeriesDeclaration] = {s.id: s for s in self._store.series()}

    @property
    def _store(self) -> Store:
        return self._disk.store

    @property
    def epoch(self) -> Epoch:
        """The running epoch."""
        return self._contents.epoch

    @property
    def table(self) -> SeriesTable:
        """Every series of this disk, by id."""
        return tuple(self._series.values())

    @property
    def waiting(self) -> int:
        """Durable readings that are not settled."""
        return self._contents.waiting

    @property
    def next(self) -> int:
        """The next sequence number of the running epoch."""
        return self._contents.next

    @property
    def counts(self) -> Counts:
        """Readings since the process started."""
        return self._contents.counts

    @property
    def fault(self) -> str:
        """Why the disk cannot be used now; empty while it works."""
        return "" if self._disk.failure is None else str(self._disk.failure)

    # -- in

    def declare(self, specs: Iterable[SeriesSpec]) -> SeriesTable:
        """Adds series and returns the whole table. Raises ValueError for a series that the protocol does not allow, and
        StoreFailure while the disk fails."""
        new = list(specs)
        for spec in new:  # nothing may get into the table that cannot be published
            SeriesDeclaration(id=0, **asdict(spec))
        table = self._disk.run(lambda store: store.declare(new))
        self._series = {s.id: s for s in table}
        return table

    def append(self, readings: Sequence[Reading]) -> Appended:
        """Adds readings and returns what became durable. That is nothing while the disk fails, and more than
        `readings` once it works again."""
        self.counts.produced += len(readings)
        self._ring.extend(readings)
        if self._disk.is_retry_due:
            try:
                if self._disk.failure is not None:
                    self._recovery.recover(self.table)
                while self._ring or self._contents.in_doubt.readings:
                    self._commit_group()
                self._disk.recovered(self.counts.lost_in_memory)
            except StoreFailure as failure:
                self._disk.fail(failure)
        self._bound_ring()
        return self._contents.take_report()

    def _commit_group(self) -> None:
        contents, doubt = self._contents, self._contents.in_doubt
        if not doubt.readings:
            doubt.lo = contents.next
            doubt.readings = self._take_group()
        lo, hi = doubt.range
        self._prepare(contents.epoch.id, lo, doubt.readings)
        evicted = self._store.append(contents.epoch, lo, doubt.readings, self._evictable())
        contents.add_summaries(evicted.summarised)
        contents.drop_and_report(evicted.lost)
        contents.add_committed(lo, hi)

    def _take_group(self) -> list[Reading]:
        if len(self._ring) > _GROUP:
            return [self._ring.popleft() for _ in range(_GROUP)]
        group = list(self._ring)
        self._ring.clear()
        return group

    def _evictable(self) -> Evictable:
        contents = self._contents
        return Evictable(contents.waiting, contents.never_sent, contents.summary_next, self._announce)

    def _announce(self, epoch: int, lo: int, summaries: Sequence[Reading]) -> None:
        self._prepare(epoch, lo, summaries)

    def _prepare(self, epoch: int, lo: int, readings: Sequence[Reading]) -> None:
        if self._journal is not None:
            self._journal.prepare(epoch, lo, readings, self._series)

    def _bound_ring(self) -> None:
        while len(self._ring) > self._limits.ring:
            self._ring.popleft()
            self.counts.lost_in_memory += 1

    # -- out

    def read(self, epoch: int, lo: int, hi: int) -> Slice | None:
        """See `Store.read`; None also while the disk fails. The whole range counts as sent and is never thinned."""
        if not self._disk.is_open:
            return None
        self._contents.mark_sent(epoch, lo, hi)
        try:
            return self._store.read(epoch, lo, hi)
        except StoreFailure as failure:
            self._disk.fail(failure)
            return None

    def settle(self, settlements: Sequence[Settlement]) -> bool:
        """Removes settled readings. Returns whether the removal is durable; if not, the buffer retries it later."""
        for settlement in settlements:
            self._contents.settle(settlement)
        self._disk.settle(list(settlements))
        if self._disk.failure is None:
            try:
                self._disk.settle_owed(self.epoch)
            except StoreFailure as failure:
                self._disk.fail(failure)
        return self._disk.is_settled

    def restore_kept(self, epoch: int, ranges: Ranges) -> Ranges | None:
        """Makes settled readings that the gateway no longer has unsettled again. Returns which of them are still in the
        file; None while the disk fails."""
        try:
            found = self._disk.restore_kept(self.epoch, epoch, ranges)
        except StoreFailure as failure:
            self._disk.fail(failure)
            return None
        self._contents.restore(epoch, found)
        return found

    def quarantine(self, epoch: int, seq: int, code: str) -> list[Drop]:
        """Moves one reading that the gateway never answered to the quarantine. Records and returns its loss.
        Raises StoreFailure."""
        drop = self._disk.run(lambda store: store.quarantine(epoch, seq, code, self._clock.micros()))
        drops = [drop] if drop is not None else []
        if not drops and intersect(self._contents.of(epoch), ((seq, seq + 1),)):  # the file lost it: declare that
            drops = [Drop(epoch, seq, seq + 1, "unreadable")]
            self._record(drops)
        self._contents.drop(drops)
        return drops

    def drop_unreadable(self, block: BlockUnreadable) -> list[Drop]:
        """Records and returns the loss of a block's unsettled readings. Raises StoreFailure."""
        log.error("block_unreadable", epoch=block.epoch, lo=block.lo, hi=block.hi, detail=block.detail)
        held = intersect(self._contents.of(block.epoch), ((block.lo, block.hi),))
        drops = [Drop(block.epoch, lo, hi, "unreadable") for lo, hi in held]
        self._record(drops)
        self._contents.drop(drops)
        return drops

    def _record(self, drops: list[Drop]) -> None:
        self._disk.run(lambda store: store.record_drops(drops, self._contents.ords, self._contents.nexts))

    def raise_ord(self, to: int) -> None:
        """Sets the `ord` of the running epoch to `to`."""
        self._contents.raise_ord(to)
        if self._disk.failure is None:
            try:
                self._store.raise_ord(self.epoch)
            except StoreFailure as failure:
                self._disk.fail(failure)

    # -- state

    def usage(self) -> Usage | None:
        """Bytes, quarantine and age; None while the disk fails. Also merges small blocks and frees unused pages."""
        if self._disk.failure is not None:
            return None
        try:
            self._tidy()
            usage = self._store.usage(self._contents.by_age(), self.waiting)
        except StoreFailure as failure:
            self._disk.fail(failure)
            return None
        self._disk.fill_ballast()
        return usage

    def _tidy(self) -> None:
        self._disk.expire_kept(self.epoch)
        try:
            self._store.compact()
        except StoreFailure as failure:
            if failure.kind != "full":  # merging needs room, and can wait
                raise
        self._store.shrink()

    def close(self) -> None:
        """Closes the file and the journal."""
        self._disk.close()
        if self._journal is not None:
            self._journal.close()
