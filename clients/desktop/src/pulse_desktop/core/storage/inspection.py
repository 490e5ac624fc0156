"""Read-only access to a buffer's file from another process, in short reads, while a collector may be running on it.

Also clears the quarantine, the only part that an operator may delete. SQL only."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pulse_contracts.ranges import Ranges
from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.core.model import SUMMARY_ORD, Reading
from pulse_desktop.core.storage import tables
from pulse_desktop.core.storage.failures import translated
from pulse_desktop.core.storage.opening import FILE

_PAGE_OF_BLOCKS = 64
_PAGE_OF_ROWS = 500


class NoBufferError(Exception):
    """The state directory has no buffer."""


@dataclass(frozen=True)
class EpochLine:
    """One epoch: `waiting` readings in `blocks` blocks of `size` bytes together, taken from `first` to `last`
    (microseconds). `lost`: lost readings without an acknowledgement."""

    epoch: int
    ord: int
    next: int
    waiting: int
    blocks: int
    size: int
    first: int | None
    last: int | None
    lost: int

    @property
    def is_summary(self) -> bool:
        """Whether this epoch holds summaries of thinned readings."""
        return self.ord == SUMMARY_ORD


@dataclass(frozen=True)
class StoredBlock:
    """One stored block. `gone`: its settled part."""

    epoch: int
    lo: int
    hi: int
    data: bytes
    gone: Ranges

    def readings(self) -> list[Reading]:
        """Decodes the block. Raises BlockUnreadable."""
        return tables.unpack(self.epoch, self.lo, self.hi, self.data)


@dataclass(frozen=True)
class QuarantinedReading:
    """A quarantined reading. `t`: when it was taken, `at`: when it was quarantined, both in microseconds."""

    epoch: int
    seq: int
    series: str
    t: int
    value: str
    code: str
    detail: str
    at: int


class Inspection:
    """A context manager. Every method raises StoreFailure when the disk fails or the file cannot be used."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Opens the buffer of a state directory. Raises NoBufferError, StoreFailure."""
        path = folder / FILE
        if not path.exists():
            raise NoBufferError(f"no collector has run in {folder}: there is no {FILE}")
        with translated():
            return cls(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5))

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def epochs(self) -> list[EpochLine]:
        """Every epoch, oldest first."""
        with translated():
            rows = self._db.execute(
                "SELECT e.id, e.ord, e.next, "
                "(SELECT coalesce(sum(hi - lo), 0) FROM block b WHERE b.epoch = e.id) "
                "- (SELECT coalesce(sum(hi - lo), 0) FROM gone g WHERE g.epoch = e.id), "
                "count(b.id), coalesce(sum(length(b.data)), 0), min(b.first), max(b.last), "
                "(SELECT coalesce(sum(hi - lo), 0) FROM lost l WHERE l.epoch = e.id) "
                "FROM epoch e LEFT JOIN block b ON b.epoch = e.id GROUP BY e.id ORDER BY e.ord, min(b.id)"
            ).fetchall()
        return [EpochLine(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        """The number of `waiting` and of `quarantined` readings."""
        with translated():
            row = self._db.execute(
                "SELECT (SELECT coalesce(sum(hi - lo), 0) FROM block) - (SELECT coalesce(sum(hi - lo), 0) FROM gone), "
                "(SELECT count(*) FROM quarantine)"
            ).fetchone()
        return {"waiting": row[0], "quarantined": row[1]}

    def series(self) -> dict[int, SeriesDeclaration]:
        """Every series of the disk, by id."""
        with translated():
            rows = self._db.execute("SELECT id, name, display_name, type, unit, interval FROM series").fetchall()
        return {
            i: SeriesDeclaration(id=i, name=n, display_name=d, type=t, unit=u, interval=every)
            for i, n, d, t, u, every in rows
        }

    def blocks(self) -> Iterator[StoredBlock]:
        """Every block in the order of writing. Blocks that change meanwhile may be left out."""
        after = -1
        while True:
            with translated():
                rows = self._db.execute(
                    "SELECT id, epoch, lo, hi, data FROM block WHERE id > ? ORDER BY id LIMIT ?",
                    (after, _PAGE_OF_BLOCKS),
                ).fetchall()
                settled = [tables.settled_part(self._db, epoch, lo, hi) for _, epoch, lo, hi, _ in rows]
            if not rows:
                return
            for (number, epoch, lo, hi, data), gone in zip(rows, settled, strict=True):
                after = number
                yield StoredBlock(epoch, lo, hi, data, gone)

    def impossible_ord(self) -> int:
        """See `tables.impossible_ord`."""
        with translated():
            return tables.impossible_ord(self._db)

    def faults(self) -> list[str]:
        """Problems that SQLite finds in the file, and contradictions between the tables."""
        with translated():
            found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(20)")]
            problems = [line for line in found if line != "ok"]
            problems += [
                f"epoch {epoch}: blocks overlap at {lo}"
                for epoch, lo in self._db.execute(
                    "SELECT a.epoch, b.lo FROM block a JOIN block b ON b.epoch = a.epoch AND b.lo > a.lo "
                    "AND b.lo < a.hi LIMIT 20"
                )
            ]
            problems += [
                f"epoch {epoch}: has a reading {hi - 1}, but its next number is {next_}"
                for epoch, hi, next_ in self._db.execute(
                    "SELECT b.epoch, max(b.hi), coalesce(e.next, 0) FROM block b LEFT JOIN epoch e ON e.id = b.epoch "
                    "GROUP BY b.epoch HAVING max(b.hi) > coalesce(e.next, 0) LIMIT 20"
                )
            ]
        return problems

    def quarantine(self) -> Iterator[QuarantinedReading]:
        """Every quarantined reading, oldest first."""
        after = -1
        while True:
            with translated():
                rows = self._db.execute(
                    "SELECT id, epoch, seq, series, t, value, code, detail, at FROM quarantine WHERE id > ? "
                    "ORDER BY id LIMIT ?",
                    (after, _PAGE_OF_ROWS),
                ).fetchall()
            if not rows:
                return
            for number, *row in rows:
                after = number
                yield QuarantinedReading(*row)


def clear_quarantine(folder: Path) -> int:
    """Deletes the quarantine, also while a collector is running; returns the number of deleted readings. Raises
    NoBufferError, StoreFailure."""
    if not (folder / FILE).exists():
        raise NoBufferError(f"no collector has run in {folder}: there is no {FILE}")
    with translated(), closing(sqlite3.connect(folder / FILE, timeout=5, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=FULL")
        return db.execute("DELETE FROM quarantine").rowcount


def count_waiting(folder: Path) -> dict[str, int]:
    """See `Inspection.counts`. Raises NoBufferError, StoreFailure."""
    with Inspection.at(folder) as inspection:
        return inspection.counts()
