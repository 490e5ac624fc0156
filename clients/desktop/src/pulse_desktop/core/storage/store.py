"""The buffer's SQLite file. Each method is one transaction. One thread owns a `Store`.

Readings are stored in compressed blocks. Table `gone` marks the settled part of a partly settled block, `lost` holds
losses until they are acknowledged, `quarantine` holds refused readings. `synchronous=FULL`: a commit that returned
survives a power failure.
"""

import os
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from pulse_contracts.ranges import EMPTY, Ranges, intersect, normalized, subtract, union
from pulse_contracts.telemetry import MAX_ORD, SeriesDeclaration
from pulse_desktop.core.model import (
    BLOCK_READINGS,
    FLOOR_BYTES,
    BufferLimits,
    Drop,
    Epoch,
    Evictable,
    Evicted,
    Holdings,
    Reading,
    SeriesSpec,
    SeriesTable,
    Settlement,
    Slice,
    StoreFailure,
    Usage,
)
from pulse_desktop.core.storage import tables
from pulse_desktop.core.storage.compaction import compact
from pulse_desktop.core.storage.eviction import Ceiling, evict
from pulse_desktop.core.storage.failures import translated
from pulse_desktop.core.storage.salvage import Salvage
from pulse_desktop.core.storage.tables import PAGE

log = structlog.get_logger("pulse.desktop.buffer")

_WAL_LIMIT = 4 * 1024 * 1024
_EXPIRED_AT_ONCE = 1_000
"""Maximum number of kept blocks that one call of `expire` deletes."""


class Store:
    """One SQLite file. Every method raises StoreFailure when the disk fails or the file cannot be used."""

    def __init__(self, path: Path, limits: BufferLimits) -> None:
        self._folder, self._limits, self._compacted = path.parent, limits, 0
        with suppress(OSError):  # SQLite reports the error below; its other files get the permissions of this one
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with translated():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
            try:
                self._open()
            except (sqlite3.Error, StoreFailure):
                self._db.close()
                raise

    def _open(self) -> None:
        db = self._db
        db.execute(f"PRAGMA page_size={PAGE}")
        db.execute("PRAGMA auto_vacuum=incremental")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT}")
        db.execute(f"PRAGMA max_page_count={max(256, self._limits.max_bytes * 5 // 4 // PAGE)}")
        db.executescript(f"BEGIN IMMEDIATE;{tables.SCHEMA}{tables.EMPTY_EPOCHS};COMMIT;")
        with self._transaction():
            highest = tables.forget_impossible_ords(db)
        if highest:
            log.warning("impossible_ord_reset", ord=highest, limit=MAX_ORD)

    def close(self) -> None:
        """Checkpoints and closes the file. Ignores errors of the disk."""
        with suppress(sqlite3.Error):  # every commit is durable already
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # -- reading

    def holdings(self) -> Holdings:
        """What the file holds, as ranges."""
        with translated():
            ords = dict(self._db.execute("SELECT id, ord FROM epoch"))
            blocks: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for epoch, lo, hi in self._db.execute("SELECT epoch, lo, hi FROM block ORDER BY epoch, lo"):
                last = blocks[epoch]
                if last and last[-1][1] == lo:
                    last[-1] = (last[-1][0], hi)
                else:
                    last.append((lo, hi))
            gone: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for epoch, lo, hi in self._db.execute("SELECT epoch, lo, hi FROM gone"):
                gone[epoch].append((lo, hi))
            pending = {e: subtract(tuple(r), normalized(gone.get(e, ()))) for e, r in blocks.items()}
            kept = {e: intersect(tuple(blocks[e]), normalized(r)) for e, r in gone.items()}
            for epoch, lo, hi in self._db.execute("SELECT epoch, lo, hi FROM kept ORDER BY epoch, lo"):
                kept[epoch] = union(kept.get(epoch, EMPTY), ((lo, hi),))
            drops = tuple(Drop(*row) for row in self._db.execute("SELECT epoch, lo, hi, reason, first, last FROM lost"))
            highest = self._db.execute("SELECT value FROM meta WHERE key = 'highest_ord'").fetchone()
        return Holdings(ords, pending, drops, highest[0] if highest else 0, kept)

    def holds(self, epoch: int, lo: int, hi: int) -> bool:
        """Whether blocks within `[lo, hi)` cover all of it."""
        with translated():
            row = self._db.execute(
                "SELECT coalesce(sum(hi - lo), 0) FROM block WHERE epoch = ? AND lo >= ? AND lo < ? AND hi <= ?",
                (epoch, lo, hi, hi),
            ).fetchone()
        return int(row[0]) == hi - lo

    def series(self) -> SeriesTable:
        """Every series that was ever declared on this disk, by id."""
        with translated():
            rows = self._db.execute("SELECT id, name, display_name, type, unit, interval FROM series ORDER BY id")
            return tuple(
                SeriesDeclaration(id=i, name=n, display_name=d, type=t, unit=u, interval=every)
                for i, n, d, t, u, every in rows
            )

    def read(self, epoch: int, lo: int, hi: int) -> Slice | None:
        """The stored readings from `lo` up to the first gap, at most to `hi`; None when `lo` is not stored. Raises
        BlockUnreadable for a block that cannot be decoded."""
        out: list[Reading] = []
        with translated():
            rows = self._db.execute(
                "SELECT lo, hi, data FROM block WHERE epoch = ? AND lo > ? AND lo < ? AND hi > ? ORDER BY lo",
                (epoch, lo - BLOCK_READINGS, hi, lo),
            ).fetchall()
        for first, last, data in rows:
            if first > lo + len(out):
                break
            readings = tables.unpack(epoch, first, last, data)
            out.extend(readings[lo + len(out) - first : hi - first])
        return Slice(epoch, lo, tuple(out)) if out else None

    def usage(self, epochs_by_age: Sequence[int], waiting: int) -> Usage:
        """The usage of file and disk. `epochs_by_age`: epochs with waiting readings, oldest first."""
        with translated():
            quarantined = self._db.execute("SELECT count(*) FROM quarantine").fetchone()[0]
            oldest = None
            if epochs_by_age:
                oldest = self._db.execute(
                    "SELECT first FROM block WHERE epoch = ? ORDER BY lo LIMIT 1", (epochs_by_age[0],)
                ).fetchone()
            free = self._free()
            kept = tables.kept_bytes(self._db)
            return Usage(
                used=max(0, tables.used_bytes(self._db) - kept),
                kept=kept,
                limit=self._limit(free),
                waiting=waiting,
                max_waiting=self._limits.max_readings,
                free=free,
                quarantined=quarantined,
                oldest=oldest[0] if oldest else None,
            )

    def _free(self) -> int:
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:  # then the write itself will say what is wrong
            return 2**62

    def _limit(self, free: int) -> int:
        """Bytes that the buffer may use: the setting, or less when other files fill the disk."""
        size: int = self._db.execute("PRAGMA page_count").fetchone()[0] * PAGE
        return min(self._limits.max_bytes, max(FLOOR_BYTES, size, size + free - self._limits.min_free_bytes))

    # -- writing

    def declare(self, specs: Iterable[SeriesSpec]) -> SeriesTable:
        """Gives each new (name, type) a permanent id, and returns the whole table."""
        with self._transaction() as db:
            for spec in specs:
                db.execute(
                    "INSERT INTO series (id, name, display_name, type, unit, interval) "
                    "VALUES ((SELECT coalesce(max(id), 0) + 1 FROM series), ?, ?, ?, ?, ?) "
                    "ON CONFLICT (name, type) DO UPDATE SET display_name = excluded.display_name, "
                    "unit = excluded.unit, interval = excluded.interval",
                    (spec.name, spec.display_name, spec.type, spec.unit, spec.interval),
                )
        return self.series()

    def restore_series(self, table: SeriesTable) -> None:
        """Inserts a series table with its ids into a new file."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO series (id, name, display_name, type, unit, interval) VALUES (?, ?, ?, ?, ?, ?)",
                [(s.id, s.name, s.display_name, s.type, s.unit, s.interval) for s in table],
            )

    def append(self, running: Epoch, lo: int, readings: Sequence[Reading], evictable: Evictable) -> Evicted:
        """Makes `readings` durable as `[lo, lo + n)` of the running epoch. A full buffer first evicts old readings; the
        losses are recorded in the same transaction and returned."""
        blocks = tables.cut_blocks(lo, readings)
        incoming = sum(len(block[-1]) for block in blocks)
        free = self._free()
        with self._transaction() as db:
            limit = self._limit(free)
            ceiling = Ceiling(limit - incoming - 2 * PAGE, self._limits.max_readings - len(readings), limit)
            cost = evict(db, running, evictable, ceiling)
            tables.put_epoch(db, running.id, running.ord, lo + len(readings))
            tables.raise_highest(db, running.ord)
            tables.put_blocks(db, running.id, blocks)
        return cost

    def adopt(self, salvage: Salvage) -> None:
        """Copies the readable parts of a corrupt file into this new one."""
        self.restore_series(salvage.series)
        with self._transaction() as db:
            tables.raise_highest(db, salvage.highest_ord)
            for epoch, (ord_, next_) in salvage.epochs.items():
                tables.put_epoch(db, epoch, ord_, next_)
                tables.raise_highest(db, ord_)
            for epoch, block in salvage.blocks:
                tables.put_blocks(db, epoch, [block])
            tables.record(db, salvage.drops)

    def settle(self, settlements: Sequence[Settlement], running: Epoch, at: int, *, keeps: bool) -> None:
        """Removes settled readings, or keeps them with the time `at`; refused ones go to the quarantine. Losses in
        these ranges are acknowledged. An empty epoch is deleted unless it belongs to `running`."""
        with self._transaction() as db:
            for settlement in settlements:
                for refusal in settlement.refused:
                    tables.quarantine(db, settlement.epoch, refusal.seq, (refusal.code, refusal.detail), at)
                for lo, hi in settlement.ranges:
                    tables.remove(db, settlement.epoch, lo, hi, at if keeps else None)
                    tables.forget(db, settlement.epoch, lo, hi)
                if settlement.epoch not in running.own_ids:
                    tables.close_if_empty(db, settlement.epoch)
            tables.trim_quarantine(db)

    def restore_kept(self, epoch: int, ranges: Ranges) -> Ranges:
        """Makes kept readings unsettled again. Returns which of them are still in the file."""
        with self._transaction() as db:
            return tables.restore_kept(db, epoch, ranges)

    def expire(self, running: Epoch, before: int) -> None:
        """Deletes kept readings that were settled before a time in microseconds, at most 1,000 blocks."""
        with self._transaction() as db:
            if tables.drop_kept(db, before, _EXPIRED_AT_ONCE):
                db.execute(tables.EMPTY_EPOCHS + " AND id NOT IN (?, ?)", tuple(running.own_ids))

    def quarantine(self, epoch: int, seq: int, code: str, at: int) -> Drop | None:
        """Moves one reading to the quarantine and records its loss as `unreadable`. Returns None if it is not
        stored."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT first, last FROM block WHERE epoch = ? AND lo <= ? AND hi > ?", (epoch, seq, seq)
            ).fetchone()
            if row is None:
                return None
            tables.quarantine(db, epoch, seq, (code, ""), at)
            tables.remove(db, epoch, seq, seq + 1)
            drop = Drop(epoch, seq, seq + 1, "unreadable", *row)
            tables.record(db, [drop])
            tables.trim_quarantine(db)
        return drop

    def record_drops(self, drops: Sequence[Drop], ords: dict[int, int], nexts: dict[int, int]) -> None:
        """Records losses, whether their readings are still stored (an unreadable block) or not (a replaced file)."""
        with self._transaction() as db:
            for drop in drops:
                db.execute(
                    "INSERT OR IGNORE INTO epoch (id, ord, next) VALUES (?, ?, ?)",
                    (drop.epoch, ords.get(drop.epoch, 0), nexts.get(drop.epoch, drop.hi)),
                )
                tables.remove(db, drop.epoch, drop.lo, drop.hi)
            tables.record(db, drops)

    def raise_ord(self, running: Epoch) -> None:
        """Stores the new `ord` of the running epoch."""
        with self._transaction() as db:
            db.execute("UPDATE epoch SET ord = ? WHERE id = ?", (running.ord, running.id))
            tables.raise_highest(db, running.ord)

    def compact(self) -> None:
        """Merges some small blocks. See `compaction`."""
        with self._transaction() as db:
            position = compact(db, self._compacted)
        self._compacted = position

    def shrink(self) -> None:
        """Returns up to 256 free pages to the file system, and checkpoints the WAL."""
        with translated():
            if self._db.execute("PRAGMA freelist_count").fetchone()[0] > 256:
                self._db.executescript("PRAGMA incremental_vacuum(256);")
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
