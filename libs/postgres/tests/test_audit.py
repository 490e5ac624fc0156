"""The audit trail: any edit, deletion or reordering is found, and a change without an entry is rolled back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import asyncpg
import pytest

from pulse_postgres import Audit, AuditAnchor, AuditEntry, AuditFilter, AuditProgress, Database
from pulse_postgres.database import PoolSettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = bytes(range(32))
SQL = files("pulse_postgres.tables").joinpath("audit.sql")
Made = Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]


async def tables(url: str) -> None:
    text = SQL.read_text()
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE SCHEMA IF NOT EXISTS public")
    await connection.execute(text)
    await connection.close()


@pytest.fixture
async def database(new_database: Made) -> AsyncIterator[Database]:
    async with Database(PoolSettings(await new_database("audit", tables))) as opened:
        yield opened


async def fill(database: Database, n: int = 5) -> AuditAnchor:
    audit = Audit(KEY)
    for i in range(n):
        async with database.transaction() as connection:
            entry = AuditEntry("account_changed", "command-line", f"account:{i}", {"role": "user"}, {"role": "admin"})
            await audit.append(connection, entry, NOW + timedelta(seconds=i))
    async with database.connection() as connection:
        return await audit.head(connection)


async def fault(database: Database, anchor: AuditAnchor | None = None, key: bytes = KEY) -> str | None:
    async with database.snapshot() as connection:
        return (await Audit(key).verify(connection, anchor)).fault


async def tamper(database: Database, statement: str) -> None:
    async with database.transaction() as connection:
        await connection.execute("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
        await connection.execute(statement)
        await connection.execute("ALTER TABLE audit ENABLE TRIGGER audit_append_only")


async def test_a_trail_verifies_and_so_does_an_empty_one(database: Database) -> None:
    assert await fault(database) is None
    anchor = await fill(database)
    assert anchor.n == 5
    assert await fault(database) is None
    assert await fault(database, anchor) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'somebody' WHERE n = 3",
        'UPDATE audit SET after = \'{"role": "user"}\' WHERE n = 3',
        "UPDATE audit SET at = at + interval '1 microsecond' WHERE n = 1",
        "UPDATE audit SET address = '10.0.0.1' WHERE n = 5",
        "UPDATE audit SET request_id = 'x' WHERE n = 2",
        "DELETE FROM audit WHERE n = 1",
        "DELETE FROM audit WHERE n = 3",
        "DELETE FROM audit WHERE n = 5",
        "TRUNCATE audit",
        "UPDATE audit SET n = 6 - n WHERE n IN (1, 5) AND false; UPDATE audit SET target = 'account:9' WHERE n = 4",
        "UPDATE audit SET n = 99 WHERE n = 2; UPDATE audit SET n = 2 WHERE n = 3; UPDATE audit SET n = 3 WHERE n = 99",
        "INSERT INTO audit (n, at, kind, hash) SELECT 6, at, kind, hash FROM audit LIMIT 1",
        "UPDATE audit_head SET n = 4",
        "UPDATE audit_head SET hash = decode(repeat('11', 32), 'hex')",
    ],
)
async def test_any_edit_deletion_or_reordering_is_found(database: Database, statement: str) -> None:
    await fill(database)
    await tamper(database, statement)
    assert await fault(database) is not None


async def test_deleted_newest_entries_are_found_with_an_anchor(database: Database) -> None:
    anchor = await fill(database)
    await tamper(
        database,
        "DELETE FROM audit WHERE n > 3; UPDATE audit_head SET (n, hash) = (SELECT n, hash FROM audit WHERE n = 3)",
    )
    assert await fault(database) is None
    assert "before the anchor" in str(await fault(database, anchor))
    assert "anchor" in str(await fault(database, replace(anchor, n=2)))


async def test_a_chain_with_another_key_is_invalid(database: Database) -> None:
    await fill(database)
    assert "entry 1 " in str(await fault(database, key=bytes(32)))


@pytest.mark.parametrize("statement", ["UPDATE audit SET kind = 'x'", "DELETE FROM audit", "TRUNCATE audit"])
async def test_the_table_is_append_only(database: Database, statement: str) -> None:
    await fill(database, 1)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        async with database.transaction() as connection:
            await connection.execute(statement)


async def test_a_change_that_rolls_back_leaves_no_entry_and_no_gap(database: Database) -> None:
    audit = Audit(KEY)

    async def change() -> None:
        async with database.transaction() as connection:
            await audit.append(connection, AuditEntry("account_created"), NOW)
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change()
    await fill(database, 2)
    assert await fault(database) is None


async def test_fifty_concurrent_appends_form_one_chain(database: Database) -> None:
    audit = Audit(KEY)

    async def append(i: int) -> int:
        async with database.transaction() as connection:
            return await audit.append(connection, AuditEntry("signed_in", str(i)), NOW)

    numbers = await asyncio.gather(*(append(i) for i in range(50)))
    assert sorted(numbers) == list(range(1, 51))
    assert await fault(database) is None


async def test_pages_are_filtered_and_newest_first(database: Database) -> None:
    await fill(database)
    audit = Audit(KEY)
    async with database.connection() as connection:
        newest = await audit.page(connection, AuditFilter(), None, 2)
        older = await audit.page(connection, AuditFilter(), newest[-1].n, 10)
        one = await audit.page(connection, AuditFilter(target="account:2"), None, 10)
        span = AuditFilter(since=NOW + timedelta(seconds=1), until=NOW + timedelta(seconds=3))
        some = await audit.page(connection, span, None, 10)
        none = await audit.page(connection, AuditFilter(kind="signed_in"), None, 10)
    assert [record.n for record in newest] == [5, 4]
    assert [record.n for record in older] == [3, 2, 1]
    assert [(record.n, record.entry.before) for record in one] == [(3, {"role": "user"})]
    assert [record.n for record in some] == [3, 2]
    assert none == []


async def in_parts(database: Database, most: int) -> tuple[int, AuditProgress]:
    """The number of parts, and the last of them."""
    after, parts = AuditAnchor(0, ""), 0
    while True:
        async with database.snapshot() as connection:
            found = await Audit(KEY).verify_part(connection, after, most)
        parts, after = parts + 1, found.verified
        if found.is_complete or found.fault:
            return parts, found


@pytest.mark.parametrize(("most", "parts"), [(1, 5), (2, 3), (5, 1), (100, 1)])
async def test_a_verification_in_parts_covers_the_whole_chain(database: Database, most: int, parts: int) -> None:
    anchor = await fill(database)
    count, found = await in_parts(database, most)
    assert (count, found.is_complete, found.verified, found.head) == (parts, True, anchor, anchor)


@pytest.mark.parametrize("most", [1, 2, 100])
@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'x' WHERE n = 3", 3),
        ("DELETE FROM audit WHERE n = 3", 3),
        ("DELETE FROM audit WHERE n = 5", 5),
        ("UPDATE audit SET n = -1 WHERE n = 1", 1),
        ("UPDATE audit_head SET n = 4", 6),
    ],
)
async def test_parts_find_the_first_broken_entry(database: Database, most: int, statement: str, broken: int) -> None:
    await fill(database)
    await tamper(database, statement)
    _, found = await in_parts(database, most)
    assert (found.is_complete, found.broken) == (False, broken)
    assert await fault(database) is not None


async def test_an_entry_that_was_changed_after_its_part_is_found(database: Database) -> None:
    await fill(database)
    async with database.snapshot() as connection:
        first = await Audit(KEY).verify_part(connection, AuditAnchor(0, ""), 3)
    await tamper(database, "UPDATE audit SET hash = decode(repeat('00', 32), 'hex') WHERE n = 3")
    async with database.snapshot() as connection:
        found = await Audit(KEY).verify_part(connection, first.verified, 3)
    assert found.broken == 3
