"""Compaction on real PostgreSQL: every reading of the log is in chunks once, bit for bit, however often it is repeated
and whoever else is at it; and roll-ups say the same as the readings."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Background, Job
from pulse_postgres import Database
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace, derive
from pulse_telemetry_gateway.actions.history import History, HistoryLimits
from pulse_telemetry_gateway.actions.latest import Latest
from pulse_telemetry_gateway.actions.verification import Verification
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.storage.chunks import Readings, gather, join, unpack
from pulse_telemetry_gateway.model.storage.columns import FLOAT, decode
from pulse_telemetry_gateway.model.storage.rollups import WIDTH, Rollups, coarser, merge, of_readings
from pulse_telemetry_gateway.store.chunk_rows import CHUNK_READ, ROLLUP_READ, ROLLUP_TABLES, chunk_of, rollups_of
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.log import LogStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.verification import VerificationStore
from pulse_testkit.waiting import eventually

from .conftest import NOW, arrival, mixed, three_series

pytestmark = pytest.mark.servers

PACE = CompactionPace(timedelta(0), 3, 500, timedelta(0), timedelta(0))
KINDS = {1: FLOAT, 2: 0, 3: 2}


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    return await three_series(database)


@pytest.fixture
def compaction(database: Database) -> Compaction:
    return Compaction(CompactionStore(database), Partitions(database), PACE)


async def logged(database: Database) -> Readings:
    """The readings in the log."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT epoch, lo, payload, (extract(epoch FROM received) * 1000000)::bigint AS received FROM batch"
        )
    return gather([(row["epoch"], row["received"], decode(row["payload"], row["lo"])) for row in rows]).in_order()


async def chunked(database: Database) -> Readings:
    """The readings in the chunks."""
    async with database.connection() as connection:
        rows = await connection.fetch(f"SELECT {CHUNK_READ} FROM chunk")  # noqa: S608
    return join([unpack(chunk_of(row), KINDS[row["series_id"]]) for row in rows]).in_order()


async def rolled(database: Database) -> dict[str, Rollups]:
    """The roll-ups."""
    found: dict[str, Rollups] = {}
    async with database.connection() as connection:
        for level, table in ROLLUP_TABLES.items():
            rows = await connection.fetch(f"SELECT {ROLLUP_READ} FROM {table}")  # noqa: S608
            found[level] = merge(rollups_of(rows, level, KINDS))
    return found


def assert_same(one: Readings, other: Readings) -> None:
    """Equal except for which readings of a chunk were late: a chunk only keeps their number."""
    for name in ("series", "kind", "epoch", "seq", "t", "word"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    assert one.late.sum() == other.late.sum()


def assert_says(found: dict[str, Rollups], readings: Readings) -> None:
    minutes = of_readings(readings, WIDTH["1m"])
    for level, wanted in (("1m", minutes), ("1h", coarser(minutes, WIDTH["1h"]))):
        for name in Rollups.__slots__:
            if name == "total":
                np.testing.assert_allclose(found[level].total, wanted.total)
            else:
                np.testing.assert_array_equal(getattr(found[level], name), getattr(wanted, name), f"{level} {name}")


async def fill(ledger: LedgerStore, parts: Sequence[Arrival]) -> None:
    for part in parts:
        await ledger.commit([part])


async def test_chunks_hold_the_readings_of_the_log_bit_for_bit_and_roll_ups_agree(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await fill(ledger, [mixed(lo, lo + 200) for lo in range(0, 4_000, 200)])
    assert await compaction.catch_up() == 20
    readings = await logged(database)
    assert_same(await chunked(database), readings)
    assert_says(await rolled(database), readings)
    assert await compaction.catch_up() == 0


async def test_two_replicas_at_once_write_every_reading_once(ledger: LedgerStore, database: Database) -> None:
    await fill(ledger, [mixed(lo, lo + 50) for lo in range(0, 2_000, 50)])
    replicas = [Compaction(CompactionStore(database), Partitions(database), PACE) for _ in range(3)]

    async def work(one: Compaction) -> None:
        while await one.round():
            pass

    async with asyncio.TaskGroup() as group:
        for one in replicas:
            group.create_task(work(one))
    await replicas[0].catch_up()
    readings = await logged(database)
    assert_same(await chunked(database), readings)
    assert_says(await rolled(database), readings)


async def test_a_step_that_another_replica_did_changes_nothing(ledger: LedgerStore, database: Database) -> None:
    await fill(ledger, [mixed(0, 50), mixed(50, 100)])
    store = CompactionStore(database)
    mine = await store.claim(1)
    assert mine == 0
    assert await store.claim(1) is None, "claimed"
    await store.release(1)
    await Compaction(store, Partitions(database), PACE).catch_up()
    rows = await store.batches(1, mine, 10, 1_000)
    assert await store.advance(1, (mine, rows[-1].pos), derive(rows)) is False
    assert_same(await chunked(database), await logged(database))


async def test_late_data_reopens_buckets_and_overlapping_chunks_are_merged(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await fill(ledger, [mixed(3_000, 9_000)])
    await compaction.catch_up()
    late = mixed(0, 3_000, every=2_000_000)  # between the others in time
    await fill(ledger, [late])
    await compaction.catch_up()
    readings = await logged(database)
    assert_says(await rolled(database), readings)
    while await compaction.merge_some(pieces=1):
        pass
    assert_same(await chunked(database), readings)
    assert_says(await rolled(database), readings)
    async with database.connection() as connection:
        overlaps = await connection.fetchval(
            "SELECT count(*) FROM chunk a JOIN chunk b ON a.series_id = b.series_id AND a.id < b.id "
            "AND a.t0 < b.t1 AND b.t0 < a.t1"
        )
        pieces = await connection.fetchval("SELECT count(*) FROM rollup_hour")
    assert overlaps == 0
    assert pieces == 3, "one row per series"


async def test_small_chunks_are_merged_into_few_large_ones(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await fill(ledger, [mixed(lo, lo + 100) for lo in range(0, 6_000, 100)])
    await compaction.catch_up()
    async with database.connection() as connection:
        before = await connection.fetchval("SELECT count(*) FROM chunk")
    while await compaction.merge_some():
        pass
    async with database.connection() as connection:
        after = await connection.fetchval("SELECT count(*) FROM chunk")
        pieces = await connection.fetch("SELECT pieces FROM unfolded")
    assert (before, after) == (60, 3)
    assert [row["pieces"] for row in pieces] == [1, 1, 1], "more may come, and nothing is to be merged now"
    assert await compaction.merge_some(quiet=timedelta(0)) == 0
    assert_same(await chunked(database), await logged(database))


async def test_a_day_of_many_short_epochs_is_merged_once(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    for epoch in range(1, 204):
        await ledger.commit([arrival(0, 2, epoch=epoch, order=epoch)])
    await compaction.catch_up()
    await ledger.commit([arrival(2, 4, epoch=203, order=203)])  # sorted last, and the only one worth merging
    await compaction.catch_up()
    async with asyncio.timeout(30):
        while await compaction.merge_some(quiet=timedelta(0)):
            pass
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM chunk") == 203
        assert await connection.fetchval("SELECT count(*) FROM unfolded WHERE pieces > 1") == 0
    assert_same(await chunked(database), await logged(database))


@pytest.mark.announces_log("stored_batch_unreadable")
async def test_an_unreadable_row_is_kept_with_its_bytes_and_does_not_stop_compaction(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await fill(ledger, [mixed(0, 10), mixed(10, 20), mixed(20, 30)])
    async with database.connection() as connection:
        await connection.execute("UPDATE batch SET payload = '\\x09000000000000' WHERE lo = 10")
        await connection.execute("UPDATE batch SET payload = substr(payload, 1, 50) WHERE lo = 20")
    latest = Latest(LogStore(database))
    await latest.catch_up()
    limits = HistoryLimits(timedelta(seconds=5), 1, 1)
    history = History(HistoryStore(database), RegistryStore(database), limits)
    assert (await history.readings(1, NOW, NOW + 10**9, 100)).n == 4
    proof = Verification(VerificationStore(database))
    wanted = [(f"unreadable: the batch at position {pos}", 10, lo) for pos, lo in ((2, 10), (3, 20))]
    found = [(one.what, one.n, one.example) for one in await proof.verify(1, lambda _: None)]
    assert sorted(found)[-2:] == wanted
    assert await compaction.catch_up() == 3
    found = [(one.what, one.n, one.example) for one in await proof.verify(1, lambda _: None)]
    assert sorted(found)[-2:] == wanted
    assert (await history.readings(1, NOW, NOW + 10**9, 100)).n == 4
    async with database.connection() as connection:
        sizes = await connection.fetchval("SELECT array_agg(octet_length(payload) ORDER BY pos) FROM unreadable")
    assert sizes == [
        7,
        50,
    ]


@pytest.mark.announces_log("background_job_failed")
async def test_a_bug_ends_neither_compaction_nor_the_newest_values(ledger: LedgerStore, database: Database) -> None:
    metrics = Metrics()
    latest, compaction = Latest(LogStore(database)), Compaction(CompactionStore(database), Partitions(database), PACE)
    background = Background(metrics, random.Random(1))
    await fill(ledger, [mixed(0, 10)])
    async with database.connection() as connection:
        await connection.execute("ALTER TABLE latest RENAME COLUMN word TO words")
        await connection.execute("ALTER TABLE compaction RENAME COLUMN at TO moment")
    jobs = [Job("latest", latest.catch_up, timedelta(0)), Job("compaction", compaction.round, timedelta(0))]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(background.run(job)) for job in jobs]

        def failures(job: str) -> float:
            labels = {"job": job, "kind": "bug"}
            return metrics.registry.get_sample_value("pulse_background_failures_total", labels) or 0

        await eventually(lambda: all(failures(job.name) >= 1 for job in jobs))
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
