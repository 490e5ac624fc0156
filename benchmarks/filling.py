"""Writes readings directly into chunks and roll-ups, like compaction does, for measurements that need a long
history."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.stage import PASSWORD
from pulse_postgres import Database, Migrations
from pulse_postgres.admin import with_role
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway.model.storage.chunks import Readings, chunks_of
from pulse_telemetry_gateway.model.storage.columns import FLOAT
from pulse_telemetry_gateway.model.storage.rollups import WIDTH, coarser, of_readings
from pulse_telemetry_gateway.store.compaction import CompactionStore, Derived
from pulse_telemetry_gateway.store.partitions import Partitions, month_of

DAY = 86_400_000_000
_BLOCK = 400_000
Kind = Literal["smooth", "noisy"]


def values(kind: Kind, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """smooth: a drifting sensor with three decimals. noisy: random binary64 values."""
    if kind == "smooth":
        return np.round(20 + rng.normal(0, 1, n).cumsum() * 0.01, 3)
    return 20 + rng.normal(0, 1, n)


def times(start: int, every: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Times of readings each `every` microseconds, with a jitter of 0.2 ms like that of an operating system's timer."""
    return start + np.arange(n) * every + np.round(rng.normal(0, 200, n)).astype(np.int64)


@dataclass(frozen=True)
class History:
    """Readings of one series: n of them, each `every` microseconds, up to `end`."""

    n: int
    every: int
    end: int
    kind: Kind = "smooth"


def opened(url: str) -> Database:
    """Returns the pool settings of the gateway's role."""
    return Database(PoolSettings(with_role(url, "pulse_telemetry", PASSWORD)))


async def prepare(url: str) -> None:
    """Migrates the database."""
    await Migrations("pulse_telemetry_gateway.migrations").apply(with_role(url, "pulse_telemetry", PASSWORD))


async def add_series(database: Database, device: str, names: list[str]) -> tuple[int, list[int]]:
    """Creates a device with series of type float. Returns their ids."""
    async with database.connection() as connection:
        device_id = await connection.fetchval("INSERT INTO device (name) VALUES ($1) RETURNING id", device)
        rows = await connection.fetch(
            "INSERT INTO series (device_id, name, type, display_name, unit) "
            "SELECT $1, name, 'float', name, '' FROM unnest($2::text[]) AS n (name) RETURNING id",
            device_id,
            names,
        )
    return int(device_id), [row["id"] for row in rows]


async def fill(database: Database, device_id: int, series: int, history: History) -> float:
    """Writes the history of a series. Returns the seconds it took."""
    store, partitions = CompactionStore(database), Partitions(database)
    began = time.perf_counter()
    for block in _blocks(series, history):
        derived = await asyncio.to_thread(_derived, block)
        await partitions.ensure({month_of(chunk.t.start) for chunk in derived.chunks})
        before = await store.claim(device_id)
        if before is None or not await store.advance(device_id, (before, before + 1), derived):
            raise RuntimeError("another process is filling this database")
        async with database.connection() as connection:
            await connection.execute("UPDATE device SET pos = $2, latest_pos = $2 WHERE id = $1", device_id, before + 1)
    return time.perf_counter() - began


def _blocks(series: int, history: History) -> Iterator[Readings]:
    rng = np.random.default_rng(series)
    start = history.end - history.n * history.every
    for lo in range(0, history.n, _BLOCK):
        n = min(_BLOCK, history.n - lo)
        yield Readings(
            np.full(n, series, np.int64),
            np.full(n, FLOAT, np.uint8),
            np.full(n, series, np.int64),
            np.arange(lo, lo + n, dtype=np.int64),
            times(start + lo * history.every, history.every, n, rng),
            values(history.kind, n, rng).view(np.int64),
            np.zeros(n, np.bool_),
        )


def _derived(readings: Readings) -> Derived:
    readings = readings.in_order()
    minutes = of_readings(readings, WIDTH["1m"])
    return Derived(chunks_of(readings), {"1m": minutes, "1h": coarser(minutes, WIDTH["1h"])})
