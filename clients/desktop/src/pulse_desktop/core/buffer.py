"""The buffer: gives each reading its seq and keeps it until it is settled, through a full, broken or lost disk.

Synchronous and owned by one thread (`buffer_thread` is its asynchronous door). While the disk refuses, no seq is given:
readings wait in a bounded ring in memory, and what falls out of it is counted.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import structlog

from pulse_contracts.telemetry import MAX_ORD, SeriesDeclaration
from pulse_desktop.core.ballast import Ballast
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.journal import Journal
from pulse_desktop.core.model import (
    SUMMARY_ORD,
    Appended,
    BlockUnreadable,
    BufferLimits,
    Counts,
    Drop,
    Holdings,
    Life,
    Reading,
    Room,
    SeriesSpec,
    SeriesTable,
    Settlement,
    Slice,
    StoreFailure,
    Usage,
)
from pulse_desktop.core.opening import open_store, rescue
from pulse_desktop.core.ranges import EMPTY, Range, Ranges, count, intersect, subtract, union
from pulse_desktop.core.store import Store

T = TypeVar("T")
log = structlog.get_logger("pulse.desktop.buffer")

_GROUP = 5_000
"""Readings in one transaction at most."""
_RETRY = 1.0
"""Seconds between two tries to use a disk that refused."""
_OWED = 1_000


@dataclass
class _InDoubt:
    """Readings whose commit failed: they may have become durable all the same, as `[lo, lo + n)`."""

    lo: int = 0
    readings: list[Reading] = field(default_factory=list)

    @property
    def range(self) -> Range:
        """The numbers that they have or will have."""
        return self.lo, self.lo + len(self.readings)


class Buffer:
    """One life of the counter over one file. `fault`: why the disk refuses now, empty when it works."""

    def __init__(
        self, folder: Path, epoch: int, limits: BufferLimits, clock: Clock, journal: Journal | None = None
    ) -> None:
        self._folder, self._limits, self._clock, self._journal = folder, limits, clock, journal
        self.counts, self.fault = Counts(), ""
        self._failure: StoreFailure | None = None
        self._retry_at = 0.0
        self._ring: deque[Reading] = deque()
        self._in_doubt = _InDoubt()
        self._owed: deque[Settlement] = deque(maxlen=_OWED)
        self._unreported: list[Drop] = []
        self._summarised: Ranges = EMPTY
        self._ballast = Ballast(folder)
        self._store, found = self._opened()
        self._is_open = True
        self._corrupt = ""
        """Why the file is corrupt, until a new one is in its place."""
        self._must_reconcile = False
        self.life = Life(epoch, min(found.highest_ord + 1, MAX_ORD))
        self._next = self._summary_next = 0
        self._sent: Ranges = EMPTY
        self._pending = dict(found.pending)
        self._ords = dict(found.ords)
        self._series: dict[int, SeriesDeclaration] = {s.id: s for s in self._store.series()}
        self._found = replace(found, pending=dict(found.pending), ords=dict(found.ords))
        self._ballast.fill()

    def _opened(self) -> tuple[Store, Holdings]:
        try:
            return open_store(self._folder, self._limits, self._clock)
        except StoreFailure as failure:
            if failure.kind != "full" or not self._ballast.free():
                raise
            return open_store(self._folder, self._limits, self._clock)

    @property
    def holdings(self) -> Holdings:
        """What the disk held when this life began."""
        return self._found

    @property
    def table(self) -> SeriesTable:
        """Every series of this disk, by id."""
        return tuple(self._series.values())

    @property
    def waiting(self) -> int:
        """Durable readings that are not settled."""
        return sum(map(count, self._pending.values()))

    @property
    def next(self) -> int:
        """The next sequence number of the running life."""
        return self._next

    # -- in

    def declare(self, specs: Iterable[SeriesSpec]) -> SeriesTable:
        """The whole table after `specs` are in it. Raises StoreFailure: try again; ValueError: cannot be declared."""
        wanted = list(specs)
        for spec in wanted:  # nothing may get into the table that could not be said on the wire
            SeriesDeclaration(id=0, **asdict(spec))
        table = self._on_disk(lambda: self._store.declare(wanted))
        self._series = {s.id: s for s in table}
        return table

    def append(self, readings: Sequence[Reading]) -> Appended:
        """Takes the readings; says what is durable now, which may be more (a disk that works again) or nothing."""
        self.counts.produced += len(readings)
        self._ring.extend(readings)
        if self._failure is not None and self._clock.monotonic() < self._retry_at:
            self._bound_ring()
            return Appended()
        committed: list[Range] = []
        try:
            if self._failure is not None:
                self._recover(committed)
            while self._ring or self._in_doubt.readings:
                self._commit_group(committed)
            self._works_again()
        except StoreFailure as failure:
            self._fail(failure)
        lost, self._unreported = tuple(self._unreported), []
        summarised, self._summarised = self._summarised, EMPTY
        self._bound_ring()
        return Appended(tuple(committed), lost, summarised)

    def _commit_group(self, committed: list[Range]) -> None:
        doubt = self._in_doubt
        if not doubt.readings:
            doubt.lo = self._next
            doubt.readings = [self._ring.popleft() for _ in range(min(_GROUP, len(self._ring)))]
        lo, hi = doubt.range
        if self._journal is not None:
            self._journal.prepare(self.life.epoch, lo, doubt.readings, self._series)
        cost = self._store.append(self.life, lo, doubt.readings, self._room())
        self._now_summarised(cost.summarised)
        self._dropped(cost.lost)
        self._unreported += cost.lost
        self._now_durable(lo, hi, committed)

    def _room(self) -> Room:
        never_sent = subtract(self._pending.get(self.life.epoch, EMPTY), self._sent)
        return Room(self.waiting, never_sent, self._summary_next, self._announce)

    def _announce(self, epoch: int, lo: int, readings: Sequence[Reading]) -> None:
        if self._journal is not None:
            self._journal.prepare(epoch, lo, readings, self._series)

    def _now_summarised(self, ranges: Ranges) -> None:
        if not ranges:
            return
        epoch = self.life.summary
        self._summary_next = ranges[-1][1]
        self._ords[epoch] = SUMMARY_ORD
        self._pending[epoch] = union(self._pending.get(epoch, EMPTY), ranges)
        self._summarised = union(self._summarised, ranges)
        if self._journal is not None:
            for lo, hi in ranges:
                self._journal.commit(epoch, lo, hi)

    def _now_durable(self, lo: int, hi: int, committed: list[Range]) -> None:
        self._in_doubt.readings = []
        self._next = hi
        epoch = self.life.epoch
        self._ords[epoch] = self.life.ord
        self._pending[epoch] = union(self._pending.get(epoch, EMPTY), ((lo, hi),))
        committed.append((lo, hi))
        if self._journal is not None:
            self._journal.commit(epoch, lo, hi)

    def _bound_ring(self) -> None:
        while len(self._ring) > self._limits.ring:
            self._ring.popleft()
            self.counts.lost_in_memory += 1

    # -- out

    def read(self, epoch: int, lo: int, hi: int) -> Slice | None:
        """See `Store.read`; None also while the disk refuses. What was asked for counts as sent, and is never
        thinned."""
        if not self._is_open:
            return None
        if epoch == self.life.epoch:
            self._sent = union(self._sent, ((lo, hi),))
        try:
            return self._store.read(epoch, lo, hi)
        except StoreFailure as failure:
            self._fail(failure)
            return None

    def settle(self, settlements: Sequence[Settlement]) -> bool:
        """These readings may leave; returns whether that is durable. While the disk refuses, it is remembered and done
        later."""
        for settlement in settlements:
            held = intersect(self._pending.get(settlement.epoch, EMPTY), settlement.ranges)
            refused = sum(1 for r in settlement.refused if intersect(held, ((r.seq, r.seq + 1),)))
            self.counts.refused += refused
            self.counts.settled += count(held) - refused
            self._forget(settlement.epoch, settlement.ranges)
        self._owed.extend(settlements)
        if self._failure is None:
            try:
                self._settle_owed()
            except StoreFailure as failure:
                self._fail(failure)
        return not self._owed

    def _settle_owed(self) -> None:
        if not self._owed:
            return
        try:
            self._store.settle(list(self._owed), self.life, self._clock.micros())
        except StoreFailure as failure:
            if failure.kind != "full" or not self._ballast.free():
                raise
            self._store.settle(list(self._owed), self.life, self._clock.micros())
            self._store.shrink()
        self._owed.clear()

    def set_aside(self, epoch: int, seq: int, code: str) -> list[Drop]:
        """Quarantines one reading that never got an answer; its loss is recorded and returned."""
        drop = self._on_disk(lambda: self._store.set_aside(epoch, seq, code, self._clock.micros()))
        drops = [drop] if drop is not None else []
        if not drops and intersect(self._pending.get(epoch, EMPTY), ((seq, seq + 1),)):  # the file lost it: say so
            drops = [Drop(epoch, seq, seq + 1, "unreadable")]
            self._on_disk(lambda: self._store.give_up(drops, self._ords, self._nexts()))
        self._dropped(drops)
        return drops

    def give_up(self, unreadable: BlockUnreadable) -> list[Drop]:
        """Declares the waiting readings of a block that does not decode as lost."""
        log.error("block_unreadable", epoch=unreadable.epoch, lo=unreadable.lo, hi=unreadable.hi, why=unreadable.detail)
        held = intersect(self._pending.get(unreadable.epoch, EMPTY), ((unreadable.lo, unreadable.hi),))
        drops = [Drop(unreadable.epoch, lo, hi, "unreadable") for lo, hi in held]
        self._on_disk(lambda: self._store.give_up(drops, self._ords, self._nexts()))
        self._dropped(drops)
        return drops

    def raise_ord(self, to: int) -> None:
        """The running life counts as `to` from now on."""
        self.life = Life(self.life.epoch, to)
        if self._failure is None:
            try:
                self._store.raise_ord(self.life)
            except StoreFailure as failure:
                self._fail(failure)

    # -- state

    def usage(self) -> Usage | None:
        """Bytes, quarantine, age; None while the disk refuses. Tidies up in passing: small blocks, free pages."""
        if self._failure is not None:
            return None
        by_age = sorted((e for e, r in self._pending.items() if r), key=lambda e: (self._ords.get(e, 0), e))
        try:
            self._tidy()
            usage = self._store.usage(by_age, self.waiting)
        except StoreFailure as failure:
            self._fail(failure)
            return None
        self._ballast.fill()
        return usage

    def _tidy(self) -> None:
        try:
            self._store.compact()
        except StoreFailure as failure:
            if failure.kind != "full":  # merging can wait for better times
                raise
        self._store.shrink()

    def close(self) -> None:
        """Lets go of the file."""
        if self._is_open:
            self._store.close()
        if self._journal is not None:
            self._journal.close()

    # -- trouble

    def _on_disk(self, work: Callable[[], T]) -> T:
        if not self._is_open and self._failure is not None:
            raise self._failure
        try:
            return work()
        except StoreFailure as failure:
            self._fail(failure)
            raise

    def _fail(self, failure: StoreFailure) -> None:
        if self._failure is None or self._failure.kind != failure.kind:
            log.error("buffer_refuses", kind=failure.kind, detail=failure.detail, waiting=self.waiting)
        self._failure, self.fault = failure, str(failure)
        if failure.kind == "corrupt":
            self._corrupt, self._must_reconcile = failure.detail, True
        self._retry_at = self._clock.monotonic() + _RETRY

    def _recover(self, committed: list[Range]) -> None:
        was = self._failure
        if self._must_reconcile or (was is not None and was.kind != "full"):
            self._reopen()
        doubt = self._in_doubt
        if doubt.readings and self._store.holds(self.life.epoch, *doubt.range):
            self._now_durable(*doubt.range, committed)
        self._settle_owed()

    def _reopen(self) -> None:
        """Whatever fails here is begun again at the next try, also when it then fails for another reason."""
        self._must_reconcile = True
        self._store.close()
        self._is_open = False
        if self._corrupt:
            try:
                rescue(self._folder, self._corrupt, self._limits, self._clock)
            except StoreFailure as failure:
                if failure.kind != "full" or not self._ballast.free():
                    raise
                rescue(self._folder, self._corrupt, self._limits, self._clock)
            self._corrupt = ""
        self._store, found = self._opened()
        self._is_open = True
        self._store.restore_series(self.table)
        self._reconcile(found)
        self._must_reconcile = False

    def _works_again(self) -> None:
        if self._failure is not None:
            log.warning("buffer_works_again", was=self.fault, lost_in_memory=self.counts.lost_in_memory)
        self._failure, self.fault = None, ""

    def _reconcile(self, found: Holdings) -> None:
        """What memory knows to wait and the file does not hold any more is lost: declared, never forgotten. What the
        file holds and memory knew to be settled leaves again."""
        self._now_summarised(intersect(found.of(self.life.summary), ((self._summary_next, 2**63),)))
        vanished: list[Drop] = []
        for epoch, ranges in self._pending.items():
            missing = subtract(ranges, found.of(epoch))
            for drop in found.drops:
                if drop.epoch == epoch:
                    known = intersect(missing, (drop.range,))
                    self._unreported += [replace(drop, lo=lo, hi=hi) for lo, hi in known]
                    missing = subtract(missing, known)
            vanished += [Drop(epoch, lo, hi, "unreadable") for lo, hi in missing]
        if vanished:
            log.error("buffer_lost_readings", readings=sum(d.hi - d.lo for d in vanished))
            self._store.give_up(vanished, self._ords, self._nexts())
            self._unreported += vanished
        self._dropped(self._unreported)
        settled = {e: subtract(r, self._pending.get(e, EMPTY)) for e, r in found.pending.items()}
        doubt = self._in_doubt.range
        if intersect(found.of(self.life.epoch), (doubt,)) == (doubt,):
            settled[self.life.epoch] = subtract(settled[self.life.epoch], (doubt,))
        risen = [Settlement(epoch, ranges) for epoch, ranges in settled.items() if ranges]
        if risen:
            self._store.settle(risen, self.life, self._clock.micros())

    def _dropped(self, drops: Sequence[Drop]) -> None:
        for drop in drops:
            self.counts.dropped += drop.hi - drop.lo
            self._forget(drop.epoch, (drop.range,))

    def _forget(self, epoch: int, ranges: Ranges) -> None:
        rest = subtract(self._pending.get(epoch, EMPTY), ranges)
        if rest or epoch == self.life.epoch:
            self._pending[epoch] = rest
        else:
            self._pending.pop(epoch, None)
        if epoch == self.life.epoch:
            self._sent = intersect(self._sent, rest)

    def _nexts(self) -> dict[int, int]:
        return {self.life.epoch: self._next, self.life.summary: self._summary_next}
