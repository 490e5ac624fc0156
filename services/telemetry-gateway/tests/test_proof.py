"""Retention and verification on real PostgreSQL: removed readings are recorded, and every disagreement is found."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from pulse_contracts.telemetry import Dropped
from pulse_postgres import Database
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.actions.history import History, HistoryLimits
from pulse_telemetry_gateway.actions.latest import Latest
from pulse_telemetry_gateway.actions.retention import Retention
from pulse_telemetry_gateway.actions.verification import Disagreement, Tally, Verification
from pulse_telemetry_gateway.model.retention import Ages
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.log import LogStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.retention import Partition, RetentionStore
from pulse_telemetry_gateway.store.verification import VerificationStore

from .conftest import NOW, arrival, mixed, three_series

pytestmark = pytest.mark.servers

DAY = 86_400_000_000
PACE = CompactionPace(timedelta(0), 2, 100_000, timedelta(0), timedelta(0))
AGES = Ages(timedelta(days=3), timedelta(days=400), timedelta(days=730), timedelta(days=3_650))


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    log = LogStore(database)
    await log.make_partitions(datetime.fromtimestamp(NOW / 1e6, UTC), 2)
    return await three_series(database)


@pytest.fixture
def compaction(database: Database) -> Compaction:
    return Compaction(CompactionStore(database), Partitions(database), PACE)


class Later(RetentionStore):
    """PostgreSQL as it is some days after the readings, which were added when they were measured."""

    def __init__(self, database: Database, days: int) -> None:
        super().__init__(database)
        self._days = days

    async def now(self) -> int:
        return NOW + self._days * DAY

    async def partitions(self) -> list[Partition]:
        async with self._database.connection() as connection:
            await connection.execute("UPDATE partition_written SET at = to_timestamp($1)", NOW / 1e6)
        return await super().partitions()


def retention(database: Database, days: int) -> Retention:
    """Retention some days after the readings."""
    return Retention(Later(database, days), AGES, lambda: NOW + days * DAY)


async def disagreements(database: Database) -> list[Disagreement]:
    return await Verification(VerificationStore(database)).verify(1, lambda _: None)


async def test_an_honest_ledger_is_complete_and_verified_from_log_and_chunks(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await ledger.commit([mixed(0, 1_000), mixed(1_500, 2_000)])
    await ledger.commit([arrival(1_000, 1_010, refused=(1_003, 1_007))])
    await ledger.declare_dropped(1, Dropped(epoch=7, ord=1, ranges=[(1_010, 1_400)], reason="overflow"))
    await compaction.catch_up()
    await ledger.commit([mixed(2_000, 2_100)])
    (counted,) = await Verification(VerificationStore(database)).counts(1)
    assert (counted.in_log, counted.in_chunks) == (100, 1_508)
    assert counted.missing == [(1_400, 1_500)]
    assert counted.is_counted
    assert not counted.is_complete
    await ledger.commit([mixed(1_400, 1_500)])
    (counted,) = await Verification(VerificationStore(database)).counts(1)
    assert counted.is_complete
    assert await disagreements(database) == []


@pytest.mark.parametrize(
    ("crime", "found"),
    [
        ("DELETE FROM chunk WHERE series_id = 2", "stored: the ledger says 1000, there are 667"),
        ("DELETE FROM chunk WHERE series_id = 2", "settled, but not stored: 333"),
        ("UPDATE chunk SET q0 = q0 + 3 WHERE series_id = 1", "in the chunks, but not settled"),
        ("UPDATE chunk SET q0 = q0 + 1 WHERE series_id = 1", "in the chunks, and elsewhere too"),
        ("UPDATE stream SET stored_n = stored_n - 1", "settled: 1000 numbers, but"),
        ("UPDATE stream SET settled = settled - '{[10,20)}'::int8multirange", "not settled, or dropped"),
        ("UPDATE compaction SET pos = 0", "in the log, and elsewhere too"),
        ("DELETE FROM batch; DELETE FROM chunk WHERE series_id = 2", "settled, but not stored: 333"),
        ("INSERT INTO refusal (device_id, epoch, seqs, codes) VALUES (1, 7, '{5}', '{x}')", "refused, and elsewhere"),
        ("INSERT INTO declared_drop (device_id, epoch, ranges, n, reason) VALUES (1, 7, '{[5,6)}', 1, 'x')", "or drop"),
    ],
)
async def test_every_disagreement_is_found_and_named(
    ledger: LedgerStore, database: Database, compaction: Compaction, crime: str, found: str
) -> None:
    await ledger.commit([mixed(0, 1_000)])
    await compaction.catch_up()
    assert await disagreements(database) == []
    async with database.connection() as connection:
        await connection.execute(crime)
    whats = [one.what for one in await disagreements(database)]
    assert any(found in what for what in whats), whats


async def test_a_log_partition_is_dropped_only_when_it_is_in_chunks_and_in_latest(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await ledger.commit([mixed(0, 100)])
    old = retention(database, 5)
    due = await old.due()
    assert [(one.partition.name, one.needed) for one in due][:1] == [("batch_20260101", 1)]
    assert "batch_20260101" not in await old.apply(due)
    await compaction.catch_up()
    assert (await old.due())[0].needed == 1, "latest is not derived"
    await Latest(LogStore(database)).catch_up()
    assert (await retention(database, 2).due()) == []
    assert "batch_20260101" in await old.apply(await old.due())
    assert await disagreements(database) == []
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM batch") == 0


async def test_the_ledger_knows_removed_readings_and_history_answers_from_roll_ups(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await ledger.commit([mixed(0, 3_000)])
    await compaction.catch_up()
    await Latest(LogStore(database)).catch_up()
    old = retention(database, 450)
    due = await old.due()
    assert "chunk_202601" in {one.partition.name for one in due}
    assert sum((await old.apply(due)).values()) == 3_000
    (counted,) = await Verification(VerificationStore(database)).counts(1)
    assert (counted.removed, counted.stored, counted.is_complete) == (3_000, 3_000, True)
    assert await disagreements(database) == []
    limits = HistoryLimits(timedelta(seconds=20), 2, 2_000_000)
    history = History(HistoryStore(database), RegistryStore(database), limits)
    found = await history.readings(1, NOW, NOW + 3_000_000_000, 1_200)
    assert (found.n, found.quality.source) == (1_000, "1m")
    hours = retention(database, 900)
    await hours.apply(await hours.due())
    found = await history.readings(1, NOW, NOW + 3_000_000_000, 1_200)
    assert (found.n, found.quality.source) == (1_000, "1h")


async def test_late_data_for_a_removed_month_is_stored_and_removed_again(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await ledger.commit([mixed(0, 100)])
    await compaction.catch_up()
    old = retention(database, 450)
    await old.apply(await old.due())
    await ledger.commit([mixed(100, 200)])
    await compaction.catch_up()
    await old.apply(await old.due())
    (counted,) = await Verification(VerificationStore(database)).counts(1)
    assert (counted.removed, counted.is_complete) == (200, True)
    assert await disagreements(database) == []


async def test_old_rows_of_the_default_partition_are_deleted(
    ledger: LedgerStore, database: Database, compaction: Compaction
) -> None:
    await ledger.commit([mixed(0, 100, start=NOW - 40 * DAY)])
    store = RetentionStore(database)
    before = datetime.fromtimestamp(NOW / 1e6, UTC)
    assert await store.trim_default(before, 10) == 0
    await compaction.catch_up()
    await Latest(LogStore(database)).catch_up()
    assert await store.trim_default(before, 10) == 1


def test_a_tally_needs_no_memory_for_what_was_dropped() -> None:
    tally = Tally([(0, 2**62)], [(5, 2**62)])
    assert tally.size == 5
    assert tally.unseen() == (5, 0)


async def test_a_new_daily_partition_takes_its_rows_from_the_default_partition(
    ledger: LedgerStore, database: Database
) -> None:
    await ledger.commit([mixed(0, 100, start=NOW + 10 * DAY)])
    await LogStore(database).make_partitions(datetime.fromtimestamp((NOW + 10 * DAY) / 1e6, UTC), 2)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM batch_20260111") == 1
        assert await connection.fetchval("SELECT count(*) FROM batch_default") == 0
    await ledger.commit([mixed(100, 200, start=NOW + 10 * DAY)])
    assert await disagreements(database) == []


async def test_batches_are_stored_while_daily_partitions_are_made(ledger: LedgerStore, database: Database) -> None:
    start = NOW + 20 * DAY

    async def store() -> None:
        for lo in range(0, 1_000, 10):
            await ledger.commit([mixed(lo, lo + 10, start=start)])

    async def make() -> None:
        for day in range(19, 24):
            await LogStore(database).make_partitions(datetime.fromtimestamp((NOW + day * DAY) / 1e6, UTC), 1)

    async with asyncio.TaskGroup() as group:
        group.create_task(store())
        group.create_task(make())
    assert await disagreements(database) == []
