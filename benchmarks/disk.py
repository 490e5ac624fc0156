"""Bytes on disk per reading after compaction, including indexes and roll-ups, for smooth and noisy series, beside one
row per reading with a btree in the same run. The readings pass all stages: batches, log, compaction, merging."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np

from benchmarks import stage
from benchmarks.filling import Kind, add_series, opened, prepare, times, values
from benchmarks.report import Result
from pulse_postgres import Database
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Columns
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.partitions import Partitions

SERIES = 20
SECONDS = 12 * 3_600
"""Of readings. Each series has one reading per second."""
_BATCH = 1_000
_START = 1_767_225_600_000_000
_TARGETS: dict[Kind, float] = {"noisy": 12.0, "smooth": 8.0}
_DERIVED = ("chunk", "rollup_minute", "rollup_hour")


def measure() -> list[Result]:
    """Measures both kinds, each in its own database."""
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder, stage.servers(Path(folder), []) as backend:
        for kind, most in _TARGETS.items():
            url = asyncio.run(stage.new_database(backend))
            sizes, rows, log = asyncio.run(_measured(url, kind))
            total = round(sum(sizes.values()), 2)
            peer = "a row per reading (int, timestamptz, float8), btree"
            results += [
                Result(f"disk, {kind}", total, "bytes/reading", peer, rows, f"<= {most:g}", total <= most),
                Result(
                    f"disk, {kind}: times smaller", round(rows / total, 1), "x", None, None, ">= 7", rows >= 7 * total
                ),
                *(Result(f"disk, {kind}: {name}", round(size, 2), "bytes/reading") for name, size in sizes.items()),
                Result(f"disk, {kind}: the log, for the days it is kept", round(log, 2), "bytes/reading"),
            ]
    return results


async def _measured(url: str, kind: Kind) -> tuple[dict[str, float], float, float]:
    await prepare(url)
    async with opened(url) as database:
        device_id, _ = await add_series(database, "bench", [f"s{i}" for i in range(SERIES)])
        columns = _columns(kind)
        n = len(columns)
        ledger = LedgerStore(database)
        pace = CompactionPace(timedelta(0), 60, 60_000, timedelta(0), timedelta(0))
        compaction = Compaction(CompactionStore(database), Partitions(database), pace)
        for lo in range(0, n, _BATCH):
            await ledger.commit([_arrival(device_id, columns, lo)])
            if lo // _BATCH % 60 == 59:  # in the order of a real device: a piece of each series, again and again
                await compaction.catch_up()
                await compaction.merge_some()
        await compaction.catch_up()
        while await compaction.merge_some(pieces=2):
            continue
        async with database.connection() as connection:
            await connection.execute("VACUUM (FULL, ANALYZE) chunk, rollup_minute, rollup_hour")
            stored = await connection.fetchval("SELECT sum(n) FROM chunk")
            if stored != n:
                raise RuntimeError(f"{stored} of {n} readings are in chunks")
        sizes = {table: await _size(database, table) / n for table in _DERIVED}
        log = await _size(database, "batch") / n
        return sizes, await _rows(database) / n, log


def _columns(kind: Kind) -> Columns:
    rng = np.random.default_rng(1)
    t = np.stack([times(_START + i * 1_000, 1_000_000, SECONDS, rng) for i in range(SERIES)], axis=1).reshape(-1)
    v = np.stack([values(kind, SECONDS, rng) for _ in range(SERIES)], axis=1).reshape(-1)
    n = SERIES * SECONDS
    series, kinds = np.arange(1, SERIES + 1), np.full(SERIES, FLOAT, np.uint8)
    return Columns(series, kinds, np.arange(n), t, np.arange(n) % SERIES, v.view(np.int64))


def _arrival(device_id: int, columns: Columns, lo: int) -> Arrival:
    part = columns.take((columns.seq >= lo) & (columns.seq < lo + _BATCH))
    last = int(part.t[-1])
    return Arrival("", device_id, 1, 1, (lo, lo + len(part)), "live", last, last, part)


async def _size(database: Database, table: str) -> float:
    async with database.connection() as connection:
        found = await connection.fetchval(
            "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = $1::regclass", table
        )
    return float(found)


async def _rows(database: Database) -> float:
    async with database.connection() as connection:
        await connection.execute(
            "CREATE TABLE row_reading (series_id int NOT NULL, ts timestamptz NOT NULL, value float8 NOT NULL)"
        )
        await connection.execute("CREATE INDEX ON row_reading (series_id, ts)")
        await connection.execute("INSERT INTO row_reading SELECT series_id, ts, value FROM reading ORDER BY t")
        found = await connection.fetchval("SELECT pg_total_relation_size('row_reading')")
    return float(found)
