"""Translates SQLite errors that the disk causes into StoreFailure."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from pulse_desktop.core.model import FailureKind, StoreFailure

_KINDS: dict[int, FailureKind] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "read-only",
    sqlite3.SQLITE_CANTOPEN: "i/o error",
    sqlite3.SQLITE_BUSY: "i/o error",
    sqlite3.SQLITE_IOERR: "i/o error",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
}


@contextmanager
def translated() -> Iterator[None]:
    """Raises StoreFailure for errors that the disk or the file causes. Other SQLite errors are bugs and stay as they
    are."""
    try:
        yield
    except sqlite3.Error as error:
        kind = _KINDS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if kind is None:
            raise
        raise StoreFailure(kind, str(error)) from error
