"""How many readings a second become durable and acknowledged, the whole way: MQTT, decode, ledger, log, commit, ack;
beside the raw binary COPY of a row per reading on the same PostgreSQL, in the same run. fsync is on for both."""

import asyncio
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.report import Result
from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import ReadingBatch, SeriesDeclaration, SeriesDeclared
from pulse_postgres.admin import create_database, provision
from pulse_standalone.children import http_ok
from pulse_standalone.ports import free_port
from tests.system import open_path, wait_until

DEVICES = 4
SERIES = 20
SIZES = {100: 6_000, 1_000: 1_500}
"""Readings a batch: batches a round."""
ROUNDS = 3
WINDOW = 64
PASSWORD = "benchmark-benchmark-benchmark"  # noqa: S105  # of a server that lives for a minute
ROOT = Path(__file__).parents[1]


@dataclass
class _Feed:
    """One device's load: payloads made beforehand, a window of unacknowledged batches, the settled count."""

    device: str
    client: paho.Client
    payloads: list[bytes]
    size: int
    settled: int = 0
    sent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def push(self) -> None:
        """Sends what the window allows."""
        with self.lock:
            while self.sent < len(self.payloads) and self.sent - self.settled // self.size < WINDOW:
                self.client.publish(f"pulse/v1/telemetry/data/{self.device}", self.payloads[self.sent], qos=1)
                self.sent += 1

    def acknowledged(self, message: Any) -> None:
        """An ack: more room in the window."""
        ranges = json.loads(message.payload)["settled"]
        if ranges and ranges[0][0] == 0:
            self.settled = max(self.settled, ranges[0][1])
        self.push()

    @property
    def is_done(self) -> bool:
        return self.settled >= len(self.payloads) * self.size


def measure() -> list[Result]:
    """Median of three rounds for each batch size, and of the peers."""
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder)) as told:
        database = asyncio.run(_prepare(told["database_url"]))
        raw = statistics.median(asyncio.run(_raw_copy(database)) for _ in range(ROUNDS))
        records = statistics.median(asyncio.run(_record_copy(database)) for _ in range(ROUNDS))
        results = []
        for size, batches in SIZES.items():
            with _gateway(database, told, Path(folder)):
                rates = [_round(told, size, batches, epoch) for epoch in range(size, size + ROUNDS)]
            rate = statistics.median(rates)
            target = "ratio >= 0.6" if size == 100 else None
            met = rate >= 0.6 * raw if size == 100 else None
            peer = "raw binary COPY encoded with numpy, a row per reading, btree"
            results.append(Result(f"ingest, {size} readings a batch", rate, "readings/s", peer, raw, target, met))
            peer = "asyncpg copy_records_to_table, a row per reading, btree"
            results.append(Result(f"ingest, {size} readings a batch", rate, "readings/s", peer, records))
        results.append(asyncio.run(_size(database)))
    return results


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, Any]]:
    open_path(folder)
    command = [sys.executable, "-m", "pulse_standalone", "servers", "--state-dir", str(folder / "servers")]
    for number in range(DEVICES):
        command += ["--device", f"bench-{number}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipes")
        yield json.loads(process.stdout.readline())
        process.stdin.close()


async def _prepare(url: str) -> str:
    database = await create_database(url, "bench")
    await provision(database, "telemetry", "pulse_telemetry", PASSWORD)
    return database


@contextmanager
def _gateway(database: str, told: dict[str, Any], folder: Path) -> Iterator[None]:
    port = free_port()
    env = {
        **os.environ,
        "PULSE_DATABASE_URL": database.replace("//pulse:", "//pulse_telemetry:").replace(
            database.split("//pulse:")[1].split("@", maxsplit=1)[0], PASSWORD
        ),
        "PULSE_MQTT_URL": told["mqtt_url"],
        "PULSE_MQTT_PASSWORD": told["passwords"]["telemetry-gateway"],
        "PULSE_HTTP_PORT": str(port),
        "PULSE_MIGRATE_ON_START": "true",
        "PULSE_LOG_LEVEL": "warning",
    }
    with (folder / "gateway.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "pulse_telemetry_gateway", "serve"], env=env, stderr=log)
    try:
        wait_until(lambda: asyncio.run(http_ok(port, "/readyz")), seconds=30, what="the gateway is ready")
        yield
    finally:
        process.terminate()
        process.wait(15)


def _round(told: dict[str, Any], size: int, batches: int, epoch: int) -> float:
    feeds = [_feed(told, f"bench-{number}", size, batches // DEVICES, epoch) for number in range(DEVICES)]
    began = time.perf_counter()
    for feed in feeds:
        feed.push()
    wait_until(lambda: all(feed.is_done for feed in feeds), seconds=120, what="everything is acknowledged")
    seconds = time.perf_counter() - began
    for feed in feeds:
        feed.client.disconnect()
        feed.client.loop_stop()
    return batches * size / seconds


def _feed(told: dict[str, Any], device: str, size: int, batches: int, epoch: int) -> _Feed:
    host, _, port = told["mqtt_url"].removeprefix("mqtt://").partition(":")
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=device, protocol=paho.MQTTv5)
    client.username_pw_set(device, told["passwords"][device])
    client.max_inflight_messages_set(WINDOW)
    ready = threading.Event()
    client.on_subscribe = lambda *_: ready.set()
    client.connect(host, int(port))
    client.loop_start()
    client.subscribe(f"pulse/v1/telemetry/ack/{device}", qos=0)
    ready.wait(10)
    series = [SeriesDeclaration(id=i, name=f"bench.{i}", type="float", unit="") for i in range(SERIES)]
    declared = SeriesDeclared(catalog=epoch, digest=series_digest(series), series=series)
    address = f"pulse/v1/telemetry/series/{device}"
    client.publish(address, declared.model_dump_json(), qos=1).wait_for_publish(10)
    feed = _Feed(device, client, list(_payloads(size, batches, epoch)), size)
    client.on_message = lambda _client, _data, message: feed.acknowledged(message)
    _warm_up(feed, epoch)
    return feed


def _warm_up(feed: _Feed, epoch: int) -> None:
    """The declaration may still be on its way: the first batch is sent until it is acknowledged."""
    for _ in range(50):
        feed.client.publish(f"pulse/v1/telemetry/data/{feed.device}", feed.payloads[0], qos=1).wait_for_publish(5)
        end = time.monotonic() + 0.2
        while time.monotonic() < end and feed.settled == 0:
            time.sleep(0.01)
        if feed.settled:
            feed.sent = 1
            return
    raise AssertionError(f"epoch {epoch} of {feed.device} is not acknowledged")


def _payloads(size: int, batches: int, epoch: int) -> Iterator[bytes]:
    rng = np.random.default_rng(epoch)
    now = time.time_ns() // 1_000
    for number in range(batches):
        values = np.round(20 + rng.normal(0, 1, size).cumsum() * 0.01, 3)
        yield (
            ReadingBatch(
                epoch=epoch,
                ord=epoch,
                catalog=epoch,
                lo=number * size,
                lane="backlog",
                sent=now,
                series=list(range(SERIES)),
                t0=now + number * size * 500,
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
        series = np.sort(order % SERIES, kind="stable")
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
    records = [(i % SERIES, zero + timedelta(microseconds=i * 500), float(i)) for i in range(_ROWS)]
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
        "INSERT INTO raw_reading SELECT i % 20, timestamptz '2026-01-01' + i * interval '500 us', sin(i) "
        "FROM generate_series(1, 300000) i"
    )
    rows = await connection.fetchval("SELECT pg_total_relation_size('raw_reading') / 300000.0")
    await connection.close()
    value = float(row[0]) / float(row[1]) if row else 0.0
    return Result("disk, with indexes", round(value, 1), "bytes/reading", "a row per reading, btree", float(rows))
