"""A pool of connections, and transactions whose failures say whether the world or the request was wrong."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import asyncpg

from pulse_contracts.errors import Unavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    Row = asyncpg.Record
else:
    Connection = asyncpg.Connection
    Row = asyncpg.Record

_GONE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""What may go away by itself: no connection, a restart, a full disk, a lost race for locks."""


_MOST_WARM = 2
_WARM_SECONDS = 60.0
"""After a longer rest something on the way may have forgotten the connection, and its next use would wait in vain."""


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer, is restarting, is full, or gave up on a lock: worth trying again."""


@dataclass(frozen=True)
class PoolSettings:
    """`url` names host, database and role; the password is given beside it, or stands in it on loopback."""

    url: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    size: int = 8
    acquire_timeout: timedelta = timedelta(seconds=5)
    command_timeout: timedelta = timedelta(seconds=30)


class Database:
    """A pool. Open it with `async with Database(settings) as database:`; it opens even while PostgreSQL is down, and
    every use then raises DatabaseUnavailable until it is back."""

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._warm: list[tuple[Connection, float]] = []
        self._waiting, self._is_closing = 0, False

    async def __aenter__(self) -> Self:
        settings = self._settings
        self._pool = asyncpg.create_pool(
            settings.url,
            password=settings.password,
            min_size=0,
            max_size=settings.size,
            command_timeout=settings.command_timeout.total_seconds(),
            timeout=settings.acquire_timeout.total_seconds(),
            max_inactive_connection_lifetime=300,
            reset=_nothing_to_reset,
        )
        await self._pool
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closing = True
        if self._pool is not None:
            try:
                async with asyncio.timeout(5):
                    while self._warm:
                        await self._pool.release(self._warm.pop()[0])
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """One connection without a transaction, for single statements. Raises DatabaseUnavailable."""
        return _Loan(self._take, self._give_back)

    async def _take(self) -> Connection:
        """One that was used before, if there is one: a turn through the pool (a task, three timers) takes as long as
        what it would be needed for."""
        pool = self._open_pool()
        while self._warm:
            connection, since = self._warm.pop()
            if _is_open(connection):
                if time.monotonic() - since <= _WARM_SECONDS:
                    return connection
                connection.terminate()
            await pool.release(connection)
        self._waiting += 1
        try:
            return await pool.acquire(timeout=self._settings.acquire_timeout.total_seconds())
        finally:
            self._waiting -= 1

    async def _give_back(self, connection: Connection, is_clean: bool) -> None:  # noqa: FBT001  # of `_Loan` alone
        if not (is_clean and self._keep(connection)):
            timeout = self._settings.acquire_timeout.total_seconds()
            await self._open_pool().release(connection, timeout=timeout)

    def _open_pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise RuntimeError("the database is not open")
        return self._pool

    def _keep(self, connection: Connection) -> bool:
        """Whether it stays here for the next. Not while somebody waits at the pool, which knows of none here."""
        if self._waiting or self._is_closing or len(self._warm) >= _MOST_WARM or not _is_open(connection):
            return False
        if connection.is_in_transaction():  # the pool ends what a block left open
            return False
        self._warm.append((connection, time.monotonic()))
        return True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: commits when the block ends, rolls back when it raises. Raises DatabaseUnavailable."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A read-only transaction that sees one moment (REPEATABLE READ). Raises DatabaseUnavailable."""
        async with self.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection

    async def is_reachable(self) -> bool:
        """Whether it answers now."""
        try:
            async with self.connection() as connection:
                await connection.execute("SELECT 1")
        except DatabaseUnavailable:
            return False
        return True


class _Loan:
    """A connection for the length of a block. A class: a generator for it costs more than what it does."""

    __slots__ = ("_connection", "_give_back", "_take")

    def __init__(
        self, take: Callable[[], Awaitable[Connection]], give_back: Callable[[Connection, bool], Awaitable[None]]
    ) -> None:
        self._take, self._give_back = take, give_back

    async def __aenter__(self) -> Connection:
        try:
            self._connection = await self._take()
        except _GONE as error:
            raise _unavailable(error) from error
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._give_back(self._connection, error is None)
        except _GONE as failure:
            raise _unavailable(failure) from failure
        if isinstance(error, _GONE):
            raise _unavailable(error) from error


def _unavailable(error: BaseException) -> DatabaseUnavailable:
    is_late = isinstance(error, TimeoutError)  # which is an OSError, too
    return DatabaseUnavailable("no answer in time" if is_late else f"{type(error).__name__}: {error}")


def _is_open(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # it died, and the pool has taken it back already
        return False


async def _nothing_to_reset(_: object) -> None:
    """No session state is ever set here (SET LOCAL and transaction locks end with their transaction, and asyncpg rolls
    back an open one by itself): a RESET ALL after each use would be a round trip for nothing."""


def ranges(value: Any) -> list[tuple[int, int]]:
    """An int8multirange as PostgreSQL gives it (canonical, half-open) as a sorted list of (lo, hi)."""
    return [(int(part.lower), int(part.upper)) for part in value]


def multirange(parts: list[tuple[int, int]]) -> list["asyncpg.Range[int]"]:
    """A list of half-open (lo, hi) as a parameter of type int8multirange."""
    return [asyncpg.Range(lo, hi) for lo, hi in parts]
