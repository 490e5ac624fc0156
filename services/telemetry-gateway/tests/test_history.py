"""History on real PostgreSQL: the same answer from the log, from chunks and from roll-ups; complete pages."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_postgres import Database
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.actions.history import History, HistoryLimits
from pulse_telemetry_gateway.actions.pages import Pages
from pulse_telemetry_gateway.model.errors import ForeignCursor, InvalidRange, TooMuch, UnknownSeries
from pulse_telemetry_gateway.model.history.calendar import edges, zone_of
from pulse_telemetry_gateway.model.history.levels import Retained, gaps, plan
from pulse_telemetry_gateway.model.storage.chunks import Readings
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Columns
from pulse_telemetry_gateway.model.storage.rollups import WIDTH
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.registry import RegistryStore

from .conftest import NOW, mixed, three_series

pytestmark = pytest.mark.servers

HOUR = 3_600_000_000
PACE = CompactionPace(timedelta(0), 1_000, 500_000, timedelta(0), timedelta(0))
KINDS = {1: FLOAT, 2: 0, 3: 2}
ALL = Retained(-(2**63), -(2**63), -(2**63))


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    return await three_series(database)


@pytest.fixture
def history(database: Database) -> History:
    limits = HistoryLimits(timedelta(seconds=20), 2, 2_000_000)
    return History(HistoryStore(database), RegistryStore(database), limits)


async def compact(database: Database, *, is_merged: bool = True) -> None:
    compaction = Compaction(CompactionStore(database), Partitions(database), PACE)
    await compaction.catch_up()
    while is_merged and await compaction.merge_some(pieces=1):
        pass


def truth(parts: list[Columns], series: int, start: int, end: int) -> tuple[list[int], list[int]]:
    """Times and words of a series in a range, computed directly."""
    t = np.concatenate([p.t[(p.series[p.x] == series)] for p in parts])
    word = np.concatenate([p.word[(p.series[p.x] == series)] for p in parts])
    keep = (t >= start) & (t < end)
    order = np.argsort(t[keep], kind="stable")
    return t[keep][order].tolist(), word[keep][order].tolist()


@given(
    st.integers(-(2**50), 2**50),
    st.integers(1, 2**51),
    st.integers(1, 5_000),
    st.integers(0, 10**7),
    st.booleans(),
)
def test_a_plan_covers_the_requested_range_within_the_bucket_limit_and_divides_no_roll_up(
    start: int, span: int, most: int, readings: int, is_old: bool
) -> None:
    chosen = plan(start, start + span, most, readings, Retained(2**52, -(2**63), -(2**63)) if is_old else ALL)
    assert (chosen.start, chosen.end) == (start, start + span)
    assert 1 <= chosen.buckets <= most
    assert all(a < b for a, b in pairwise(chosen.edges))
    if chosen.level is not None:
        assert not any(edge % WIDTH[chosen.level] for edge in chosen.edges[1:-1])
    if is_old:
        assert chosen.level is not None


def test_gaps_are_the_widest_ones_in_order() -> None:
    assert gaps([0, 1, 9, 10, 30, 31], 5) == [(1, 9), (10, 30)]
    assert gaps([0, 1, 9, 10, 30, 31], 5, most=1) == [(10, 30)]


@pytest.mark.parametrize("series", [1, 2, 3])
async def test_few_readings_are_returned_in_full_from_log_and_chunks(
    ledger: LedgerStore, database: Database, history: History, series: int
) -> None:
    parts = [mixed(lo, lo + 300) for lo in range(0, 1_500, 300)]
    for number, part in enumerate(parts):
        await ledger.commit([part])
        if number == 2:
            await compact(database)
    start, end = NOW + 100_000_000, NOW + 1_300_000_000
    found = await history.readings(series, start, end, 1_200)
    t, word = truth([p.columns for p in parts if p.columns], series, start, end)
    assert found.t == t
    wanted = np.asarray(word)
    assert found.v == (wanted.view(np.float64) if KINDS[series] == FLOAT else wanted).tolist()
    assert [type(v) for v in found.v[:1]] == [{FLOAT: float, 0: int, 2: bool}[KINDS[series]]]
    assert (found.n, found.is_sampled, found.quality.source, found.quality.gaps) == (len(t), False, "raw", [])


@pytest.mark.parametrize("source", ["1m", "1h"])
async def test_roll_ups_keep_the_true_extremes_and_the_count_whatever_the_edges(
    ledger: LedgerStore, database: Database, history: History, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_telemetry_gateway.model.history.levels.RAW_MAX", 10)
    every = 4_000_000 if source == "1m" else 60_000_000
    parts = [mixed(lo, lo + 2_000, every=every) for lo in range(0, 8_000, 2_000)]
    for part in parts[:3]:
        await ledger.commit([part])
    await compact(database, is_merged=source == "1h")
    await ledger.commit([parts[3]])  # not in chunks yet
    columns = [p.columns for p in parts if p.columns]
    for start, end in ((NOW, NOW + 8_000 * every), (NOW + 77_777_777, NOW + 6_123_456_789 * every // 1_000_000)):
        found = await history.readings(1, start, end, 100)
        t, word = truth(columns, 1, start, end)
        v = np.asarray(word).view(np.float64)
        assert found.quality.source == source
        assert (found.n, len(found.t) <= 100, found.is_sampled) == (len(t), True, True)
        assert (min(found.v), max(found.v)) == (v.min(), v.max())
        assert (found.t[0], found.t[-1]) == (t[0], t[-1])
        assert set(zip(found.t, found.v, strict=True)) <= set(zip(t, v.tolist(), strict=True)), "real readings"


async def test_gaps_late_readings_and_a_wrong_clock_are_reported(
    ledger: LedgerStore, database: Database, history: History
) -> None:
    await ledger.commit([mixed(0, 600), mixed(4_000, 4_600)])
    for _ in range(2):
        found = await history.readings(1, NOW, NOW + 5 * HOUR, 1_200)
        assert found.quality.gaps == [(NOW + 597_000_000, NOW + 4_002_000_000)]
        assert found.quality.late > 0
        assert found.quality.clock_suspect is True
        await compact(database)


async def test_a_page_of_single_readings_has_its_own_quality(
    ledger: LedgerStore, database: Database, history: History
) -> None:
    await ledger.commit([mixed(0, 600), mixed(4_000, 4_600)])
    pages = Pages(history)
    for _ in range(2):
        whole = await pages.page(1, (NOW, NOW + 5 * HOUR), None, 10_000)
        assert (whole.quality.source, whole.quality.unreadable) == ("raw", 0)
        assert whole.quality.gaps == [(NOW + 597_000_000, NOW + 4_002_000_000)]
        assert whole.quality.late == int(whole.readings.late.sum()) > 0
        assert whole.quality.clock_suspect is True
        first = await pages.page(1, (NOW, NOW + 5 * HOUR), None, 100)
        assert first.quality.gaps == [], "the gap is on a later page"
        await compact(database)


@pytest.mark.announces_log("stored_batch_unreadable")
async def test_unreadable_batches_are_reported(ledger: LedgerStore, database: Database, history: History) -> None:
    await ledger.commit([mixed(0, 600)])
    await ledger.commit([mixed(600, 1_200)])
    async with database.connection() as connection:
        await connection.execute("UPDATE batch SET payload = '\\xdeadbeef' WHERE lo = 600")
    span = (NOW, NOW + 5 * HOUR)
    for _ in range(2):
        sampled = await history.readings(1, *span, 1_200)
        page = await Pages(history).page(1, span, None, 10_000)
        aligned = await history.aligned([1, 2], *span, 10)
        assert [q.unreadable for q in (sampled.quality, page.quality, aligned.quality)] == [1, 1, 1]
        assert sampled.n == len(page.readings) == 200
        before = await history.readings(1, NOW - 2 * HOUR, NOW - HOUR, 100)
        assert before.quality.unreadable == 0, "it holds nothing of that time"
        await compact(database)


async def test_several_series_share_their_buckets(ledger: LedgerStore, database: Database, history: History) -> None:
    parts = [mixed(lo, lo + 300) for lo in range(0, 3_000, 300)]
    for part in parts:
        await ledger.commit([part])
    before = await history.aligned([1, 2, 3], NOW, NOW + 3_000_000_000, 10)
    await compact(database)
    after = await history.aligned([1, 2, 3], NOW, NOW + 3_000_000_000, 10)
    assert before.plan == after.plan
    for name in ("series", "bucket", "n", "first", "last", "low", "high", "t_low"):
        assert getattr(before.found, name).tolist() == getattr(after.found, name).tolist(), name
    assert after.found.n.sum() == 3_000
    assert len(after.found) == 30


@pytest.mark.parametrize("source", ["raw", "1m", "1h"])
async def test_adjacent_windows_count_each_reading_once(
    ledger: LedgerStore, database: Database, history: History, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_telemetry_gateway.model.history.levels.RAW_MAX", 10**9 if source == "raw" else 10)
    every = 400_000_000 if source == "1h" else 7_000_000
    parts = [mixed(lo, lo + 2_000, every=every) for lo in range(0, 6_000, 2_000)]
    for part in parts[:2]:
        await ledger.commit([part])
    await compact(database)
    await ledger.commit([parts[2]])  # not in chunks yet
    columns = [part.columns for part in parts if part.columns]
    cuts = [NOW + 1, NOW + 1_234_567_891 * every // 1_000_000, NOW + 6_000 * every // 2 + 77, NOW + 6_000 * every]
    for start, end in pairwise(cuts):
        found = await history.aligned([1, 2], start, end, 40)
        assert found.quality.source == source
        assert (found.plan.start, found.plan.end) == (start, end)
        for series in (1, 2):
            t, _ = truth(columns, series, start, end)
            mine = found.found.take(found.found.series == series)
            assert int(mine.n.sum()) == len(t)
            counts, _ = np.histogram(t, np.asarray(found.plan.edges))
            assert {int(b): int(n) for b, n in zip(mine.bucket, mine.n, strict=True)} == {
                edge: int(n) for edge, n in zip(found.plan.edges, counts, strict=False) if n
            }


async def test_calendar_buckets_hold_the_readings_between_their_edges(
    ledger: LedgerStore, database: Database, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_telemetry_gateway.model.history.levels.RAW_MAX", 10)
    part = mixed(0, 3_000, every=100_000_000)
    await ledger.commit([part])
    await compact(database)
    assert part.columns is not None
    cut = edges(NOW + 5, NOW + 3 * 24 * HOUR, "1d", zone_of("Asia/Kolkata"), 100)
    found = await history.aligned([1], cut[0], cut[-1], cut)
    t, _ = truth([part.columns], 1, cut[0], cut[-1])
    assert found.quality.source == "1m", "a midnight at half past an hour cuts no minute"
    assert found.found.bucket.tolist() == cut[:-1]
    assert found.found.n.tolist() == np.histogram(t, np.asarray(cut))[0].tolist()


async def test_too_many_readings_for_fine_buckets_are_answered_from_minutes(
    ledger: LedgerStore, database: Database, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.commit([mixed(0, 600)])
    await compact(database)
    fine = await history.aligned([1, 2], NOW, NOW + 600_000_000, 100)
    monkeypatch.setattr("pulse_telemetry_gateway.actions.history._RAW_AT_ONCE", 300)
    coarse = await history.aligned([1, 2], NOW, NOW + 600_000_000, 100)
    assert (fine.quality.source, fine.plan.buckets) == ("raw", 100)
    assert (coarse.quality.source, coarse.plan.buckets) == ("1m", 10)
    assert fine.found.n.sum() == coarse.found.n.sum() == 400


async def test_pages_hold_every_reading_once_in_order_while_the_log_becomes_chunks(
    ledger: LedgerStore, database: Database, history: History
) -> None:
    parts = [mixed(3_000, 6_000), mixed(0, 3_000, every=2_000_000, epoch=5), mixed(6_000, 6_200)]
    for part in parts:
        await ledger.commit([part])
    pages, cursor = Pages(history), None
    found: list[tuple[int, int, int, int]] = []
    span = (NOW, NOW + 7_000_000_000)
    for number in range(100):
        page, cursor = await pages.at(1, span, cursor, 97)
        found += _rows(page.readings)
        if number == 5:
            await compact(database, is_merged=False)
        if number == 10:
            await compact(database)
        if cursor is None:
            break
    t, word = truth([p.columns for p in parts if p.columns], 1, *span)
    assert found == sorted(found)
    assert len(set(found)) == len(found)
    assert sorted((row[0], row[3]) for row in found) == sorted(zip(t, word, strict=True))


def _rows(readings: Readings) -> list[tuple[int, int, int, int]]:
    names = ("t", "epoch", "seq", "word")
    return list(zip(*(getattr(readings, name).tolist() for name in names), strict=True))


async def test_invalid_history_queries_are_refused_with_a_code(
    ledger: LedgerStore, database: Database, history: History
) -> None:
    await ledger.commit([mixed(0, 600)])
    pages = Pages(history)
    with pytest.raises(InvalidRange, match="before"):
        await history.readings(1, NOW, NOW, 100)
    with pytest.raises(InvalidRange, match="100 years"):
        await history.readings(1, NOW, NOW + 101 * 366 * 24 * HOUR, 100)
    with pytest.raises(UnknownSeries, match="99"):
        await history.aligned([1, 99], NOW, NOW + HOUR, 10)
    with pytest.raises(TooMuch, match="51 series"):
        await history.aligned(range(51), NOW, NOW + HOUR, 10)
    with pytest.raises(TooMuch, match="100000"):
        await history.aligned(range(50), NOW, NOW + HOUR, 5_000)
    _, cursor = await pages.at(1, (NOW, NOW + HOUR), None, 10)
    for question, given_ in (((2, (NOW, NOW + HOUR)), cursor), ((1, (NOW, NOW + HOUR)), "nonsense")):
        with pytest.raises(ForeignCursor):
            await pages.at(*question, given_, 10)
