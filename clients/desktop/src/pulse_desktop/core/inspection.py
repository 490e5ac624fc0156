"""A look at a buffer's file from outside: read-only, in short reads, while a collector may be running on it. And the
one thing that an operator may delete there: the quarantine. SQL only."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.core import tables
from pulse_desktop.core.failures import translated
from pulse_desktop.core.model import SUMMARY_ORD, Reading
from pulse_desktop.core.opening import FILE
from pulse_desktop.core.ranges import Ranges

_PAGE_OF_BLOCKS = 64
_PAGE_OF_ROWS = 500


class NoBufferError(Exception):
    """There is no buffer in that state directory."""


@dataclass(frozen=True)
class EpochLine:
    """One epoch: `waiting` readings in `blocks` of `size` bytes, taken between `first` and `last` (microseconds);
    `lost`: readings whose loss is not acknowledged yet."""

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
        """Whether it holds what is left of thinned readings."""
        return self.ord == SUMMARY_ORD


@dataclass(frozen=True)
class StoredBlock:
    """One block as it lies there."""

    epoch: int
    lo: int
    hi: int
    data: bytes
    gone: Ranges

    def readings(self) -> list[Reading]:
        """Raises BlockUnreadable."""
        return tables.unpack(self.epoch, self.lo, self.hi, self.data)


@dataclass(frozen=True)
class QuarantinedReading:
    """A reading that nobody could use. `t`, `at`: when it was taken and set aside, microseconds; `value` as text."""

    epoch: int
    seq: int
    series: str
    t: int
    value: str
    code: str
    detail: str
    at: int


class Look:
    """Close it. Every method raises StoreFailure when the disk or the file does not play along."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Raises NoBufferError, StoreFailure."""
        path = folder / FILE
        if not path.exists():
            raise NoBufferError(f"no collector has run in {folder}: there is no {FILE}")
        with translated():
            return cls(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5))

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def epochs(self) -> list[EpochLine]:
        """Oldest first."""
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
        """`waiting` and `quarantined` readings."""
        with translated():
            row = self._db.execute(
                "SELECT (SELECT coalesce(sum(hi - lo), 0) FROM block) - (SELECT coalesce(sum(hi - lo), 0) FROM gone), "
                "(SELECT count(*) FROM quarantine)"
            ).fetchone()
        return {"waiting": row[0], "quarantined": row[1]}

    def series(self) -> dict[int, SeriesDeclaration]:
        """Every series of the disk, by its id."""
        with translated():
            rows = self._db.execute("SELECT id, name, display_name, type, unit, interval FROM series").fetchall()
        return {
            i: SeriesDeclaration(id=i, name=n, display_name=d, type=t, unit=u, interval=every)
            for i, n, d, t, u, every in rows
        }

    def blocks(self) -> Iterator[StoredBlock]:
        """In the order of writing. What comes or goes meanwhile may or may not be among them."""
        after = -1
        while True:
            with translated():
                rows = self._db.execute(
                    "SELECT id, epoch, lo, hi, data FROM block WHERE id > ? ORDER BY id LIMIT ?",
                    (after, _PAGE_OF_BLOCKS),
                ).fetchall()
                gone = [tables.gone(self._db, epoch, lo, hi) for _, epoch, lo, hi, _ in rows]
            if not rows:
                return
            for (number, epoch, lo, hi, data), without in zip(rows, gone, strict=True):
                after = number
                yield StoredBlock(epoch, lo, hi, data, without)

    def impossible_order(self) -> int:
        """See `tables.impossible_order`."""
        with translated():
            return tables.impossible_order(self._db)

    def faults(self) -> list[str]:
        """What SQLite itself finds wrong with the file, and what our tables say against each other."""
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
                f"epoch {epoch}: holds {hi}, but its next number is {next_}"
                for epoch, hi, next_ in self._db.execute(
                    "SELECT b.epoch, max(b.hi), coalesce(e.next, 0) FROM block b LEFT JOIN epoch e ON e.id = b.epoch "
                    "GROUP BY b.epoch HAVING max(b.hi) > coalesce(e.next, 0) LIMIT 20"
                )
            ]
        return problems

    def quarantine(self) -> Iterator[QuarantinedReading]:
        """Oldest first."""
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
    """Deletes it, also under a running collector; returns how many readings went. Raises NoBufferError,
    StoreFailure."""
    if not (folder / FILE).exists():
        raise NoBufferError(f"no collector has run in {folder}: there is no {FILE}")
    with translated(), closing(sqlite3.connect(folder / FILE, timeout=5, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=FULL")
        return db.execute("DELETE FROM quarantine").rowcount


def count_waiting(folder: Path) -> dict[str, int]:
    """See `Look.counts`. Raises NoBufferError, StoreFailure."""
    with Look.at(folder) as look:
        return look.counts()
