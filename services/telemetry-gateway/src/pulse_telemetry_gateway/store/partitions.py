"""Monthly partitions of chunks and roll-ups: made before they are written to, dropped by retention."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from pulse_contracts.times import from_micros, to_micros
from pulse_postgres import Connection, Database

DERIVED: Final = ("chunk", "rollup_minute", "rollup_hour")
_TOAST_TARGETS: Final = {"chunk": 256, "rollup_minute": 2_032, "rollup_hour": 2_032}
"""Bytes of a long row that stay in the table itself when PostgreSQL compresses arrays and moves them out. A chunk has a
few long arrays. A roll-up has twelve short ones: moving nearly all of them out costs a fifth more processor time and
a tenth more disk."""
_LOCK: Final = 0x70756C736503
REMOVAL_LOCK: Final = 0x70756C736504
"""Held shared by writers and exclusively by droppers of partitions, until their commit."""

_EXISTS: Final = (
    "EXISTS (SELECT FROM pg_class c WHERE c.relname = w.name AND c.relnamespace = current_schema()::regnamespace)"
)
"""Whether the table `w.name` exists. Not `to_regclass`: it may answer from a cache that does not know yet what another
replica has committed while this one waited for the lock."""


async def table_exists(connection: Connection, name: str) -> bool:
    """Whether a table of the own schema exists, also if another replica has just made it."""
    return bool(await connection.fetchval(f"SELECT {_EXISTS} FROM (SELECT $1::text AS name) AS w", name))  # noqa: S608


def month_of(t: int) -> tuple[int, int]:
    """(year, month) of a time in microseconds, UTC."""
    moment = from_micros(t)
    return moment.year, moment.month


def bounds(month: tuple[int, int]) -> tuple[int, int]:
    """[start, end) of a month in microseconds."""
    year, number = month
    start = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return to_micros(start), to_micros(end)


def name_of(table: str, month: tuple[int, int]) -> str:
    """chunk_202611."""
    return f"{table}_{month[0]:04d}{month[1]:02d}"


class Partitions:
    """Makes partitions. Caches nothing, because retention in another replica may drop them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    async def hold(connection: Connection, months: Iterable[tuple[int, int]], tables: Sequence[str] = DERIVED) -> bool:
        """Keeps partitions from being dropped until the transaction ends. Returns False when one does not exist."""
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", REMOVAL_LOCK)
        names = [name_of(table, month) for month in months for table in tables]
        missing = await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM unnest($1::text[]) AS w (name) WHERE NOT {_EXISTS})",  # noqa: S608  # our own text
            names,
        )
        return not missing

    @staticmethod
    async def note_written(
        connection: Connection, months: Iterable[tuple[int, int]], tables: Sequence[str] = DERIVED
    ) -> None:
        """Records that readings are added. Written at most once an hour, so that replicas rarely wait for each
        other."""
        await connection.execute(
            "INSERT INTO partition_written AS w (name) SELECT * FROM unnest($1::text[]) ON CONFLICT (name) "
            "DO UPDATE SET at = now() WHERE w.at < now() - interval '1 hour'",
            sorted(name_of(table, month) for month in months for table in tables),
        )

    async def ensure(self, months: Iterable[tuple[int, int]]) -> None:
        """Makes missing partitions in a transaction of its own. Attaching blocks neither readers nor writers."""
        wanted = {name_of(table, month): (table, month) for month in months for table in DERIVED}
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"SELECT name FROM unnest($1::text[]) AS w (name) WHERE NOT {_EXISTS} ORDER BY name",  # noqa: S608
                list(wanted),
            )
        if not rows:
            return
        async with self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            for name, (table, month) in ((row["name"], wanted[row["name"]]) for row in rows):
                if await table_exists(connection, name):
                    continue  # another replica was faster
                start, end = bounds(month)
                await connection.execute(
                    f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS) "
                    f"WITH (toast_tuple_target = {_TOAST_TARGETS[table]})"
                )
                await connection.execute(
                    f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})"
                )
