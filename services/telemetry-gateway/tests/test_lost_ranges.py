"""After a restore, missing readings that the collector no longer holds are recorded as lost, and nothing else is."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.ranges import count, normalized, subtract
from pulse_contracts.telemetry import MAX_EPOCHS, summary_epoch
from pulse_postgres import Audit, Database
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.actions.lost_ranges import LostRanges
from pulse_telemetry_gateway.actions.verification import Verification
from pulse_telemetry_gateway.model.errors import HeldReadingsUnknown
from pulse_telemetry_gateway.model.ledger.lost_ranges import HeldReadings, Stream, lost_ranges
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.lost_ranges import LostRangeStore
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.verification import VerificationStore

from .conftest import NOW, arrival, three_series

ALPHA = (1, "alpha")
RUNNING = 7
RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4).map(
    lambda found: normalized((min(pair), max(pair)) for pair in found if pair[0] != pair[1])
)
EPOCHS = st.sampled_from([RUNNING, summary_epoch(RUNNING), 5, 9])


@given(
    st.dictionaries(EPOCHS, st.tuples(st.integers(0, 3), st.integers(0, 50), RANGES), max_size=4),
    st.dictionaries(EPOCHS, st.tuples(st.integers(0, 40), st.integers(1, 40)), max_size=4),
    st.integers(0, 50),
)
def test_only_numbers_that_can_never_arrive_are_lost(
    ledger: dict[int, tuple[int, int, tuple[tuple[int, int], ...]]], holes: dict[int, tuple[int, int]], next_: int
) -> None:
    streams = [Stream(epoch, ord_, max(n, r[-1][1] if r else 0), r) for epoch, (ord_, n, r) in ledger.items()]
    held = HeldReadings(RUNNING, next_, {epoch: (lo, lo + n) for epoch, (lo, n) in holes.items()})
    found = lost_ranges(streams, held)
    for one in streams:
        missing = subtract(((0, one.next),) if one.next else (), one.settled)
        later = next((s.ord for s in streams if s.epoch == RUNNING), 99) < one.ord and one.epoch != RUNNING
        expected = {
            seq
            for lo, hi in missing
            for seq in range(lo, hi)
            if one.epoch != summary_epoch(RUNNING)
            and not later
            and not (one.epoch == RUNNING and seq >= next_)
            and not (one.epoch in held.ranges and held.ranges[one.epoch][0] <= seq < held.ranges[one.epoch][1])
        }
        assert {seq for lo, hi in found.get(one.epoch, ()) for seq in range(lo, hi)} == expected


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    return await three_series(database)


@pytest.fixture
def closing(database: Database) -> LostRanges:
    return LostRanges(LostRangeStore(database), AuditTrail(database, Audit(b"k" * 32), lambda: NOW))


async def hello(database: Database, next_: int, held: Mapping[int, tuple[int, int]] | None) -> None:
    await RegistryStore(database).note_hello("alpha", RUNNING, next_, held)


@pytest.mark.servers
async def test_lost_readings_are_listed_recorded_and_audited(
    ledger: LedgerStore, database: Database, closing: LostRanges
) -> None:
    await ledger.commit([arrival(0, 100), arrival(150, 200), arrival(10, 20, epoch=5, order=0)])
    await hello(database, 180, {RUNNING: (120, 180)})
    expected = {RUNNING: ((100, 120),), 5: ((0, 10),)}
    assert await closing.close(ALPHA, "command-line", is_dry_run=True) == expected
    assert await closing.close(ALPHA, "command-line", is_dry_run=False) == expected
    assert await closing.close(ALPHA, "command-line", is_dry_run=False) == {}
    counts = {one.epoch: one for one in await Verification(VerificationStore(database)).counts(1)}
    assert counts[RUNNING].missing == [(120, 150)]
    assert (counts[RUNNING].dropped, counts[5].dropped) == (20, 10)
    assert counts[5].is_complete
    assert await Verification(VerificationStore(database)).verify(1, lambda _: None) == []
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT kind, actor, target, after FROM audit")
        reasons = await connection.fetch("SELECT DISTINCT reason FROM declared_drop")
    assert [(row["kind"], row["actor"], row["target"]) for row in rows] == [
        ("readings_lost_by_restore", "command-line", "device:alpha")
    ]
    assert json.loads(rows[0]["after"]) == {"epochs": 2, "readings": 30}
    assert [row["reason"] for row in reasons] == ["lost_by_restore"]


@pytest.mark.servers
async def test_a_recorded_loss_that_arrives_later_is_not_stored_twice(
    ledger: LedgerStore, database: Database, closing: LostRanges
) -> None:
    await ledger.commit([arrival(0, 100), arrival(150, 200)])
    await hello(database, 200, {})
    await closing.close(ALPHA, "command-line", is_dry_run=False)
    result = await ledger.commit([arrival(90, 160)])
    assert result.settled[1, RUNNING] == [(0, 200)]
    assert await Verification(VerificationStore(database)).verify(1, lambda _: None) == []


@pytest.mark.servers
async def test_nothing_is_recorded_while_it_is_unknown_what_the_collector_holds(
    ledger: LedgerStore, database: Database, closing: LostRanges
) -> None:
    assert await closing.close(ALPHA, "command-line", is_dry_run=False) == {}
    await ledger.commit([arrival(0, 100), arrival(150, 200)])
    with pytest.raises(HeldReadingsUnknown, match="alpha has not said what it still holds"):
        await closing.close(ALPHA, "command-line", is_dry_run=False)
    await hello(database, 200, None)  # it holds readings of more epochs than a hello names
    with pytest.raises(HeldReadingsUnknown):
        await closing.close(ALPHA, "command-line", is_dry_run=True)
    await hello(database, 200, dict.fromkeys(range(MAX_EPOCHS - 1), (0, 5)))
    assert count((await closing.close(ALPHA, "command-line", is_dry_run=True))[RUNNING]) == 50
