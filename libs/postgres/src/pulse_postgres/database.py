"""A pool of connections and transactions. An outage of PostgreSQL raises DatabaseUnavailable. Other errors of asyncpg
pass unchanged, because they are bugs."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import asyncpg

from pulse_contracts.errors import Unavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
    Row = asyncpg.Record
else:
    Connection = asyncpg.Connection
    Row = asyncpg.Record

_SERVER_OUTAGES = (
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
"""Errors of the server that a retry may not get: a restart, a full disk, a failover, a lost lock."""

_after_commit: ContextVar[list[Callable[[], object]] | None] = ContextVar("after_commit", default=None)


class DatabaseUnavailable(Unavailable):
    """PostgreSQL does not answer, is restarting, is full, or gave up on a lock. A retry may succeed."""


@dataclass(frozen=True)
class PoolSettings:
    """`url` holds host, database and role. The password is separate, or part of the url on loopback. `idle_timeout`:
    how long a transaction may wait for its process before PostgreSQL ends it and frees its locks. None: for ever."""

    url: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    size: int = 8
    acquire_timeout: timedelta = timedelta(seconds=5)
    command_timeout: timedelta = timedelta(seconds=30)
    idle_timeout: timedelta | None = None


class Database:
    """A pool. Open it with `async with Database(settings) as database:`. It opens even while PostgreSQL is down; every
    use then raises DatabaseUnavailable until PostgreSQL is back."""

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def __aenter__(self) -> Self:
        settings = self._settings
        options = {}
        if settings.idle_timeout is not None:
            milliseconds = int(settings.idle_timeout.total_seconds() * 1_000)
            options["idle_in_transaction_session_timeout"] = str(milliseconds)
        self._pool = asyncpg.create_pool(
            settings.url,
            password=settings.password,
            min_size=0,
            max_size=settings.size,
            command_timeout=settings.command_timeout.total_seconds(),
            timeout=settings.acquire_timeout.total_seconds(),
            max_inactive_connection_lifetime=300,
            reset=_nothing_to_reset,
            server_settings=options,
        )
        await self._pool
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pool is not None:
            try:
                async with asyncio.timeout(5):
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One connection without a transaction, for single statements. Raises DatabaseUnavailable."""
        if self._pool is None:
            raise RuntimeError("the database is not open")
        timeout = self._settings.acquire_timeout.total_seconds()
        with outages_translated():
            connection = await self._pool.acquire(timeout=timeout)
        try:
            with outages_translated(connection):
                yield connection
        finally:
            with outages_translated():
                await self._pool.release(connection, timeout=timeout)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction. It commits when the block ends and rolls back when the block raises. Raises
        DatabaseUnavailable."""
        outer, callbacks = _after_commit.get(), list[Callable[[], object]]()
        _after_commit.set(callbacks)
        try:
            async with self.connection() as connection, connection.transaction():
                yield connection
        finally:
            _after_commit.set(outer)
        for callback in callbacks:
            callback()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A read-only transaction that sees one moment (REPEATABLE READ). Raises DatabaseUnavailable, and
        RuntimeError for a statement that writes."""
        async with self.connection() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            try:
                yield connection
            except asyncpg.ReadOnlySQLTransactionError as error:
                raise RuntimeError("a statement tried to write in a read-only snapshot") from error

    async def is_reachable(self) -> bool:
        """Whether PostgreSQL answers a query at this moment."""
        try:
            async with self.connection() as connection:
                await connection.execute("SELECT 1")
        except DatabaseUnavailable:
            return False
        return True

    async def accepts_connections(self) -> bool:
        """Whether PostgreSQL accepts a new connection at this moment, even while the pool is in use or locks are held.
        True also when PostgreSQL answers that it has too many connections."""
        settings, timeout = self._settings, self._settings.acquire_timeout.total_seconds()
        try:
            connection = await asyncpg.connect(settings.url, password=settings.password, timeout=timeout)
            await connection.close(timeout=timeout)
        except asyncpg.TooManyConnectionsError:
            return True
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return False
        return True


def after_commit(callback: Callable[[], object]) -> None:
    """Calls `callback` once the current `Database.transaction` has committed, and never if it rolls back. Outside a
    transaction the callback runs immediately."""
    callbacks = _after_commit.get()
    if callbacks is None:
        callback()
    else:
        callbacks.append(callback)


class _Closable(Protocol):
    def is_closed(self) -> bool: ...


@contextmanager
def outages_translated(connection: _Closable | None = None) -> Iterator[None]:
    """Raises DatabaseUnavailable instead of an error that means that PostgreSQL is unavailable.

    `connection` is the one that the block uses: an InterfaceError counts as an outage only if that connection is
    closed. So does an InternalClientError, which asyncpg raises for the ROLLBACK after the server has ended the
    connection; it also counts if it follows an outage. OSError and TimeoutError count only if asyncpg raised them.
    Every other error passes unchanged: a wrong number of arguments or a missing file is a bug, not an outage.
    """
    try:
        yield
    except (*_SERVER_OUTAGES, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        if not _is_outage(error, connection):
            raise
        is_timeout = isinstance(error, TimeoutError)
        reason = "no answer in time" if is_timeout else f"{type(error).__name__}: {error}"
        raise DatabaseUnavailable(reason) from error


def _is_outage(error: Exception, connection: _Closable | None) -> bool:
    if isinstance(error, asyncpg.InterfaceError):
        return connection is not None and _is_closed(connection)
    if isinstance(error, asyncpg.InternalClientError):
        is_closed = connection is not None and _is_closed(connection)
        return is_closed or isinstance(error.__context__, _SERVER_OUTAGES)
    if isinstance(error, OSError):
        return _is_raised_by_asyncpg(error.__traceback__)
    return True


def _is_closed(connection: _Closable) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the connection died and the pool has removed it
        return True


def _is_raised_by_asyncpg(trace: TracebackType | None) -> bool:
    """Whether the innermost frame belongs to asyncpg, the standard library and uvloop aside."""
    package = ""
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if name not in sys.stdlib_module_names and name != "uvloop":
            package = name
        trace = trace.tb_next
    return package == "asyncpg"


async def _nothing_to_reset(_: object) -> None:
    """No session state is ever set: SET LOCAL and transaction locks end with their transaction, and asyncpg rolls back
    an open one. RESET ALL after each use would cost a round trip."""


def ranges(value: Any) -> list[tuple[int, int]]:
    """Converts an int8multirange from PostgreSQL (canonical, half-open) to a sorted list of (lo, hi)."""
    return [(int(part.lower), int(part.upper)) for part in value]


def multirange(parts: list[tuple[int, int]]) -> list["asyncpg.Range[int]"]:
    """Converts half-open (lo, hi) to a parameter of type int8multirange."""
    return [asyncpg.Range(lo, hi) for lo, hi in parts]
