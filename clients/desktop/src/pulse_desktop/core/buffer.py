"""The buffer: gives each reading its seq and keeps it until it is settled, through a full, broken or lost disk.

Synchronous and owned by one thread (`buffer_thread` is its asynchronous door). While the disk refuses, no seq is given:
readings wait in a bounded ring in memory, and what falls out of it is counted.
"""

import shutil
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import structlog

from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.journal import Journal
from pulse_desktop.core.model import (
    BlockUnreadable,
    Drop,
    Holdings,
    Life,
    Reading,
    SeriesSpec,
    SeriesTable,
    Settlement,
    Slice,
    StoreFailure,
    Usage,
)
from pulse_desktop.core.ranges import EMPTY, Range, Ranges, count, intersect, subtract, union
from pulse_desktop.core.store import Store

T = TypeVar("T")
log = structlog.get_logger("pulse.desktop.buffer")

FILE = "buffer.db"
_BALLAST = "ballast"
_BALLAST_BYTES = 1024 * 1024
_GROUP = 5_000
"""Readings in one transaction at most."""
_RETRY = 1.0
"""Seconds between two tries to use a disk that refused."""
_OWED = 1_000


@dataclass(frozen=True)
class BufferLimits:
    """`max_bytes` on disk before the oldest readings are dropped; `ring` readings in memory while the disk refuses."""

    max_bytes: int = 1_000_000_000
    ring: int = 50_000


@dataclass(frozen=True)
class Appended:
    """What became durable (`committed`, ranges of the running life) and what that cost (`lost`)."""

    committed: tuple[Range, ...] = ()
    lost: tuple[Drop, ...] = ()


@dataclass
class Counts:
    """Readings since the process started."""

    produced: int = 0
    settled: int = 0
    refused: int = 0
    dropped: int = 0
    lost_in_memory: int = 0


@dataclass
class _InDoubt:
    """Readings whose commit failed: they may have become durable all the same, as `[lo, lo + n)`."""

    lo: int = 0
    readings: list[Reading] = field(default_factory=list)


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
        self._store, found = self._open()
        self._is_open = True
        self.life = Life(epoch, found.highest_ord + 1)
        self._next = 0
        self._pending = dict(found.pending)
        self._ords = dict(found.ords)
        self._series: dict[int, SeriesDeclaration] = {s.id: s for s in self._store.series()}
        self._found = replace(found, pending=dict(found.pending), ords=dict(found.ords))
        self._fill_ballast()

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
        self._bound_ring()
        return Appended(tuple(committed), lost)

    def _commit_group(self, committed: list[Range]) -> None:
        doubt = self._in_doubt
        if not doubt.readings:
            doubt.lo = self._next
            doubt.readings = [self._ring.popleft() for _ in range(min(_GROUP, len(self._ring)))]
        lo, hi = doubt.lo, doubt.lo + len(doubt.readings)
        if self._journal is not None:
            self._journal.prepare(self.life.epoch, lo, doubt.readings, self._series)
        lost = self._store.append(self.life, lo, doubt.readings)
        self._dropped(lost)
        self._unreported += lost
        self._now_durable(lo, hi, committed)

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
        """See `Store.read`; None also while the disk refuses."""
        if not self._is_open:
            return None
        try:
            return self._store.read(epoch, lo, hi)
        except StoreFailure as failure:
            self._fail(failure)
            return None

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """These readings may leave. While the disk refuses, that is remembered and done later."""
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

    def _settle_owed(self) -> None:
        if not self._owed:
            return
        try:
            self._store.settle(list(self._owed), self.life.epoch, self._clock.micros())
        except StoreFailure as failure:
            if failure.kind != "full":
                raise
            self._drop_ballast()  # a full disk cannot even delete: this much was kept for it
            self._store.settle(list(self._owed), self.life.epoch, self._clock.micros())
            self._store.shrink()
        self._owed.clear()

    def set_aside(self, epoch: int, seq: int, code: str) -> list[Drop]:
        """Quarantines one reading that never got an answer; its loss is recorded and returned."""
        drop = self._on_disk(lambda: self._store.set_aside(epoch, seq, code, self._clock.micros()))
        drops = [drop] if drop is not None else []
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
        """Bytes, quarantine, age; None while the disk refuses. Gives free pages back in passing."""
        if self._failure is not None:
            return None
        by_age = sorted((e for e, r in self._pending.items() if r), key=lambda e: (self._ords.get(e, 0), e))
        try:
            self._store.shrink()
            usage = self._store.usage(by_age)
        except StoreFailure as failure:
            self._fail(failure)
            return None
        self._fill_ballast()
        return usage

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
        self._retry_at = self._clock.monotonic() + _RETRY

    def _recover(self, committed: list[Range]) -> None:
        was = self._failure
        if was is not None and was.kind != "full":
            self._store.close()
            self._is_open = False
            if was.kind == "corrupt":
                self._move_aside(was.detail)
            self._store = Store(self._folder / FILE, self._limits.max_bytes)
            self._is_open = True
            self._store.restore_series(self.table)
            self._reconcile(self._store.holdings())
        doubt = self._in_doubt
        reached = self._store.next_of(self.life.epoch)
        if doubt.readings and reached is not None and reached >= doubt.lo + len(doubt.readings):
            self._now_durable(doubt.lo, doubt.lo + len(doubt.readings), committed)
        self._settle_owed()

    def _works_again(self) -> None:
        if self._failure is not None:
            log.warning("buffer_works_again", was=self.fault, lost_in_memory=self.counts.lost_in_memory)
        self._failure, self.fault = None, ""

    def _reconcile(self, found: Holdings) -> None:
        """What memory knows to wait and the file does not hold any more is lost: declared, never forgotten."""
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

    def _nexts(self) -> dict[int, int]:
        return {self.life.epoch: self._next}

    def _open(self) -> tuple[Store, Holdings]:
        """The store and what it holds; a corrupt file is moved aside for a new one. Raises StoreFailure."""
        for _ in range(2):
            store: Store | None = None
            try:
                store = Store(self._folder / FILE, self._limits.max_bytes)
                found = store.holdings()
            except StoreFailure as failure:
                if store is not None:
                    store.close()
                if failure.kind != "corrupt":
                    raise
                self._move_aside(failure.detail)
            else:
                return store, found
        raise StoreFailure("corrupt", f"a new file in {self._folder} is corrupt at once")

    def _move_aside(self, why: str) -> None:
        name = f"buffer.corrupt-{self._clock.micros() // 1_000_000}"
        for suffix in ("", "-wal", "-shm"):
            path = self._folder / (FILE + suffix)
            if path.exists():
                path.replace(self._folder / (name + suffix))
        log.error("buffer_corrupt", why=why, kept_as=name, meaning="its waiting readings are lost; the file is kept")

    def _fill_ballast(self) -> None:
        path = self._folder / _BALLAST
        try:
            if not path.exists() and shutil.disk_usage(self._folder).free > 4 * _BALLAST_BYTES:
                path.write_bytes(b"\xa5" * _BALLAST_BYTES)
        except OSError as error:
            log.debug("no_ballast", why=str(error))

    def _drop_ballast(self) -> None:
        (self._folder / _BALLAST).unlink(missing_ok=True)
