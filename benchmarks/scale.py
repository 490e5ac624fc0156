"""Whether the cost per reading stays the same with scale: storing and compacting at 10, 100 and 1,000 series of each of
ten devices, and queries over 1, 10 and 100 million readings in chunks. Storing and compaction run in the benchmark's
process without the broker. The cost of compaction is processor time of that process and of PostgreSQL.

More series can mean two things, and both are measured. In the first, each series has one reading per second, so a
device with more series sends more readings: a growing fleet, where each reading has the same number of neighbours in
its minute. In the second, a device sends 20 readings a second whatever the number of series. Each series then has fewer
readings. With one reading in five seconds, the constant cost of a minute is shared by twelve readings instead of 1,200.

Every round has its own process, which creates its readings on the fly. Its memory is therefore the memory of storing
and compacting.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import asyncpg
import numpy as np
import psutil

from benchmarks import stage
from benchmarks.filling import History as Past
from benchmarks.filling import add_series, fill, opened, prepare, values
from benchmarks.processor import spent
from benchmarks.report import Result
from pulse_postgres import Database
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.actions.history import History, HistoryLimits
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Columns
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.registry import RegistryStore

DEVICES = 10
SERIES = (1, 10, 100)
"""Of each device."""
BATCHES = 200
"""Of each device, with 1,000 readings each."""
READINGS = tuple(int(n) for n in os.environ.get("PULSE_BENCH_READINGS", "1000000,10000000,100000000").split(","))
"""In chunks, over twenty series with one reading per second each."""
Shape = Literal["1/s each", "20/s a device"]
Ask = Callable[[], Awaitable[object]]
SHAPES: tuple[Shape, ...] = ("1/s each", "20/s a device")
WIDTH_ROUNDS = 5
_OF = 20
_ROUNDS = 200
_BATCH = 1_000
_HOUR = 3_600_000_000
_START = 1_767_225_600_000_000
_PACE = CompactionPace(timedelta(0), 1_000, 100_000, timedelta(0), timedelta(0))
"""The default size of steps."""


def measure() -> list[Result]:
    """The smallest size is the peer of the others."""
    with tempfile.TemporaryDirectory() as folder, stage.servers(Path(folder), []) as backend:
        widths = {shape: _widths(backend, shape) for shape in SHAPES}
        url = asyncio.run(stage.new_database(backend))
        depths = asyncio.run(_asked(url))
    results: list[Result] = []
    for shape, found in widths.items():
        for name, unit in (("store", "µs/reading"), ("compact", "µs/reading"), ("memory", "MB"), ("question", "ms")):
            for series in SERIES:
                metric = f"{name}, {series * DEVICES:,} series of {DEVICES} devices, {shape}"
                least = found[SERIES[0]][name]
                results.append(_flat(metric, found[series][name], unit, least, f"{SERIES[0] * DEVICES} series"))
    for name in depths[0]:
        for n, latencies in zip(READINGS, depths, strict=True):
            metric = f"{name}, {n / 1e6:g} M readings in chunks"
            unit = "bytes/reading" if name == "disk" else "ms"
            results.append(_flat(metric, latencies[name], unit, depths[0][name], f"{READINGS[0] / 1e6:g} M readings"))
    return results


def _flat(metric: str, value: float, unit: str, least: float, peer: str) -> Result:
    return Result(metric, round(value, 3), unit, peer, round(least, 3), "within 20 %", value <= 1.2 * least)


def _widths(backend: stage.Servers, shape: Shape) -> dict[int, dict[str, float]]:
    """The median of rounds for each number of series per device. The rounds alternate, because the speed of the machine
    varies."""
    rounds: dict[int, list[dict[str, float]]] = {series: [] for series in SERIES}
    for number in range(WIDTH_ROUNDS):
        for series in SERIES:
            print(f"· {series * DEVICES:,} series, {shape}, round {number + 1} of {WIDTH_ROUNDS}", flush=True)
            url = asyncio.run(stage.new_database(backend))
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                rounds[series].append(alone.submit(_ingested, url, series, shape).result())
    return {
        series: {name: statistics.median(one[name] for one in found) for name in found[0]}
        for series, found in rounds.items()
    }


def _ingested(url: str, series: int, shape: Shape) -> dict[str, float]:
    return asyncio.run(_ingest(url, series, shape))


async def _ingest(url: str, series: int, shape: Shape) -> dict[str, float]:
    """Every device sends a batch in turn. Ten batches are one group commit."""
    await prepare(url)
    await _written(url)
    async with opened(url) as database:
        devices = [await add_series(database, f"bench-{d}", [f"s{i}" for i in range(series)]) for d in range(DEVICES)]
        ledger = LedgerStore(database)
        every = 1_000_000 // series if shape == "1/s each" else 50_000
        stored = 0.0
        for lo in range(0, BATCHES * _BATCH, _BATCH):
            group = [_batch(device, lo, every) for device in devices]
            began = time.perf_counter()
            await ledger.commit(group)
            stored += time.perf_counter() - began
        compaction = Compaction(CompactionStore(database), Partitions(database), _PACE)
        with spent(psutil.Process(), psutil.Process(os.getppid())) as compacted:
            await compaction.catch_up()
        history = _history(database)
        one = devices[0][1][0]
        end = _START + BATCHES * _BATCH * every
        latencies = await _medians({"question": partial(history.readings, one, end - _HOUR, end, 1_000)})
        memory = psutil.Process().memory_info().rss / 1e6
    n = BATCHES * DEVICES * _BATCH
    compact = (compacted.gateway + compacted.postgresql) / n * 1e6
    return {"store": stored / n * 1e6, "compact": compact, "memory": memory, **latencies}


def _batch(device: tuple[int, list[int]], lo: int, every: int) -> Arrival:
    """Readings of a device, one each `every` microseconds, one series after the other."""
    device_id, series = device
    seq = np.arange(lo, lo + _BATCH)
    rng = np.random.default_rng(lo + device_id)
    kinds = np.full(len(series), FLOAT, np.uint8)
    t = _START + seq * every + rng.integers(-200, 200, _BATCH)
    word = values("smooth", _BATCH, rng).view(np.int64)
    columns = Columns(np.asarray(series), kinds, seq, t, seq % len(series), word)
    return Arrival("", device_id, 1, 1, (lo, lo + _BATCH), "live", _START, _START, columns)


async def _asked(url: str) -> list[dict[str, float]]:
    """Queries with a growing number of readings in the same tables."""
    await prepare(url)
    found: list[dict[str, float]] = []
    async with opened(url) as database:
        device_id, series = await add_series(database, "bench", [f"s{i}" for i in range(_OF)])
        have = 0
        for total in READINGS:
            print(f"· {total / 1e6:g} M readings in chunks", flush=True)
            n = total // _OF
            for number in series:  # the history grows backwards, so the queries stay the same
                await fill(database, device_id, number, Past(n - have, 1_000_000, _START - have * 1_000_000))
            have = n
            async with database.connection() as connection:
                await connection.execute("VACUUM (ANALYZE) chunk, rollup_minute, rollup_hour")
                size = await connection.fetchval(
                    "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = ANY("
                    "ARRAY['chunk', 'rollup_minute', 'rollup_hour']::regclass[])"
                )
            await _written(url)
            history = _history(database)
            asks: dict[str, Ask] = {
                "the last hour, every reading": partial(history.readings, series[0], _START - _HOUR, _START, 5_000),
                "12 hours to 1,000 points": partial(history.readings, series[0], _START - 12 * _HOUR, _START, 1_000),
                "20 series, 12 hours, 300 points": partial(history.aligned, series, _START - 12 * _HOUR, _START, 300),
            }
            found.append(await _medians(asks) | {"disk": float(size) / total})
    return found


async def _written(url: str) -> None:
    """Writes prepared data to disk, so that no checkpoint of it runs during the measurement."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _history(database: Database) -> History:
    limits = HistoryLimits(timedelta(seconds=60), 2, 2_000_000)
    return History(HistoryStore(database), RegistryStore(database), limits)


async def _medians(asks: dict[str, Ask]) -> dict[str, float]:
    """Milliseconds of each query. The queries alternate."""
    took: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(_ROUNDS):
        for name, ask in asks.items():
            began = time.perf_counter()
            await ask()
            took[name].append((time.perf_counter() - began) * 1e3)
    return {name: statistics.median(each) for name, each in took.items()}
