"""Retention beside those who write: on real PostgreSQL, with their transactions held open where it hurts."""

import asyncio
from datetime import UTC, datetime

import pytest

from pulse_contracts.errors import Unavailable
from pulse_postgres import Database
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.log import LogStore
from pulse_telemetry_gateway.store.retention import Partition, RetentionStore
from pulse_testkit.waiting import eventually

from .conftest import NOW, arrival, three_series

pytestmark = pytest.mark.servers


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    await LogStore(database).make_partitions(datetime.fromtimestamp(NOW / 1e6, UTC), 1)
    return await three_series(database)


async def waits_for_a_lock(database: Database) -> bool:
    async with database.connection() as connection:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))


async def test_a_batch_that_is_being_committed_keeps_its_partition(ledger: LedgerStore, database: Database) -> None:
    store = RetentionStore(database)
    (partition,) = [one for one in await store.partitions() if one.name == "batch_20260101"]
    await ledger.commit([arrival(0, 10)])
    async with database.connection() as connection:  # nothing that is there is needed
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
    """Until nobody is in its way."""
    while True:
        try:
            return await store.drop_log(partition)
        except Unavailable:
            continue
