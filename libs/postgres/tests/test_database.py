"""Which errors are outages (a retry may succeed) and which are bugs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from pulse_postgres import Database, DatabaseUnavailable, Migrations
from pulse_postgres.database import PoolSettings, after_commit, multirange, outages_translated, ranges
from pulse_testkit.waiting import eventually

pytestmark = pytest.mark.servers


@pytest.fixture
async def small(url: str) -> AsyncIterator[Database]:
    """A pool with one connection and short timeouts."""
    settings = PoolSettings(url, size=1, acquire_timeout=timedelta(seconds=0.3), command_timeout=timedelta(seconds=0.3))
    async with Database(settings) as opened:
        yield opened


async def test_a_pool_opens_while_postgresql_is_down_and_every_use_raises_unavailable(free_port: int) -> None:
    async with Database(PoolSettings(f"postgresql://me:secret@127.0.0.1:{free_port}/x")) as database:
        assert not await database.is_reachable()
        with pytest.raises(DatabaseUnavailable) as failure:
            async with database.connection():
                pass
        assert "secret" not in str(failure.value)


async def test_a_transaction_whose_process_is_stopped_loses_its_locks(url: str, database: Database) -> None:
    async def wait_with_a_lock(stopped: Database) -> None:
        async with stopped.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(7)")
            async with database.transaction() as other:
                await other.execute("SELECT pg_advisory_xact_lock(7)")
            await connection.execute("SELECT 1")

    async with Database(PoolSettings(url, idle_timeout=timedelta(milliseconds=100))) as stopped:
        with pytest.raises(DatabaseUnavailable):
            await wait_with_a_lock(stopped)
        assert await stopped.is_reachable()


async def test_an_exhausted_pool_is_unavailable_and_recovers(small: Database) -> None:
    async with small.connection():
        with pytest.raises(DatabaseUnavailable):
            async with small.connection():
                pass
    assert await small.is_reachable()


async def test_postgresql_accepts_connections_while_the_pool_is_exhausted(url: str, free_port: int) -> None:
    async with Database(PoolSettings(url, size=1)) as full, full.connection():
        assert await full.accepts_connections()
    async with Database(PoolSettings(f"postgresql://me:secret@127.0.0.1:{free_port}/x")) as down:
        assert not await down.accepts_connections()


async def test_a_statement_that_takes_too_long_is_unavailable_and_its_connection_is_usable_again(
    small: Database,
) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with small.connection() as connection:
            await connection.execute("SELECT pg_sleep(5)")
    assert await small.is_reachable()


async def test_a_connection_killed_in_a_transaction_is_unavailable_and_writes_nothing(
    database: Database, admin_url: str
) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE thing (id integer)")
    admin = await asyncpg.connect(admin_url)
    try:
        with pytest.raises(DatabaseUnavailable):  # noqa: PT012  # the failure comes from inside the block
            async with database.transaction() as connection:
                await connection.execute("INSERT INTO thing VALUES (1)")
                await admin.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
                await connection.execute("INSERT INTO thing VALUES (2)")
    finally:
        await admin.close()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM thing") == 0


@pytest.mark.parametrize(
    "setting", ["SET LOCAL lock_timeout = '50ms'", "SET LOCAL statement_timeout = '50ms'"], ids=["lock", "statement"]
)
async def test_a_lock_timeout_is_unavailable(database: Database, setting: str) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE thing (id integer)")
    async with database.transaction() as holder:
        await holder.execute("LOCK TABLE thing")
        with pytest.raises(DatabaseUnavailable):  # noqa: PT012
            async with database.transaction() as connection:
                await connection.execute(setting)
                await connection.execute("INSERT INTO thing VALUES (1)")


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "seven"])
async def test_a_value_that_cannot_be_stored_is_not_an_outage(database: Database, value: object) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE thing (id bigint)")
    with pytest.raises(asyncpg.DataError, match="invalid input for query argument"):
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO thing VALUES ($1)", value)
    with pytest.raises(asyncpg.PostgresSyntaxError):
        async with database.connection() as connection:
            await connection.execute("SELEKT 1")
    assert await database.is_reachable()


async def test_a_wrong_number_of_arguments_is_not_an_outage(database: Database) -> None:
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
        async with database.connection() as connection:
            await connection.execute("SELECT $1::int", 1, 2)


async def test_two_concurrent_operations_on_one_connection_are_not_an_outage(database: Database) -> None:
    async def overlap() -> None:
        async with database.connection() as connection:
            first = asyncio.create_task(connection.execute("SELECT pg_sleep(0.1)"))
            await asyncio.sleep(0)
            try:
                await connection.execute("SELECT 1")
            finally:
                await first

    with pytest.raises(asyncpg.InterfaceError, match="another operation is in progress"):
        await overlap()


async def test_a_host_that_does_not_resolve_is_an_outage() -> None:
    """In a cluster a name may not resolve for a moment."""
    settings = PoolSettings("postgresql://me@database.invalid/x", acquire_timeout=timedelta(seconds=5))
    async with Database(settings) as database:
        with pytest.raises(DatabaseUnavailable):
            async with database.connection():
                pass
    with pytest.raises(DatabaseUnavailable):
        await Migrations("pulse_postgres.tables").apply(settings.url)


@pytest.mark.parametrize(
    "error", [FileNotFoundError("key.pem"), TimeoutError("a peer"), ConnectionResetError("a peer")]
)
async def test_an_error_of_the_block_itself_is_not_an_outage(database: Database, error: OSError) -> None:
    with pytest.raises(type(error), match=str(error)):
        async with database.transaction():
            raise error


async def test_a_timeout_of_the_caller_is_not_an_outage(database: Database) -> None:
    with pytest.raises(TimeoutError):  # noqa: PT012  # the timeout lies inside the block
        async with database.connection() as connection:
            async with asyncio.timeout(0.05):
                await connection.execute("SELECT pg_sleep(5)")
    assert await database.is_reachable()


async def test_a_statement_on_a_connection_that_the_server_closed_is_an_outage(
    database: Database, admin_url: str
) -> None:
    closed = asyncio.Event()
    admin = await asyncpg.connect(admin_url)
    try:
        with pytest.raises(DatabaseUnavailable, match="InterfaceError"):  # noqa: PT012  # the failure comes from inside the block
            async with database.connection() as connection:
                connection.add_termination_listener(lambda _: closed.set())
                await admin.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
                await closed.wait()
                await connection.execute("SELECT 1")
    finally:
        await admin.close()


async def test_a_callback_runs_after_the_commit_and_never_after_a_rollback(database: Database) -> None:
    calls: list[str] = []
    async with database.transaction():
        after_commit(lambda: calls.append("committed"))
        assert calls == []
    assert calls == ["committed"]
    with pytest.raises(LookupError):  # noqa: PT012
        async with database.transaction():
            after_commit(lambda: calls.append("rolled back"))
            raise LookupError
    after_commit(lambda: calls.append("no transaction"))
    assert calls == ["committed", "no transaction"]


async def test_a_block_that_raises_rolls_back_with_its_own_error(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE thing (id integer)")
    with pytest.raises(asyncpg.DivisionByZeroError):  # noqa: PT012
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO thing VALUES (1)")
            await connection.fetchval("SELECT 1 / 0")
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM thing") == 0


async def test_a_snapshot_sees_one_moment_and_writes_nothing(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE thing (id integer)")
    async with database.snapshot() as snapshot:
        assert await snapshot.fetchval("SELECT count(*) FROM thing") == 0
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO thing VALUES (1)")
        assert await snapshot.fetchval("SELECT count(*) FROM thing") == 0
    with pytest.raises(RuntimeError, match="tried to write"):
        async with database.snapshot() as snapshot:
            await snapshot.execute("INSERT INTO thing VALUES (2)")


async def test_a_cancelled_caller_gives_its_connection_back(small: Database) -> None:
    async def hang() -> None:
        async with small.transaction() as connection:
            await connection.execute("SELECT pg_sleep(0.2)")

    task = asyncio.create_task(hang())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert await small.is_reachable()


async def test_sequential_uses_share_one_connection(database: Database) -> None:
    served = set()
    for _ in range(5):
        async with database.connection() as connection:
            served.add(await connection.fetchval("SELECT pg_backend_pid()"))
    assert len(served) == 1


async def test_a_waiting_caller_gets_the_next_free_connection(small: Database) -> None:
    async def served() -> int:
        async with small.connection() as connection:
            return int(await connection.fetchval("SELECT pg_backend_pid()"))

    assert len(set(await asyncio.gather(*(served() for _ in range(20))))) == 1


async def test_a_connection_that_died_between_two_uses_is_replaced(database: Database, admin_url: str) -> None:
    died = asyncio.Event()
    async with database.connection() as connection:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        connection.add_termination_listener(lambda _: died.set())
    admin = await asyncpg.connect(admin_url)
    try:
        await admin.execute("SELECT pg_terminate_backend($1)", pid)
    finally:
        await admin.close()
    await died.wait()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != pid


@pytest.mark.announces_log("active transaction")
async def test_an_open_transaction_of_a_failed_block_is_rolled_back_before_the_next_use(small: Database) -> None:
    async def leave_open() -> None:
        async with small.connection() as connection:
            await connection.execute("BEGIN")
            raise LookupError

    with pytest.raises(LookupError):
        await leave_open()
    async with small.connection() as connection:
        assert not connection.is_in_transaction()


@pytest.mark.announces_log("active transaction")
async def test_a_forgotten_transaction_is_rolled_back_before_the_next_use(small: Database) -> None:
    async with small.connection() as connection:
        await connection.execute("BEGIN")
    async with small.connection() as connection:
        assert not connection.is_in_transaction()


async def test_closing_waits_for_running_blocks_and_leaves_no_connection(url: str, admin_url: str) -> None:
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def work(database: Database) -> int:
        async with database.connection() as connection:
            at_work.set()
            await go_on.wait()
            return int(await connection.fetchval("SELECT 7"))

    async with (
        asyncio.timeout(4),
        Database(PoolSettings(url)) as database,
    ):  # less than the timeout for a lost connection
        assert await database.is_reachable()
        task = asyncio.create_task(work(database))
        await at_work.wait()
        asyncio.get_running_loop().call_soon(go_on.set)
    assert await task == 7
    admin = await asyncpg.connect(admin_url)
    try:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"

        async def is_alone() -> bool:
            return bool(await admin.fetchval(count, url.rsplit("/", 1)[1]) == 0)

        await eventually(is_alone)
    finally:
        await admin.close()


async def test_ranges_survive_a_round_trip(database: Database) -> None:
    parts = [(0, 5), (7, 2**62)]
    async with database.connection() as connection:
        assert ranges(await connection.fetchval("SELECT $1::int8multirange", multirange(parts))) == parts


def test_an_internal_error_of_asyncpg_after_an_outage_is_that_outage() -> None:
    """The server ends the connection in a transaction, and the ROLLBACK finds the protocol in the wrong state."""
    later = asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")
    with pytest.raises(asyncpg.InternalClientError), outages_translated():
        raise later
    later.__context__ = asyncpg.AdminShutdownError("terminating connection")
    with pytest.raises(DatabaseUnavailable, match="InternalClientError"), outages_translated():
        raise later
