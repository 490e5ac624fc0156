"""`recent.db`: the buckets of 60 s of the last 24 hours. Nothing depends on it: it may be deleted or corrupt at any
time, and is then created anew; a corrupt file is kept as `recent.corrupt`. One thread owns a `RecentFile`."""

import math
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pulse_contracts.message import ValueType
from pulse_desktop.core.model import StoreFailure, Value
from pulse_desktop.core.recent.buckets import Bucket
from pulse_desktop.core.storage.failures import translated

FILE: Final = "recent.db"
SET_ASIDE: Final = "recent.corrupt"
_VERSION: Final = 1
_AGE: Final = 86_400 * 1_000_000
_MINUTE: Final = 60 * 1_000_000
_ROWS: Final = 3_000_000
"""Maximum number of buckets, about 150 MB. More than 2,000 series are kept for less than 24 hours."""
_PAGES: Final = 65_536
_WAL_LIMIT: Final = 4 * 1024 * 1024
_MIN_FREE: Final = 32 * 1024 * 1024
"""Disk space in bytes that this file always leaves to others."""
_SCHEMA: Final = (
    "CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, UNIQUE (name, type))",
    (
        "CREATE TABLE bucket (series INTEGER NOT NULL, t INTEGER NOT NULL, first_t INTEGER NOT NULL, first, "
        "last_t INTEGER NOT NULL, last, lo, hi, n INTEGER NOT NULL, PRIMARY KEY (series, t)) WITHOUT ROWID"
    ),
    f"PRAGMA user_version={_VERSION}",
)

Key = tuple[str, ValueType]
"""Name and type of a series. The ids of the buffer are not stored, because a new buffer file has others."""


class RecentFile:
    """One file. Every method raises StoreFailure, and opens the file if necessary. `min_free`: bytes of the disk that
    are left to others; at least 32 MiB are."""

    def __init__(self, folder: Path, min_free: int) -> None:
        self._path, self._min_free = folder / FILE, max(min_free, _MIN_FREE)
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._ids: dict[Key, int] = {}
        self._inherited: dict[Key, int] | None = None

    def read(self, key: Key, start: int, end: int) -> list[Bucket]:
        """The buckets that overlap `[start, end)`, oldest first."""
        with self._opened() as db:
            if (series := self._ids.get(key)) is None:
                return []
            rows = db.execute(
                "SELECT t, first_t, first, last_t, last, lo, hi, n FROM bucket WHERE series = ? AND t > ? AND t < ? "
                "ORDER BY t",
                (series, start - _MINUTE, end),
            ).fetchall()
            return [_bucket(row, key[1]) for row in rows]

    def inherited_until(self, key: Key) -> int:
        """Start of the newest bucket that the file had of a series when this process opened it first; -1 for none."""
        with self._opened():
            return (self._inherited or {}).get(key, -1)

    def write(self, buckets: Mapping[Key, Sequence[Bucket]], now: int) -> None:
        """Adds new readings to the stored buckets, and deletes the ones that are more than 24 hours away from `now`."""
        with self._opened() as db:
            if (free := shutil.disk_usage(self._path.parent).free) < self._min_free:
                raise StoreFailure("full", f"only {free:,} bytes of the disk are free")
            db.execute("BEGIN IMMEDIATE")
            try:
                self._delete_old(db, now)
                for key, some in buckets.items():
                    self._add(db, key, some)
                db.execute("COMMIT")
            except BaseException:
                self._ids = {}
                if db.in_transaction:
                    db.execute("ROLLBACK")
                self.close()
                raise

    def _delete_old(self, db: sqlite3.Connection, now: int) -> None:
        age = min(_AGE, _ROWS // max(1, len(self._ids)) * _MINUTE)
        for series in self._ids.values():
            db.execute("DELETE FROM bucket WHERE series = ? AND t < ?", (series, now - age))
            db.execute("DELETE FROM bucket WHERE series = ? AND t > ?", (series, now + age))

    def _add(self, db: sqlite3.Connection, key: Key, buckets: Sequence[Bucket]) -> None:
        if (series := self._ids.get(key)) is None:
            series = self._ids[key] = int(
                db.execute("INSERT INTO series (name, type) VALUES (?, ?) RETURNING id", key).fetchone()[0]
            )
        for new in buckets:
            row = db.execute(
                "SELECT t, first_t, first, last_t, last, lo, hi, n FROM bucket WHERE series = ? AND t = ?",
                (series, new.t),
            ).fetchone()
            b = new
            if row is not None:
                b = _bucket(row, key[1])
                b.merge(new)
            db.execute(
                "INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (series, b.t, b.first_t, _cell(b.first), b.last_t, _cell(b.last), _cell(b.lo), _cell(b.hi), b.n),
            )

    def close(self) -> None:
        """Closes the file. The next call opens it again."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
        self._db = None

    # -- opening

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """The connection. After an error it is closed, and an unusable file is set aside."""
        try:
            with translated():
                yield self._open()
        except StoreFailure as failure:
            self.close()
            if failure.kind == "corrupt":
                raise self._set_aside(failure.detail) from failure
            raise
        except sqlite3.DatabaseError as error:  # another program wrote the file
            self.close()
            raise self._set_aside(str(error)) from error
        except OSError as error:
            self.close()
            raise StoreFailure("i/o error", f"{self._path}: {error.strerror}") from error

    def _open(self) -> sqlite3.Connection:
        if self._db is not None and _inode(self._path) == self._inode:
            return self._db
        self.close()
        with suppress(FileExistsError):  # mode 0600, which SQLite gives to its other files as well
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db = sqlite3.connect(self._path, isolation_level=None, timeout=1, check_same_thread=False)
        try:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"journal_size_limit={_WAL_LIMIT}"):
                db.execute(f"PRAGMA {pragma}").fetchall()
            db.execute(f"PRAGMA max_page_count={_PAGES}").fetchall()
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        self._db, self._inode = db, _inode(self._path)
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            db.execute("BEGIN IMMEDIATE")
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute("COMMIT")
        elif version != _VERSION:
            raise StoreFailure("corrupt", f"unknown version {version}")
        self._ids = {(name, type_): id_ for id_, name, type_ in db.execute("SELECT id, name, type FROM series")}
        newest = dict(db.execute("SELECT series, max(t) FROM bucket GROUP BY series").fetchall())
        if self._inherited is None:
            self._inherited = {key: newest.get(id_, -1) for key, id_ in self._ids.items()}

    def _set_aside(self, detail: str) -> StoreFailure:
        """Renames the file, which replaces the one that was set aside before. Returns the failure with its name."""
        try:
            for suffix in ("-wal", "-shm"):
                self._path.with_name(FILE + suffix).unlink(missing_ok=True)
            self._path.replace(self._path.with_name(SET_ASIDE))
        except OSError as error:
            return StoreFailure("corrupt", f"{detail}; {FILE} cannot be set aside: {error.strerror}")
        return StoreFailure("corrupt", f"{detail}; {FILE} is kept as {SET_ASIDE}, and a new file is created")


def _cell(value: Value) -> Value | None:
    """SQLite has no NaN: NULL stands for it."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _bucket(row: tuple[object, ...], type_: ValueType) -> Bucket:
    t, first_t, first, last_t, last, lo, hi, n = row
    if not (isinstance(t, int) and isinstance(first_t, int) and isinstance(last_t, int) and isinstance(n, int)):
        raise StoreFailure("corrupt", "a bucket has a value of a wrong type")
    return Bucket(
        t, first_t, _value(first, type_), last_t, _value(last, type_), _value(lo, type_), _value(hi, type_), n
    )


def _value(cell: object, type_: ValueType) -> Value:
    if type_ == "float" and (cell is None or isinstance(cell, float)):
        return math.nan if cell is None else cell
    if type_ != "float" and isinstance(cell, int):
        return bool(cell) if type_ == "bool" else cell
    raise StoreFailure("corrupt", f"a bucket has a value that is not {type_}")


def _inode(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_ino
    return 0
