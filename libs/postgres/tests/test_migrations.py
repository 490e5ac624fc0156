"""Migrations: from an empty schema, repeated, edited, newer than the program, and concurrent."""

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulse_postgres import Database, DatabaseUnavailable, MigrationError, Migrations

pytestmark = pytest.mark.servers
FIRST = "CREATE TABLE thing (id integer PRIMARY KEY);"
EXPAND = "-- expand\nSELECT 1;"
SECOND = "ALTER TABLE thing ADD COLUMN name text NOT NULL DEFAULT 'x';\nINSERT INTO thing VALUES (1);"
Steps = Callable[[dict[str, str]], Migrations]


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """`steps({"0001_a.sql": "…"})` creates a package with exactly these files. Its name is always the same."""
    folder = tmp_path / "shop_migrations"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(texts: dict[str, str]) -> Migrations:
        for old in folder.glob("*.sql"):
            old.unlink()
        for name, text in texts.items():
            (folder / name).write_text(text)
        importlib.invalidate_caches()
        return Migrations("shop_migrations")

    yield write
    sys.modules.pop("shop_migrations", None)


async def count(database: Database, table: str) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608


async def test_migrations_are_applied_in_order_and_only_once(steps: Steps, url: str, database: Database) -> None:
    migrations = steps({"0001_thing.sql": FIRST, "0002_name.sql": SECOND})
    assert migrations.head == 2
    assert await migrations.apply(url) == ["0001_thing.sql", "0002_name.sql"]
    assert await migrations.apply(url) == []
    assert await count(database, "thing") == 1
    assert await count(database, "schema_migration") == 2


async def test_only_new_migrations_are_applied(steps: Steps, url: str, database: Database) -> None:
    await steps({"0001_thing.sql": FIRST}).apply(url)
    later = steps({"0001_thing.sql": FIRST, "0002_name.sql": SECOND})
    assert await later.apply(url) == ["0002_name.sql"]
    assert await count(database, "thing") == 1


async def test_an_edited_file_is_named_and_nothing_is_applied(steps: Steps, url: str, database: Database) -> None:
    await steps({"0001_thing.sql": FIRST}).apply(url)
    edited = steps({"0001_thing.sql": FIRST + " -- better", "0002_name.sql": SECOND})
    with pytest.raises(MigrationError, match=r"0001_thing\.sql"):
        await edited.apply(url)
    assert await count(database, "schema_migration") == 1


@pytest.mark.parametrize("first_line", ["", "-- contract\n", "-- expanded\n"])
async def test_a_program_older_than_a_contract_migration_is_refused(
    steps: Steps, url: str, database: Database, first_line: str
) -> None:
    await steps({"0001_thing.sql": FIRST, "0002_name.sql": first_line + SECOND}).apply(url)
    old = steps({"0001_thing.sql": FIRST})
    refusal = "version 2 and needs a program with version 2 or newer, but this program has version 1"
    with pytest.raises(MigrationError, match=refusal):
        await old.apply(url)
    async with database.connection() as connection:
        state = await old.state(connection)
    with pytest.raises(MigrationError, match=refusal):
        state.fits(old.head)


async def test_a_program_older_than_expand_migrations_runs_on_the_newer_schema(
    steps: Steps, url: str, database: Database
) -> None:
    texts = {"0001_thing.sql": FIRST, "0002_name.sql": SECOND, "0003_a.sql": EXPAND, "0004_b.sql": EXPAND}
    await steps(texts).apply(url)
    for program, fits in ((2, True), (3, True), (4, True), (5, False)):
        older = steps({name: texts.get(name, EXPAND) for name in [*texts, "0005_c.sql"][:program]})
        async with database.connection() as connection:
            assert (await older.state(connection)).fits(older.head) == fits
        if fits:
            assert await older.apply(url) == []
    with pytest.raises(MigrationError, match="needs a program with version 2"):
        await steps({"0001_thing.sql": FIRST}).apply(url)


async def test_a_schema_of_a_release_without_compatibility_fits_only_its_own_program(
    steps: Steps, url: str, database: Database
) -> None:
    migrations = steps({"0001_thing.sql": FIRST, "0002_name.sql": "-- expand\n" + SECOND})
    await migrations.apply(url)
    async with database.connection() as connection:
        await connection.execute("ALTER TABLE schema_migration DROP COLUMN runs_with")
        assert (await migrations.state(connection)).oldest == 2
    later = steps({"0001_thing.sql": FIRST, "0002_name.sql": "-- expand\n" + SECOND, "0003_c.sql": EXPAND})
    assert await later.apply(url) == ["0003_c.sql"]
    async with database.connection() as connection:
        assert (await later.state(connection)).oldest == 2


async def test_an_older_postgresql_is_refused_in_one_line(
    steps: Steps, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_postgres.migrations.MINIMUM_MAJOR", 99)
    with pytest.raises(MigrationError, match=r"^PostgreSQL \d\d is too old: version 99 or newer is needed$"):
        await steps({"0001_thing.sql": FIRST}).apply(url)


async def test_a_failed_migration_is_rolled_back_and_may_be_corrected(
    steps: Steps, url: str, database: Database
) -> None:
    broken = steps({"0001_thing.sql": FIRST, "0002_name.sql": SECOND + "\nSELECT 1/0;"})
    with pytest.raises(Exception, match="division by zero"):
        await broken.apply(url)
    assert await count(database, "schema_migration") == 1
    assert await count(database, "thing") == 0
    assert await steps({"0001_thing.sql": FIRST, "0002_name.sql": SECOND}).apply(url) == ["0002_name.sql"]


async def test_concurrent_processes_apply_each_migration_once(steps: Steps, url: str, database: Database) -> None:
    slow = "SELECT pg_sleep(0.2);\n" + SECOND
    migrations = steps({"0001_thing.sql": FIRST, "0002_name.sql": slow})
    applied = await asyncio.gather(*(migrations.apply(url) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, 2]
    assert await count(database, "thing") == 1


@pytest.mark.parametrize("names", [["0001_a.sql", "0003_c.sql"], ["0001_A.sql"], ["0002_b.sql"], ["1_a.sql"]])
def test_a_gap_or_an_invalid_name_is_an_error_before_any_change(steps: Steps, names: list[str]) -> None:
    with pytest.raises(MigrationError, match="expected 000"):
        steps(dict.fromkeys(names, FIRST)).steps()


async def test_an_unreachable_server_and_a_lost_connection_are_unavailable(
    steps: Steps, url: str, free_port: int
) -> None:
    migrations = steps({"0001_thing.sql": "SELECT pg_terminate_backend(pg_backend_pid());"})
    with pytest.raises(DatabaseUnavailable):
        await migrations.apply(f"postgresql://me:secret@127.0.0.1:{free_port}/x")
    with pytest.raises(DatabaseUnavailable):
        await migrations.apply(url)
