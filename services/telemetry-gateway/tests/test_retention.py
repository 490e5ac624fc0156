"""Retention while other transactions are open, on real PostgreSQL."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from pulse_contracts.errors import Unavailable
from pulse_postgres import Connection, Database
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.actions.retention import ClocksDiffer, Retention
from pulse_telemetry_gateway.actions.upkeep import Upkeep
from pulse_telemetry_gateway.assembly import upkeep_jobs
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.retention import Ages
from pulse_telemetry_gateway.model.storage.columns import Columns
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.log import LogInUse, LogStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.quarantine import QuarantineStore
from pulse_telemetry_gateway.store.retention import Partition, RetentionStore, WrittenMeanwhile
from pulse_testkit.locks import lock_waiters
from pulse_testkit.waiting import eventually

from .conftest import NOW, arrival, three_series

pytestmark = pytest.mark.servers

AGES = Ages(timedelta(days=3), timedelta(days=400), timedelta(days=730), timedelta(days=3_650))
YEAR = 366 * 86_400_000_000


def now() -> int:
    return time.time_ns() // 1000


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    await LogStore(database).make_partitions(datetime.fromtimestamp(NOW / 1e6, UTC), 1)
    return await three_series(database)


async def waits_for_a_lock(database: Database) -> bool:
    return bool(await lock_waiters(database))


async def test_a_batch_that_is_being_committed_keeps_its_partition(ledger: LedgerStore, database: Database) -> None:
    store = RetentionStore(database)
    (partition,) = [one for one in await store.partitions() if one.name == "batch_20260101"]
    await ledger.commit([arrival(0, 10)])
    async with database.connection() as connection:  # none of its rows is needed
        await connection.execute("UPDATE device SET latest_pos = pos")
        await connection.execute("INSERT INTO compaction (device_id, pos) SELECT id, pos FROM device")
    async with asyncio.TaskGroup() as group, database.transaction() as other:  # a gateway in the middle of a commit
        await other.execute("UPDATE device SET pos = pos + 1 WHERE id = 1")
        await other.execute(
            "INSERT INTO batch SELECT device_id, pos + 1, epoch, ord, 10, 20, n, lane, t_min, t_max, sent, "
            "received, payload FROM batch"
        )
        dropping = group.create_task(dropped(store, partition))
        await eventually(lambda: waits_for_a_lock(database))
    assert not dropping.result()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM batch") == 2


async def dropped(store: RetentionStore, partition: Partition) -> bool:
    """Retries until no other transaction is in the way."""
    while True:
        try:
            return await store.drop_log(partition)
        except Unavailable:
            continue


@pytest.mark.parametrize("hours", [-2, 2, 24 * 4_000])
async def test_retention_refuses_a_clock_that_differs_from_postgresql(
    ledger: LedgerStore, database: Database, hours: int
) -> None:
    wrong = Retention(RetentionStore(database), AGES, lambda: now() + hours * 3_600_000_000)
    with pytest.raises(ClocksDiffer, match="apart"):
        await wrong.due()


async def test_recently_arrived_readings_are_kept_whatever_their_time(ledger: LedgerStore, database: Database) -> None:
    old = arrival(0, 100)
    await ledger.commit([old._replace(columns=shifted(old, -20 * YEAR))])
    pace = CompactionPace(timedelta(0), 100, 10_000, timedelta(0), timedelta(0))
    compaction = Compaction(CompactionStore(database), Partitions(database), pace)
    await compaction.catch_up()
    retention = Retention(RetentionStore(database), AGES, now)
    assert [one for one in await retention.due() if one.partition.level != "log"] == []
    async with database.connection() as connection:
        await connection.execute("UPDATE partition_written SET at = now() - interval '401 days'")
    due = [one for one in await retention.due() if one.partition.level != "log"]
    assert [one.partition.level for one in due] == ["raw"]
    await ledger.commit([arrival(100, 200)._replace(columns=shifted(arrival(100, 200), -20 * YEAR))])
    await compaction.catch_up()
    with pytest.raises(WrittenMeanwhile):
        await RetentionStore(database).drop_derived(due[0].partition)
    assert await retention.apply(due) == {}
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT sum(n) FROM chunk") == 200


class Earlier:
    """A database as one snapshot sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self._connection


async def test_a_partition_that_is_dropped_while_they_are_listed_has_no_size(
    ledger: LedgerStore, database: Database
) -> None:
    async with database.snapshot() as snapshot:
        await snapshot.execute("SELECT 1 FROM device")
        async with database.connection() as other:
            await other.execute("DROP TABLE batch_20260101")
        found = await RetentionStore(cast("Database", Earlier(snapshot))).partitions()
    assert [one.size for one in found if one.name == "batch_20260101"] == [0]


async def test_making_a_partition_does_not_block_ingest(ledger: LedgerStore, database: Database) -> None:
    upkeep = Upkeep(LogStore(database), QuarantineStore(database))
    job = next(job for job in upkeep_jobs(upkeep) if job.name == "log_partitions")
    async with database.snapshot() as reader:  # an export, or `verify`, for hours
        await reader.execute("SELECT count(*) FROM batch")
        async with asyncio.timeout(2):  # a commit would wait equally long
            with pytest.raises(LogInUse):
                await LogStore(database).make_partitions(datetime.now(UTC), 1)
            await job.step()
        await ledger.commit([arrival(0, 10)])
    name = f"batch_{datetime.now(UTC):%Y%m%d}"
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT to_regclass($1) IS NULL", name)
    await job.step()
    assert job.interval == job.retry_floor == timedelta(minutes=1)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name)


def shifted(one: Arrival, by: int) -> Columns:
    assert one.columns is not None
    return dataclasses.replace(one.columns, t=one.columns.t + by)
