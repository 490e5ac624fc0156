"""`state.db`: opening, migrations and transactions. No other module imports aiosqlite.

Several processes use the file at once (a running collector, and commands), so it is in WAL mode with a busy timeout.
`synchronous=FULL`: what is committed survives a power failure.
"""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol, Self, TypeVar

import aiosqlite
import structlog

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror.migrations import MIGRATIONS
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.storage.failures import translated
from pulse_desktop.core.storage.salvage import move_aside

log = structlog.get_logger("pulse.desktop.mirror")

FILE: Final = "state.db"
_BUSY_MS: Final = 5_000

Row = tuple[Any, ...]
T = TypeVar("T")


class Rows(Protocol):
    """The statements of one transaction. Raises sqlite3 errors, which the transaction translates."""

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        """Executes a statement and returns its rows."""

    async def one(self, sql: str, *values: object) -> Row | None:
        """Executes a statement and returns its first row."""

    async def run(self, sql: str, *values: object) -> int:
        """Executes a statement. Returns the number of changed rows."""

    async def run_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """Executes a statement for each row of values."""


class _Remote:
    """Statements from the event loop: each one waits for the thread of the connection."""

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        return await self._connection.call(lambda db: db.execute(sql, values).fetchall())

    async def one(self, sql: str, *values: object) -> Row | None:
        return next(iter(await self.fetch(sql, *values)), None)

    async def run(self, sql: str, *values: object) -> int:
        return await self._connection.call(lambda db: db.execute(sql, values).rowcount)

    async def run_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        await self._connection.call(lambda db: db.executemany(sql, values))


class _Direct:
    """Statements within the thread of the connection. Its coroutines never suspend."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        return self._db.execute(sql, values).fetchall()

    async def one(self, sql: str, *values: object) -> Row | None:
        return next(iter(self._db.execute(sql, values).fetchall()), None)

    async def run(self, sql: str, *values: object) -> int:
        return self._db.execute(sql, values).rowcount

    async def run_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        self._db.executemany(sql, values)


class _Connection(aiosqlite.Connection):
    """A connection that can execute a function in its thread."""

    async def call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        result: T = await self._execute(function, self._conn)  # type: ignore[no-untyped-call]
        return result


class Database:
    """One connection. Its transactions follow each other."""

    def __init__(self, connection: _Connection, file: Path) -> None:
        self._connection, self._file = connection, file
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, file: Path) -> Self:
        """Opens or creates the file with mode 0600, and migrates it. Raises StoreFailure, also for a corrupt file and
        for one that a newer version has written."""
        try:
            _create(file)
        except OSError as error:
            raise StoreFailure("read-only", f"{file} cannot be opened: {error.strerror}") from error
        with translated():
            connection = _Connection(lambda: sqlite3.connect(file, isolation_level=None), iter_chunk_size=64)
            await connection
            try:
                await _prepare(connection)
            except BaseException:
                await connection.close()
                raise
        return cls(connection, file)

    @classmethod
    async def open_or_replace(cls, folder: Path, clock: Clock) -> Self:
        """Like `open`, but a corrupt file is renamed and replaced by an empty one. Only the process that has locked the
        folder may call it. The number of the last remote command becomes the time in seconds since 1970: the gateway
        gives higher numbers to later commands, so that no earlier one is executed again. Raises StoreFailure."""
        try:
            return await cls.open(folder / FILE)
        except StoreFailure as failure:
            if failure.kind != "corrupt":
                raise
            kept, detail = move_aside(folder / FILE, clock.micros()), failure.detail
        log.error("mirror_database_corrupt", detail=detail, kept_as=kept.name)
        fresh = await cls.open(folder / FILE)
        async with fresh.transaction() as rows:
            await rows.run("UPDATE configuration SET command_n = ?", clock.micros() // 1_000_000)
        return fresh

    async def close(self) -> None:
        """Closes the file."""
        with suppress(ValueError):  # closed already
            await self._connection.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Rows]:
        """A transaction that may write: committed at the end of the block, rolled back after an error. Raises
        StoreFailure."""
        async with self._bracket("BEGIN IMMEDIATE") as rows:
            yield rows

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Rows]:
        """A consistent view of the file. Raises StoreFailure."""
        async with self._bracket("BEGIN") as rows:
            yield rows

    async def at_once(self, work: Callable[[Rows], Coroutine[Any, Any, T]]) -> T:
        """A transaction that may write, in one call to the thread of the connection instead of one for each statement:
        for what happens often. `work` must await nothing but the statements. Once begun, it is completed although the
        caller is cancelled. Raises StoreFailure."""
        async with self._turn:
            with translated():
                return await self._connection.call(lambda db: _complete(db, work))

    @asynccontextmanager
    async def _bracket(self, begin: str) -> AsyncIterator[Rows]:
        async with self._turn:
            with translated():
                try:
                    await self._connection.execute(begin)
                    yield _Remote(self._connection)
                    await self._connection.execute("COMMIT")
                except BaseException:
                    await asyncio.shield(self._roll_back())
                    raise

    async def _roll_back(self) -> None:
        # In the thread of the connection: after a cancellation it may still have to execute the statement.
        await self._connection.call(_roll_back)

    def free_bytes(self) -> int:
        """Free bytes of the file system."""
        return shutil.disk_usage(self._file.parent).free

    async def shrink(self) -> None:
        """Removes deleted content from the files. Raises StoreFailure."""
        async with self._turn:
            with translated():
                await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")


def _create(file: Path) -> None:
    """Creates the file with mode 0600, which SQLite gives to its other files as well. An existing file is not opened:
    POSIX ends every lock of a process on a file when the process closes any descriptor of it. Without its lock, the
    connection of this process would lose its write-ahead log to the next process that closes the file. Raises
    OSError."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _complete(db: sqlite3.Connection, work: Callable[[Rows], Coroutine[Any, Any, T]]) -> T:
    """Runs a transaction in the thread of the connection."""
    db.execute("BEGIN IMMEDIATE")
    try:
        result = _finished(work(_Direct(db)))
        db.execute("COMMIT")
    except BaseException:
        _roll_back(db)
        raise
    return result


def _roll_back(db: sqlite3.Connection) -> None:
    if db.in_transaction:  # SQLite ends it by itself after some errors, for example a full disk
        db.execute("ROLLBACK")


def _finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("the work of a transaction at once awaits something else than its statements")


async def _prepare(connection: aiosqlite.Connection) -> None:
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",  # overwrites deleted verifiers
        "foreign_keys=ON",
    ):
        await connection.execute_fetchall(f"PRAGMA {pragma}")
    for (finding,) in await connection.execute_fetchall("PRAGMA quick_check(1)"):
        if finding != "ok":
            raise StoreFailure("corrupt", str(finding))
    await connection.execute("BEGIN IMMEDIATE")
    try:
        await _migrate(connection)
        await connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            await connection.execute("ROLLBACK")
        raise


async def _migrate(connection: aiosqlite.Connection) -> None:
    ((version,),) = await connection.execute_fetchall("PRAGMA user_version")
    if version > len(MIGRATIONS):
        raise StoreFailure("read-only", f"{FILE} was written by a newer version of the collector: update this one")
    for number in range(version, len(MIGRATIONS)):
        for statement in MIGRATIONS[number]:
            await connection.execute(statement)
        await connection.execute(f"PRAGMA user_version={number + 1}")
