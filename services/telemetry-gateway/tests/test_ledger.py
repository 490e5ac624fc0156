"""The ledger on real PostgreSQL: every sequence number is stored at most once, however batches are resent or cut."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.telemetry import Dropped
from pulse_postgres import Database, DatabaseUnavailable
from pulse_postgres.admin import provision, with_role
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.actions.ingest import Ingest, IngestLimits, Submission
from pulse_telemetry_gateway.actions.latest import Latest
from pulse_telemetry_gateway.model.ingest.batches import Batch
from pulse_telemetry_gateway.model.ingest.credit import CreditLimits
from pulse_telemetry_gateway.model.ingest.grouping import GroupLimits
from pulse_telemetry_gateway.model.ingest.screening import ResolvedSeries, SeriesRef
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival, DeviceMessage, GroupResult
from pulse_telemetry_gateway.model.storage.columns import FLOAT, decode
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.log import LogStore
from pulse_telemetry_gateway.store.registry import RegistryStore

from .conftest import PASSWORD, arrival, ledger_lines

pytestmark = pytest.mark.servers


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    registry = RegistryStore(database)
    for name in ("alpha", "beta"):
        await registry.device_id(name)
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO series (device_id, name, type, display_name, unit) VALUES (1, 's', 'float', 's', '')"
        )
    return LedgerStore(database)


async def stored(database: Database, epoch: int = 7, device: int = 1) -> list[int]:
    """Every stored sequence number, in order of the log."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT lo, payload FROM batch WHERE epoch = $1 AND device_id = $2 ORDER BY pos", epoch, device
        )
    return [seq for row in rows for seq in decode(row["payload"], row["lo"]).seq.tolist()]


async def test_a_batch_is_stored_once_and_a_duplicate_is_acknowledged_with_the_whole_range(
    ledger: LedgerStore, database: Database
) -> None:
    await ledger.commit([arrival(0, 100)])
    await ledger.commit([arrival(100, 200)])
    again = await ledger.commit([arrival(50, 60)])
    assert again.settled[1, 7] == [(0, 200)]
    assert again.duplicates == 1
    assert again.logged == []
    assert await stored(database) == list(range(200))


async def test_batches_cut_differently_when_resent_store_only_what_is_new(
    ledger: LedgerStore, database: Database
) -> None:
    await ledger.commit([arrival(0, 10), arrival(20, 30)])
    result = await ledger.commit([arrival(5, 25)])
    assert result.settled[1, 7] == [(0, 30)]
    assert sorted(await stored(database)) == list(range(30))
    assert result.logged[0].columns.seq.tolist() == list(range(10, 20))


async def test_one_row_may_hold_several_new_pieces(ledger: LedgerStore, database: Database) -> None:
    await ledger.commit([arrival(10, 20), arrival(30, 40)])
    result = await ledger.commit([arrival(0, 50)])
    assert len(result.logged) == 1
    assert sorted(await stored(database)) == list(range(50))


async def test_duplicates_inside_one_group_are_stored_once(ledger: LedgerStore, database: Database) -> None:
    await ledger.commit([arrival(0, 10), arrival(0, 10), arrival(5, 15)])
    assert sorted(await stored(database)) == list(range(15))


async def test_a_live_lane_ahead_of_its_backlog_loses_nothing(ledger: LedgerStore, database: Database) -> None:
    await ledger.commit([arrival(1000, 1010)])
    result = await ledger.commit([arrival(0, 500, lane="backlog"), arrival(500, 1000, lane="backlog")])
    assert result.settled[1, 7] == [(0, 1010)]
    assert len(await stored(database)) == 1010


async def test_refused_readings_are_settled_counted_and_not_stored(ledger: LedgerStore, database: Database) -> None:
    result = await ledger.commit([arrival(0, 10, refused=(3, 4))])
    assert result.settled[1, 7] == [(0, 10)]
    line = (await ledger_lines(database, 1))[0]
    assert (line.stored, line.refused, line.dropped, line.next) == (8, 2, 0, 10)
    assert 3 not in await stored(database)
    await ledger.commit([arrival(0, 10, refused=(3, 4))])
    assert (await ledger_lines(database, 1))[0].refused == 2


async def test_a_drop_of_stored_readings_changes_nothing(ledger: LedgerStore, database: Database) -> None:
    await ledger.commit([arrival(0, 10)])
    dropped = await ledger.declare_dropped(1, Dropped(epoch=7, ord=1, ranges=[(5, 20)], reason="overflow"))
    assert dropped.settled[1, 7] == [(0, 20)]
    line = (await ledger_lines(database, 1))[0]
    assert (line.stored, line.dropped, line.next) == (10, 10, 20)


async def test_data_that_arrives_after_its_drop_was_declared_is_ignored(
    ledger: LedgerStore, database: Database
) -> None:
    await ledger.declare_dropped(1, Dropped(epoch=7, ord=1, ranges=[(0, 10)], reason="overflow"))
    result = await ledger.commit([arrival(0, 10)])
    assert result.settled[1, 7] == [(0, 10)]
    assert await stored(database) == []


async def test_the_two_newest_epochs_are_returned(ledger: LedgerStore) -> None:
    await ledger.commit([arrival(0, 1, epoch=70, order=3), arrival(0, 1, epoch=71, order=9)])
    result = await ledger.commit([arrival(0, 1, epoch=72, order=9)])
    assert [number for number, _ in result.newest[1]] == [9, 9]
    assert {epoch for _, epoch in result.newest[1]} == {71, 72}


async def test_feed_positions_count_the_rows_of_a_device_without_a_gap(ledger: LedgerStore, database: Database) -> None:
    await ledger.commit([arrival(0, 10), arrival(0, 10, device=2), arrival(10, 20, lane="backlog")])
    await ledger.commit([arrival(20, 30), arrival(20, 30)])
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT device_id, pos FROM batch ORDER BY device_id, pos")
    assert [tuple(row) for row in rows] == [(1, 1), (1, 2), (1, 3), (2, 1)]


async def test_neighbours_that_arrive_together_become_one_row_in_the_order_of_their_numbers(
    ledger: LedgerStore, database: Database
) -> None:
    await ledger.commit([arrival(15, 17)])
    result = await ledger.commit([arrival(20, 30), arrival(0, 10), arrival(30, 40), arrival(10, 20)])
    assert len(result.logged) == 1
    assert await stored(database) == [15, 16, *range(15), *range(17, 40)]
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT lo, hi, n FROM batch WHERE pos = 2")
    assert row is not None
    assert tuple(row) == (0, 40, 38)


async def test_a_row_is_bounded_in_readings_and_in_gaps(ledger: LedgerStore, database: Database) -> None:
    far = 2**40
    group = [arrival(lo, lo + 1_000) for lo in range(0, 9_000, 1_000)] + [arrival(far, far + 10)]
    result = await ledger.commit(group)
    assert [len(entry.columns) for entry in result.logged] == [4_000, 4_000, 1_000, 10]
    assert await stored(database) == [*range(9_000), *range(far, far + 10)]


async def test_a_failed_commit_leaves_nothing_behind(ledger: LedgerStore, database: Database) -> None:
    bad = arrival(0, 10, device=99)
    with pytest.raises(Exception, match="stream_device_id_fkey"):
        await ledger.commit([arrival(0, 10), bad])
    assert await stored(database) == []
    assert await ledger_lines(database, 1) == []


async def test_two_replicas_and_a_chaotic_network_store_each_number_exactly_once(
    ledger: LedgerStore, database: Database, database_url: str
) -> None:
    rng = random.Random(20)
    other = Database(PoolSettings(with_role(database_url, "pulse_telemetry", PASSWORD)))
    async with other:
        replicas = [ledger, LedgerStore(other)]
        total = 2_000

        async def send(replica: LedgerStore) -> None:
            for _ in range(60):
                group = []
                for _ in range(rng.randint(1, 5)):
                    lo = rng.randrange(total)
                    group.append(arrival(lo, min(total, lo + rng.randint(1, 120)), device=rng.choice([1, 2])))
                if rng.random() < 0.2:
                    lo = rng.randrange(total)
                    drop = Dropped(epoch=7, ord=1, ranges=[(lo, lo + 5)], reason="overflow")
                    await replica.declare_dropped(rng.choice([1, 2]), drop)
                await replica.commit(group)

        await asyncio.gather(*(send(replica) for replica in replicas for _ in range(3)))
        for device in (1, 2):
            await ledger.commit([arrival(lo, lo + 100, device=device) for lo in range(0, total, 100)])
            counts = Counter(await stored(database, device=device))
            assert max(counts.values()) == 1
            line = (await ledger_lines(database, device))[0]
            assert line.settled == [(0, line.next)]
            assert line.stored == len(counts)
            assert line.stored + line.refused + line.dropped == line.next


async def test_the_latest_value_moves_forward_in_ord_and_seq_only(ledger: LedgerStore, database: Database) -> None:
    latest = Latest(LogStore(database))
    registry = RegistryStore(database)

    async def value() -> tuple[int | None, int | None]:
        await latest.catch_up()
        entry = (await registry.series(None))[0]
        return entry.t, entry.word

    await ledger.commit([arrival(100, 110, order=2)])
    newest = await value()
    await ledger.commit([arrival(0, 100, order=2, lane="backlog")])
    assert await value() == newest
    await ledger.commit([arrival(0, 50, epoch=8, order=1, lane="backlog")])
    assert await value() == newest
    await ledger.commit([arrival(0, 1, epoch=9, order=3)])
    assert await value() != newest


async def test_the_role_may_touch_no_other_schema(database: Database, database_url: str) -> None:
    await provision(database_url, "users", "pulse_users", PASSWORD)
    for statement in ("CREATE TABLE users.x (a int)", "CREATE TABLE public.x (a int)", "CREATE SCHEMA mine"):
        with pytest.raises(Exception, match="permission denied"):
            async with database.connection() as connection:
                await connection.execute(statement)


async def test_an_unreachable_database_raises_unavailable(database: Database) -> None:
    gone = Database(PoolSettings("postgresql://pulse@127.0.0.1:1/none?sslmode=disable", "x"))
    async with gone:
        with pytest.raises(DatabaseUnavailable):
            await LedgerStore(gone).commit([arrival(0, 1)])
        assert not await gone.is_reachable()


async def test_a_batch_that_breaks_the_commit_does_not_affect_its_neighbours(
    ledger: LedgerStore, database: Database
) -> None:
    bus = MemoryBus(MemoryBroker(), clock=lambda: 0)
    ingest = Ingest(
        ledger,
        Catalogs(RegistryStore(database)),
        bus,
        IngestLimits(CreditLimits(8, 2, 100, 0.1), GroupLimits(100, 10**6, 0.02, 0.005), 1_024, 10**15),
        Metrics(),
    )
    loop = asyncio.get_running_loop()
    good, bad = arrival(0, 10), arrival(0, 10, device=99)
    together = [Submission([batch], 100, loop.time(), loop.create_future()) for batch in (good, bad)]
    await ingest.settle(together)
    assert together[0].done.result() == [None]
    assert "stream_device_id_fkey" in str(together[1].done.result()[0])
    assert await stored(database) == list(range(10))
    first = Submission([good, bad], 100, loop.time(), loop.create_future())
    await ingest.settle([first])
    assert [outcome is None for outcome in first.done.result()] == [True, False]


async def test_a_batch_that_breaks_its_run_does_not_affect_the_others(
    ledger: LedgerStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, commit = RegistryStore(database), LedgerStore.commit
    await ledger.commit([arrival(0, 10)])

    async def breaking(self: LedgerStore, group: Sequence[Arrival]) -> GroupResult:
        if any(lo <= 25 < hi for lo, hi in (one.wanted for one in group)):
            raise ZeroDivisionError
        return await commit(self, group)

    async def resolve(_: Catalogs, device_id: int, epoch: int, local_ids: tuple[int, ...]) -> ResolvedSeries:
        del device_id, epoch
        return ResolvedSeries.of(local_ids, {1: SeriesRef(101, FLOAT)})

    monkeypatch.setattr(LedgerStore, "commit", breaking)
    monkeypatch.setattr(Catalogs, "resolve", resolve)
    limits = IngestLimits(CreditLimits(8, 2, 100, 0.1), GroupLimits(100, 10**6, 0.02, 0.005), 1_024, 10**15)
    bus = MemoryBus(MemoryBroker(), clock=lambda: 0)
    ingest = Ingest(ledger, Catalogs(registry), bus, limits, Metrics())
    zero = np.zeros(10, np.int64)
    first = Batch(None, 7, 1, 7, 10, "live", 0, (1,), 0, zero, zero, zero.view(np.float64))
    messages = [DeviceMessage("alpha", first._replace(lo=lo), 0, 100) for lo in (10, 20, 30)]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ingest.run())
        outcomes = await ingest.take(messages)
        running.cancel()
    assert [type(outcome) for outcome in outcomes] == [type(None), ZeroDivisionError, type(None)]
    assert await stored(database) == [*range(20), *range(30, 40)]
