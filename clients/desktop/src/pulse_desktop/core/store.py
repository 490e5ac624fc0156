"""The buffer's file: every SQL statement of the collector, and nothing that decides. One thread owns a `Store`.

Readings lie in compressed blocks. `gone` marks the settled part of a block that is not settled as a whole; `lost` holds
declared losses until they are acknowledged; `quarantine` what was refused. `synchronous=FULL`: a commit that returned
survives a power cut.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.core import codec
from pulse_desktop.core.failures import translated
from pulse_desktop.core.model import (
    BLOCK_READINGS,
    BlockUnreadable,
    Drop,
    Holdings,
    Life,
    Reading,
    SeriesSpec,
    SeriesTable,
    Settlement,
    Slice,
    Usage,
)
from pulse_desktop.core.ranges import Ranges, count, intersect, normal, subtract, union

PAGE = 4096
QUARANTINE_ROWS = 10_000
_WAL_LIMIT = 4 * 1024 * 1024
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS epoch (id INTEGER PRIMARY KEY, ord INTEGER NOT NULL, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, display_name TEXT NOT NULL, type TEXT NOT NULL, unit TEXT NOT NULL,
    interval INTEGER, UNIQUE (name, type)
);
CREATE TABLE IF NOT EXISTS block (
    id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS block_place ON block (epoch, lo, hi);
CREATE TABLE IF NOT EXISTS gone (
    epoch INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, PRIMARY KEY (epoch, lo)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lost (
    epoch INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, reason TEXT NOT NULL,
    first INTEGER, last INTEGER, PRIMARY KEY (epoch, lo, reason)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, series TEXT NOT NULL, t INTEGER NOT NULL,
    value TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (epoch, seq)
);
"""


class Store:
    """One SQLite file. Every method is one transaction, and raises StoreFailure when the disk does not play along."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        with translated():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
            try:
                self._open(max_bytes)
            except sqlite3.Error:
                self._db.close()
                raise

    def _open(self, max_bytes: int) -> None:
        db = self._db
        db.execute(f"PRAGMA page_size={PAGE}")
        db.execute("PRAGMA auto_vacuum=incremental")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA journal_size_limit={_WAL_LIMIT}")
        db.execute(f"PRAGMA max_page_count={max(256, max_bytes * 5 // 4 // PAGE)}")
        db.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")

    def close(self) -> None:
        """Checkpoints and closes; a failing disk cannot stop that."""
        with suppress(sqlite3.Error):  # nothing is promised here that a commit did not already keep
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
        """What is on the disk, as ranges."""
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
            pending = {e: subtract(tuple(r), normal(gone.get(e, ()))) for e, r in blocks.items()}
            drops = tuple(Drop(*row) for row in self._db.execute("SELECT epoch, lo, hi, reason, first, last FROM lost"))
            highest = self._db.execute("SELECT value FROM meta WHERE key = 'highest_ord'").fetchone()
        return Holdings(ords, pending, drops, highest[0] if highest else 0)

    def next_of(self, epoch: int) -> int | None:
        """The next sequence number of an epoch; None when it holds no reading yet."""
        with translated():
            row = self._db.execute("SELECT next FROM epoch WHERE id = ?", (epoch,)).fetchone()
        return row[0] if row else None

    def series(self) -> SeriesTable:
        """Every series that this disk ever declared, by id."""
        with translated():
            rows = self._db.execute("SELECT id, name, display_name, type, unit, interval FROM series ORDER BY id")
            return tuple(
                SeriesDeclaration(id=i, name=n, display_name=d, type=t, unit=u, interval=every)
                for i, n, d, t, u, every in rows
            )

    def read(self, epoch: int, lo: int, hi: int) -> Slice | None:
        """The stored readings from `lo` on without a hole, at most up to `hi`; None when `lo` is not stored.
        Raises BlockUnreadable for a block that does not decode."""
        out: list[Reading] = []
        with translated():
            rows = self._db.execute(
                "SELECT lo, hi, data FROM block WHERE epoch = ? AND lo > ? AND lo < ? AND hi > ? ORDER BY lo",
                (epoch, lo - BLOCK_READINGS, hi, lo),
            ).fetchall()
        for first, last, data in rows:
            if first > lo + len(out):
                break
            readings = _decode(epoch, first, last, data)
            out.extend(readings[lo + len(out) - first : hi - first])
        return Slice(epoch, lo, tuple(out)) if out else None

    def usage(self, epochs_by_age: Sequence[int]) -> Usage:
        """What is used; `epochs_by_age`: epochs with waiting readings, oldest first."""
        with translated():
            quarantined = self._db.execute("SELECT count(*) FROM quarantine").fetchone()[0]
            oldest = None
            if epochs_by_age:
                oldest = self._db.execute(
                    "SELECT first FROM block WHERE epoch = ? ORDER BY lo LIMIT 1", (epochs_by_age[0],)
                ).fetchone()
            return Usage(self._used(), self._max_bytes, quarantined, oldest[0] if oldest else None)

    def _used(self) -> int:
        pages = self._db.execute("PRAGMA page_count").fetchone()[0]
        free = self._db.execute("PRAGMA freelist_count").fetchone()[0]
        return int(pages - free) * PAGE

    # -- writing

    def declare(self, specs: Iterable[SeriesSpec]) -> SeriesTable:
        """Gives each new (name, type) an id of its own, for ever, and returns the whole table."""
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
        """Puts a known table into a fresh file, ids and all."""
        with self._transaction() as db:
            db.executemany(
                "INSERT OR IGNORE INTO series (id, name, display_name, type, unit, interval) VALUES (?, ?, ?, ?, ?, ?)",
                [(s.id, s.name, s.display_name, s.type, s.unit, s.interval) for s in table],
            )

    def append(self, life: Life, lo: int, readings: Sequence[Reading]) -> list[Drop]:
        """Makes `readings` durable as `[lo, lo + n)` of the running life. A full buffer first loses its oldest whole
        blocks; what that cost is recorded in the same transaction and returned."""
        cuts = [readings[i : i + BLOCK_READINGS] for i in range(0, len(readings), BLOCK_READINGS)]
        blocks = [codec.encode(cut) for cut in cuts]
        with self._transaction() as db:
            lost = self._make_room(db, life, sum(map(len, blocks)))
            db.execute(
                "INSERT INTO epoch (id, ord, next) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET ord = excluded.ord, next = excluded.next",
                (life.epoch, life.ord, lo + len(readings)),
            )
            _raise_highest(db, life.ord)
            at = lo
            for cut, block in zip(cuts, blocks, strict=True):
                times = [r.t for r in cut]
                db.execute(
                    "INSERT INTO block (epoch, lo, hi, first, last, data) VALUES (?, ?, ?, ?, ?, ?)",
                    (life.epoch, at, at + len(cut), min(times), max(times), block),
                )
                at += len(cut)
        return lost

    def _make_room(self, db: sqlite3.Connection, life: Life, incoming: int) -> list[Drop]:
        target = self._max_bytes - incoming - 2 * PAGE
        if self._used() <= target:
            return []
        target -= self._max_bytes // 50  # a little more at once, so that not every append has to
        lost: list[Drop] = []
        while self._used() > target:
            oldest = db.execute(
                "SELECT epoch.id FROM epoch WHERE EXISTS (SELECT 1 FROM block WHERE block.epoch = epoch.id) "
                "ORDER BY epoch.ord, epoch.id = ?, epoch.id LIMIT 1",
                (life.epoch,),
            ).fetchone()
            if oldest is None:
                break
            rows = db.execute(
                "SELECT lo, hi, first, last FROM block WHERE epoch = ? ORDER BY lo LIMIT 16", oldest
            ).fetchall()
            for lo, hi, first, last in rows:
                settled = self._gone(db, oldest[0], lo, hi)
                db.execute("DELETE FROM block WHERE epoch = ? AND lo = ?", (oldest[0], lo))
                db.execute("DELETE FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (oldest[0], lo, hi))
                for a, b in subtract(((lo, hi),), settled):
                    lost.append(Drop(oldest[0], a, b, "overflow", first, last))
        self._record(db, lost)
        return lost

    def settle(self, settlements: Sequence[Settlement], running: int, at: int) -> None:
        """The readings of these ranges leave: refused ones into the quarantine (time `at`), the others for good.
        Declared losses that they cover are acknowledged too. `running`: the epoch that stays although empty."""
        with self._transaction() as db:
            for settlement in settlements:
                for refusal in settlement.refused:
                    self._quarantine(db, settlement.epoch, refusal.seq, (refusal.code, refusal.detail), at)
                for lo, hi in settlement.ranges:
                    self._take_out(db, settlement.epoch, lo, hi)
                    self._forget(db, settlement.epoch, lo, hi)
                self._close_if_empty(db, settlement.epoch, running)
            self._trim_quarantine(db)

    def set_aside(self, epoch: int, seq: int, code: str, at: int) -> Drop | None:
        """Moves one reading into the quarantine and records its loss as `unreadable`. None: it is not stored."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT first, last FROM block WHERE epoch = ? AND lo <= ? AND hi > ?", (epoch, seq, seq)
            ).fetchone()
            if row is None:
                return None
            self._quarantine(db, epoch, seq, (code, ""), at)
            self._take_out(db, epoch, seq, seq + 1)
            drop = Drop(epoch, seq, seq + 1, "unreadable", *row)
            self._record(db, [drop])
            self._trim_quarantine(db)
        return drop

    def give_up(self, drops: Sequence[Drop], ords: dict[int, int], nexts: dict[int, int]) -> None:
        """Records losses of whatever is stored there or not any more (an unreadable block, a vanished file)."""
        with self._transaction() as db:
            for drop in drops:
                db.execute(
                    "INSERT OR IGNORE INTO epoch (id, ord, next) VALUES (?, ?, ?)",
                    (drop.epoch, ords.get(drop.epoch, 0), nexts.get(drop.epoch, drop.hi)),
                )
                self._take_out(db, drop.epoch, drop.lo, drop.hi)
            self._record(db, drops)

    def raise_ord(self, life: Life) -> None:
        """The running life now counts as newer than others that the gateway has seen."""
        with self._transaction() as db:
            db.execute("UPDATE epoch SET ord = ? WHERE id = ?", (life.ord, life.epoch))
            _raise_highest(db, life.ord)

    def shrink(self) -> None:
        """Gives free pages back to the file system, a few at a time, and rewinds the log."""
        with translated():
            if self._db.execute("PRAGMA freelist_count").fetchone()[0] > 256:
                self._db.executescript("PRAGMA incremental_vacuum(256);")
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    # -- parts of transactions

    def _gone(self, db: sqlite3.Connection, epoch: int, lo: int, hi: int) -> Ranges:
        return normal(
            db.execute("SELECT lo, hi FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, lo, hi)).fetchall()
        )

    def _take_out(self, db: sqlite3.Connection, epoch: int, lo: int, hi: int) -> None:
        db.execute("DELETE FROM block WHERE epoch = ? AND lo >= ? AND lo < ? AND hi <= ?", (epoch, lo, hi, hi))
        rows = db.execute(
            "SELECT lo, hi FROM block WHERE epoch = ? AND lo > ? AND lo < ? AND hi > ?",
            (epoch, lo - BLOCK_READINGS, hi, lo),
        ).fetchall()
        edges = dict(rows)
        kept = {a: self._gone(db, epoch, a, b) for a, b in edges.items()}
        db.execute("DELETE FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, lo, hi))
        for a, b in edges.items():
            now_gone = union(kept[a], intersect(((a, b),), ((lo, hi),)))
            db.execute("DELETE FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, a, b))
            if count(now_gone) == b - a:
                db.execute("DELETE FROM block WHERE epoch = ? AND lo = ?", (epoch, a))
            else:
                db.executemany("INSERT INTO gone VALUES (?, ?, ?)", [(epoch, x, y) for x, y in now_gone])

    def _record(self, db: sqlite3.Connection, drops: Sequence[Drop]) -> None:
        for drop in drops:
            before = db.execute(
                "SELECT lo, first FROM lost WHERE epoch = ? AND hi = ? AND reason = ?",
                (drop.epoch, drop.lo, drop.reason),
            ).fetchone()
            if before:
                db.execute(
                    "UPDATE lost SET hi = ?, last = ? WHERE epoch = ? AND lo = ? AND reason = ?",
                    (drop.hi, drop.last, drop.epoch, before[0], drop.reason),
                )
            else:
                db.execute(
                    "INSERT OR REPLACE INTO lost VALUES (?, ?, ?, ?, ?, ?)",
                    (drop.epoch, drop.lo, drop.hi, drop.reason, drop.first, drop.last),
                )

    def _forget(self, db: sqlite3.Connection, epoch: int, lo: int, hi: int) -> None:
        rows = db.execute(
            "SELECT lo, hi, reason, first, last FROM lost WHERE epoch = ? AND lo < ? AND hi > ?", (epoch, hi, lo)
        ).fetchall()
        for a, b, reason, first, last in rows:
            db.execute("DELETE FROM lost WHERE epoch = ? AND lo = ? AND reason = ?", (epoch, a, reason))
            rest = [(epoch, x, y, reason, first, last) for x, y in subtract(((a, b),), ((lo, hi),))]
            db.executemany("INSERT INTO lost VALUES (?, ?, ?, ?, ?, ?)", rest)

    def _quarantine(self, db: sqlite3.Connection, epoch: int, seq: int, why: tuple[str, str], at: int) -> None:
        row = db.execute(
            "SELECT lo, hi, data FROM block WHERE epoch = ? AND lo <= ? AND hi > ?", (epoch, seq, seq)
        ).fetchone()
        if row is None:
            return
        try:
            reading = _decode(epoch, *row)[seq - row[0]]
        except BlockUnreadable:
            return
        name = db.execute("SELECT name FROM series WHERE id = ?", (reading.series,)).fetchone()
        value = reading.value.hex() if isinstance(reading.value, float) else repr(reading.value)
        db.execute(
            "INSERT OR IGNORE INTO quarantine (epoch, seq, series, t, value, code, detail, at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (epoch, seq, name[0] if name else str(reading.series), reading.t, value, *why, at),
        )

    def _trim_quarantine(self, db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (QUARANTINE_ROWS,))

    def _close_if_empty(self, db: sqlite3.Connection, epoch: int, running: int) -> None:
        if epoch != running:
            db.execute(
                "DELETE FROM epoch WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM block WHERE epoch = ?1) "
                "AND NOT EXISTS (SELECT 1 FROM lost WHERE epoch = ?1)",
                (epoch,),
            )


def _raise_highest(db: sqlite3.Connection, value: int) -> None:
    db.execute(
        "INSERT INTO meta VALUES ('highest_ord', ?) ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)",
        (value,),
    )


def _decode(epoch: int, lo: int, hi: int, data: bytes) -> list[Reading]:
    try:
        readings = codec.decode(data)
    except codec.UnreadableBlockError as error:
        raise BlockUnreadable(epoch, lo, hi, str(error)) from error
    if len(readings) != hi - lo:
        raise BlockUnreadable(epoch, lo, hi, f"holds {len(readings)} readings")
    return readings


def count_waiting(path: Path) -> dict[str, int]:
    """`waiting` and `quarantined` of a buffer that nobody has open; changes nothing. Raises sqlite3.Error."""
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        row = db.execute(
            "SELECT (SELECT coalesce(sum(hi - lo), 0) FROM block) - (SELECT coalesce(sum(hi - lo), 0) FROM gone), "
            "(SELECT count(*) FROM quarantine)"
        ).fetchone()
        return {"waiting": row[0], "quarantined": row[1]}
    finally:
        db.close()
