"""`telemetry.reading` on real PostgreSQL: it says what was stored, to a role that may read nothing else; and every
query of docs/guides/sql.md runs."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Columns
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.partitions import Partitions

from .conftest import NOW, PASSWORD, mixed, three_series

pytestmark = pytest.mark.servers

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/sql.md"
QUERIES = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
PACE = CompactionPace(timedelta(0), 1_000, 500_000, timedelta(0), timedelta(0))


async def compact(database: Database) -> None:
    await Compaction(CompactionStore(database), Partitions(database), PACE).catch_up()


@asynccontextmanager
async def reader(url: str) -> AsyncIterator[Database]:
    """A role that is a member of the group and has no other rights."""
    async with Database(PoolSettings(url)) as superuser, superuser.connection() as connection:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO telemetry_reader')
        role = f"visitor_{name}"
        await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}' IN ROLE telemetry_reader")
        try:
            async with Database(PoolSettings(with_role(url, role, PASSWORD))) as opened:
                yield opened
        finally:
            await connection.execute(f"DROP ROLE {role}")


def test_there_are_five_queries() -> None:
    assert len(QUERIES) == 5


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_of_the_guide_finds_rows(database: Database, database_url: str, query: str) -> None:
    ledger = await three_series(database)
    async with database.connection() as connection:
        now = int(await connection.fetchval("SELECT (extract(epoch FROM now()) * 1000000)::bigint"))
    await ledger.commit([mixed(0, 1_200, start=now - 1_200_000_000)])
    await compact(database)
    query = query.replace("$__timeFrom()", "'2020-01-01T00:00:00Z'").replace("$__timeTo()", "'2040-01-01T00:00:00Z'")
    async with reader(database_url) as visitor, visitor.connection() as connection:
        rows = await connection.fetch(query)
    assert rows
    assert None not in rows[0].values()


@pytest.mark.parametrize("table", ["device", "batch", "chunk", "quarantine", "stream", "schema_migration"])
async def test_a_reader_may_read_nothing_else(database: Database, database_url: str, table: str) -> None:
    async with reader(database_url) as visitor, visitor.connection() as connection:
        with pytest.raises(Exception, match="permission denied"):
            await connection.fetch(f"SELECT * FROM telemetry.{table}")  # noqa: S608


async def test_the_span_is_read_without_the_rest(database: Database) -> None:
    ledger = await three_series(database)
    await ledger.commit([mixed(lo, lo + 300) for lo in range(0, 3_000, 300)])
    await compact(database)
    async with database.connection() as connection:
        since = "to_timestamp(1767225600) + interval '500 s'"
        rows = await connection.fetch(
            f"SELECT seq FROM reading_between({since}, {since} + interval '500 s') ORDER BY seq"  # noqa: S608
        )
        plan = await connection.fetch(
            f"EXPLAIN SELECT seq FROM reading_between({since}, {since} + interval '500 s')"  # noqa: S608
        )
    assert [row["seq"] for row in rows] == list(range(500, 1_000))
    text = "\n".join(row[0] for row in plan)
    assert "t0 <" in text, "the chunk's own times are asked first"


WORDS = st.integers(-(2**63), 2**63 - 1)
REALS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.decimals(-999, 999, places=2).map(float))
ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 10**11), WORDS, REALS, st.integers(1, 3)), min_size=1, max_size=30
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
async def test_the_view_returns_what_was_stored_bit_for_bit(
    database: Database, rows: list[tuple[int, int, int, float, int]]
) -> None:
    async with database.connection() as connection:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM series)"):
            await three_series(database)
        epoch = 1 + int(await connection.fetchval("SELECT count(*) FROM stream"))
    seq = np.cumsum([row[4] for row in rows])
    words = [int(np.float64(r[3]).view(np.int64)) if r[0] == 0 else r[2] if r[0] == 1 else r[2] & 1 for r in rows]
    columns = Columns(
        np.asarray([1, 2, 3]),
        np.asarray([FLOAT, 0, 2], np.uint8),
        seq,
        NOW + np.asarray([row[1] for row in rows], np.int64),
        np.asarray([row[0] for row in rows], np.int64),
        np.asarray(words, np.int64),
    )
    arrival = Arrival("alpha", 1, epoch, epoch, (0, int(seq[-1]) + 1), "live", NOW, NOW, columns)
    await LedgerStore(database).commit([arrival])
    await compact(database)
    async with database.connection() as connection:
        found = await connection.fetch(
            "SELECT seq, series_id, t, value, value_int, (extract(epoch FROM ts) * 1000000)::bigint AS ts "
            "FROM reading WHERE epoch = $1 ORDER BY seq",
            epoch,
        )
    assert [row["seq"] for row in found] == seq.tolist()
    for row, (x, offset, *_), word in zip(found, rows, words, strict=True):
        assert (row["series_id"], row["t"], row["ts"]) == (x + 1, NOW + offset, NOW + offset)
        if x == 0:
            assert (int(np.float64(row["value"]).view(np.int64)), row["value_int"]) == (word, None)
        else:
            assert row["value_int"] == word
