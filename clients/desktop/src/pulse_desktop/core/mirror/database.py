"""`state.db`: opening, migrations and transactions. No other module imports aiosqlite.

Several processes use the file at once (a running collector, and commands), so it is in WAL mode with a busy timeout.
`synchronous=FULL`: what is committed survives a power failure.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

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


class Rows:
    """The statements of one transaction. Raises sqlite3 errors, which the transaction translates."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        """Executes a statement and returns its rows."""
        return [tuple(row) for row in await self._connection.execute_fetchall(sql, values)]

    async def one(self, sql: str, *values: object) -> Row | None:
        """Executes a statement and returns its first row."""
        return next(iter(await self.fetch(sql, *values)), None)

    async def run(self, sql: str, *values: object) -> int:
        """Executes a statement. Returns the number of changed rows."""
        async with self._connection.execute(sql, values) as cursor:
            return cursor.rowcount

    async def run_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """Executes a statement for each row of values."""
        async with self._connection.executemany(sql, values):
            pass


class Database:
    """One connection. Its transactions follow each other."""

    def __init__(self, connection: aiosqlite.Connection, file: Path) -> None:
        self._connection, self._file = connection, file
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, file: Path) -> Self:
        """Opens or creates the file with mode 0600, and migrates it. Raises StoreFailure, also for a corrupt file and
        for one that a newer version has written."""
        try:
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same mode
        except OSError as error:
            raise StoreFailure("read-only", f"{file} cannot be opened: {error.strerror}") from error
        with translated():
            connection = await aiosqlite.connect(file, isolation_level=None)
            try:
                await _prepare(connection)
            except BaseException:
                await connection.close()
                raise
        return cls(connection, file)

    @classmethod
    async def open_or_replace(cls, folder: Path, clock: Clock) -> Self:
        """Like `open`, but a corrupt file is renamed and replaced by an empty one. Only the process that has locked the
        folder may call it. Raises StoreFailure."""
        try:
            return await cls.open(folder / FILE)
        except StoreFailure as failure:
            if failure.kind != "corrupt":
                raise
            kept, detail = move_aside(folder / FILE, clock.micros()), failure.detail
        log.error("mirror_database_corrupt", detail=detail, kept_as=kept.name)
        return await cls.open(folder / FILE)

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

    @asynccontextmanager
    async def _bracket(self, begin: str) -> AsyncIterator[Rows]:
        async with self._turn:
            with translated():
                await self._connection.execute(begin)
                try:
                    yield Rows(self._connection)
                    await self._connection.execute("COMMIT")
                except BaseException:
                    await asyncio.shield(self._roll_back())
                    raise

    async def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite ends it by itself after some errors, for example a full disk
            await self._connection.execute("ROLLBACK")

    def free_bytes(self) -> int:
        """Free bytes of the file system."""
        return shutil.disk_usage(self._file.parent).free

    async def shrink(self) -> None:
        """Removes deleted content from the files. Raises StoreFailure."""
        async with self._turn:
            with translated():
                await self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _prepare(connection: aiosqlite.Connection) -> None:
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "secure_delete=ON",  # overwrites deleted verifiers
        "foreign_keys=ON",
    ):
        await connection.execute(f"PRAGMA {pragma}")
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
