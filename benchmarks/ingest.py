"""Readings per second that become durable and acknowledged through all stages (MQTT, decode, ledger, log, commit, ack),
beside a raw binary COPY of one row per reading in the same PostgreSQL and the same run. fsync is enabled for both.

Then 32 devices with one, two and four gateways on the same two cores: readings per second, and the processor time of
the gateways for each batch."""

import asyncio
import contextlib
import io
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import psutil

from benchmarks.mqtt_load import Feed, drive, publish_packet
from benchmarks.report import Result
from pulse_contracts.series_digest import series_digest
from pulse_contracts.shards import shard_of
from pulse_contracts.telemetry import ReadingBatch, SeriesDeclaration, SeriesDeclared
from pulse_postgres.admin import create_database, provision
from pulse_standalone.children import http_ok
from pulse_standalone.ports import free_port
from tests.system import open_path, wait_until

DEVICES, FLEET = 4, 32
SERIES = 20
BATCHES = {1: 20_000, 100: 20_000, 1_000: 6_000}
"""Readings per batch: batches per round."""
SEVERAL = (1, 2, 4)
"""Numbers of gateways."""
ROUNDS = 3
WINDOW = 64
PASSWORD = "benchmark-benchmark-benchmark"  # noqa: S105  # of a server that lives for a minute
ROOT = Path(__file__).parents[1]
_BEGAN = time.time_ns() // 1_000
"""The time of the devices' first reading. It is equal for every caller."""


def measure() -> list[Result]:
    """The median of three rounds for each batch size. The peers are measured before each round, so that a machine that
    slows down affects both."""
    results: list[Result] = []
    raw: list[float] = []
    records: list[float] = []
    rates: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as backend:
        database = asyncio.run(prepare(backend["database_url"]))
        epochs = itertools.count(1)
        for size, batches in BATCHES.items():
            with gateway(database, backend, Path(folder)):
                mine = []
                for _ in range(ROUNDS):
                    raw.append(asyncio.run(_raw_copy(database)))
                    records.append(asyncio.run(_record_copy(database)))
                    mine.append(round_of(backend, size, batches, next(epochs)))
            rates.append((size, statistics.median(mine)))
        results.append(asyncio.run(_size(database)))
        results += _several(backend, Path(folder), epochs)
    peers = (
        ("raw binary COPY encoded with numpy beforehand, a row per reading, btree", statistics.median(raw)),
        ("asyncpg copy_records_to_table, a row per reading, btree", statistics.median(records)),
    )
    return [*(result for rate in rates for result in _compared(rate, peers)), *results]


def _compared(measured: tuple[int, float], peers: tuple[tuple[str, float], ...]) -> Iterator[Result]:
    size, rate = measured
    metric = f"ingest, {size} reading{'s' if size > 1 else ''} a batch, 1 gateway"
    if size == 1:
        yield Result(metric, rate, "readings/s", target=">= 3,000 readings/s", met=rate >= 3_000)
        return
    minimum = {100: 0.9, 1_000: 3.0}[size]
    for number, (peer, value) in enumerate(peers):
        if number == 0:
            yield Result(metric, rate, "readings/s", peer, value, f"ratio >= {minimum}", rate >= minimum * value)
        else:
            yield Result(metric, rate, "readings/s", peer, value)


def _several(backend: dict[str, Any], folder: Path, epochs: Iterator[int]) -> Iterator[Result]:
    """One, two and four gateways in turn, so that a machine that slows down affects all."""
    rates: dict[int, list[float]] = {gateways: [] for gateways in SEVERAL}
    costs: dict[int, list[float]] = {gateways: [] for gateways in SEVERAL}
    for number in range(ROUNDS):
        for gateways in SEVERAL:
            database = asyncio.run(prepare(backend["database_url"], f"several_{number}_{gateways}"))
            with contextlib.ExitStack() as running:
                processes = [
                    running.enter_context(gateway(database, backend, folder, replica)) for replica in range(gateways)
                ]
                wait_until(
                    lambda database=database, gateways=gateways: asyncio.run(_shares(database)) == gateways,  # type: ignore[misc]
                    seconds=30,
                    what="every gateway has its share",
                )
                before = sum(map(cpu_seconds, processes))
                rates[gateways].append(round_of(backend, 100, BATCHES[100], next(epochs), FLEET))
                used = sum(map(cpu_seconds, processes)) - before
                costs[gateways].append(used / BATCHES[100] * 1e6)
    one = "1 gateway, in turn"
    rate, cost = statistics.median(rates[1]), statistics.median(costs[1])
    for gateways in SEVERAL[1:]:
        mine, used = statistics.median(rates[gateways]), statistics.median(costs[gateways])
        metric = f"{FLEET} devices, 100 readings a batch, {gateways} gateways"
        target = (">= 1.0 of one", mine >= rate) if gateways == 2 else ("", None)
        yield Result(metric, round(mine), "readings/s", one, round(rate), *target)
        metric = f"{metric}, their processor time"
        yield Result(metric, round(used, 1), "us/batch", one, round(cost, 1), "<= 1.15 of one", used <= 1.15 * cost)


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def _shares(database: str) -> int:
    """Gateways that own an equal share of the shards and receive it. 0 while any differs."""
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch(
            "SELECT owner, count(*) AS n, bool_and(is_ready) AS r FROM telemetry.shard GROUP BY owner"
        )
    finally:
        await connection.close()
    is_equal = max(row["n"] for row in rows) - min(row["n"] for row in rows) <= 1
    return len(rows) if is_equal and all(row["owner"] and row["r"] for row in rows) else 0


@contextmanager
def servers(folder: Path) -> Iterator[dict[str, Any]]:
    """PostgreSQL and the broker with their addresses and passwords."""
    open_path(folder)
    command = [sys.executable, "-m", "pulse_standalone", "servers", "--state-dir", str(folder / "servers")]
    for number in range(FLEET):
        command += ["--device", f"bench-{number}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipes")
        yield json.loads(process.stdout.readline())
        process.stdin.close()


async def prepare(url: str, name: str = "bench") -> str:
    """A database with the gateway's role and schema. Returns the superuser's URL."""
    database = await create_database(url, name)
    await provision(database, "telemetry", "pulse_telemetry", PASSWORD)
    return database


@contextmanager
def gateway(database: str, backend: dict[str, Any], folder: Path, replica: int = 0) -> Iterator[psutil.Process]:
    """A gateway that is ready within the block."""
    port = free_port()
    env = {
        **os.environ,
        "PULSE_DATABASE_URL": database.replace("//pulse:", "//pulse_telemetry:").replace(
            database.split("//pulse:")[1].split("@", maxsplit=1)[0], PASSWORD
        ),
        "PULSE_MQTT_URL": backend["mqtt_url"],
        "PULSE_MQTT_PASSWORD": backend["passwords"]["telemetry-gateway"],
        "PULSE_HTTP_PORT": str(port),
        "PULSE_MQTT_CLIENT_ID": f"telemetry-gateway-{replica}",
        "PULSE_MQTT_SESSION_EXPIRY": "PT0S",  # otherwise the broker keeps messages for a replica of the previous round
        "PULSE_MIGRATE_ON_START": "true",
        "PULSE_AUDIT_KEY": "A" * 43,  # of a database that lives for a minute
        "PULSE_LOG_LEVEL": "warning",
    }
    with (folder / "gateway.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "pulse_telemetry_gateway", "serve"], env=env, stderr=log)
    try:
        wait_until(lambda: asyncio.run(http_ok(port, "/readyz")), seconds=30, what="the gateway is ready")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(15)


def round_of(backend: dict[str, Any], size: int, batches: int, epoch: int, devices: int = DEVICES) -> float:
    """Sends this many batches. Returns the readings per second until the last one is acknowledged."""
    feeds = [open_feed(backend, f"bench-{number}", size, batches // devices, epoch) for number in range(devices)]
    began = time.perf_counter()
    drive(feeds, "is_done", seconds=30)
    seconds = time.perf_counter() - began
    for feed in feeds:
        feed.close()
    return batches * size / seconds


def open_feed(backend: dict[str, Any], device: str, size: int, batches: int, epoch: int) -> Feed:
    """Returns the feed of a device whose series are declared and whose first batch is acknowledged. It holds the other
    batches."""
    host, _, port = backend["mqtt_url"].removeprefix("mqtt://").partition(":")
    feed = Feed.open((host, int(port)), device, backend["passwords"][device], size, WINDOW)
    series = [SeriesDeclaration(id=i, name=f"bench.{i}", type="float", unit="") for i in range(SERIES)]
    declared = SeriesDeclared(catalog=epoch, digest=series_digest(series), series=series)
    feed.packets = [publish_packet(f"telemetry/series/{device}", declared.model_dump_json().encode(), 1)]
    drive([feed], "confirmed", seconds=10)
    data = f"telemetry/shard/{shard_of(device)}/{device}"
    first, *rest = payloads(size, batches, epoch)
    while not feed.settled:  # the declaration may be in flight: the first batch is sent again until it is acknowledged
        feed.packets = [publish_packet(data, first, 1)]
        feed.sent = feed.confirmed = 0
        with contextlib.suppress(TimeoutError):
            drive([feed], "settled", seconds=0.5)
    feed.packets = [b"", *(publish_packet(data, payload, 2 + i % 60_000) for i, payload in enumerate(rest))]
    feed.sent = feed.confirmed = 1
    return feed


def payloads(size: int, batches: int, epoch: int) -> Iterator[bytes]:
    """Batches of one device: a random walk with three decimals, one reading each 0.5 ms."""
    rng = np.random.default_rng(epoch)
    for number in range(batches):
        values = np.round(20 + rng.normal(0, 1, size).cumsum() * 0.01, 3)
        yield (
            ReadingBatch(
                epoch=epoch,
                ord=epoch,
                catalog=epoch,
                lo=number * size,
                lane="backlog",
                sent=_BEGAN,
                series=list(range(SERIES)),
                t0=_BEGAN + number * size * 500,
                dt=[i * 500 for i in range(size)],
                x=[i % SERIES for i in range(size)],
                value=values.tolist(),
            )
            .model_dump_json()
            .encode()
        )


_TABLE = """
DROP TABLE IF EXISTS raw_reading;
CREATE TABLE raw_reading (series_id int NOT NULL, ts timestamptz NOT NULL, value float8 NOT NULL);
CREATE INDEX ON raw_reading (series_id, ts);
"""
_ROWS, _CHUNK = 600_000, 10_000


async def _raw_copy(database: str) -> float:
    connection = await asyncpg.connect(database)
    await connection.execute(_TABLE)
    row = np.dtype(
        [("n", ">i2"), ("l1", ">i4"), ("s", ">i4"), ("l2", ">i4"), ("t", ">i8"), ("l3", ">i4"), ("v", ">f8")]
    )
    chunks = []
    for start in range(0, _ROWS, _CHUNK):
        rows = np.zeros(_CHUNK, row)
        order = np.arange(start, start + _CHUNK)
        series = np.sort(order % (DEVICES * SERIES), kind="stable")
        rows["n"], rows["l1"], rows["l2"], rows["l3"] = 3, 4, 8, 8
        rows["s"], rows["t"], rows["v"] = series, 800_000_000_000_000 + order * 500, np.sin(order / 300)
        chunks.append(b"PGCOPY\n\xff\r\n\0" + b"\0" * 8 + rows.tobytes() + b"\xff\xff")
    began = time.perf_counter()
    for chunk in chunks:
        await connection.copy_to_table("raw_reading", source=io.BytesIO(chunk), format="binary")
    seconds = time.perf_counter() - began
    await connection.execute("DROP TABLE raw_reading")
    await connection.close()
    return _ROWS / seconds


async def _record_copy(database: str) -> float:
    from datetime import UTC, datetime, timedelta

    connection = await asyncpg.connect(database)
    await connection.execute(_TABLE)
    zero = datetime(2026, 1, 1, tzinfo=UTC)
    records = [(i % (DEVICES * SERIES), zero + timedelta(microseconds=i * 500), float(i)) for i in range(_ROWS)]
    began = time.perf_counter()
    for start in range(0, _ROWS, _CHUNK):
        await connection.copy_records_to_table("raw_reading", records=records[start : start + _CHUNK])
    seconds = time.perf_counter() - began
    await connection.execute("DROP TABLE raw_reading")
    await connection.close()
    return _ROWS / seconds


async def _size(database: str) -> Result:
    connection = await asyncpg.connect(database)
    row = await connection.fetchrow(
        "SELECT sum(pg_total_relation_size(inhrelid)), (SELECT sum(n) FROM telemetry.batch) "
        "FROM pg_inherits WHERE inhparent = 'telemetry.batch'::regclass"
    )
    await connection.execute(_TABLE)
    await connection.execute(
        "INSERT INTO raw_reading SELECT i % 80, timestamptz '2026-01-01' + i * interval '500 us', sin(i) "
        "FROM generate_series(1, 300000) i"
    )
    rows = await connection.fetchval("SELECT pg_total_relation_size('raw_reading') / 300000.0")
    await connection.close()
    value = float(row[0]) / float(row[1]) if row else 0.0
    return Result("disk, with indexes", round(value, 1), "bytes/reading", "a row per reading, btree", float(rows))
