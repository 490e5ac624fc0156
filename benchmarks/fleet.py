"""What one batch, one step of compaction and one merge cost when a fleet sends them: many devices with small batches.
docs/scaling.md calculates with these costs.

`ingest` measures the opposite case: four devices with a long backlog, whose batches the gateway joins. Here a device
sends its next batch only after the acknowledgement of the last one, so that a group commit has one batch of each
device and nothing can be joined. The costs are processor time of each process.
"""

import asyncio
import contextlib
import os
import statistics
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg
import numpy as np
import psutil

from benchmarks import stage
from benchmarks.filling import add_series, opened, prepare, values
from benchmarks.mqtt_load import Feed, drive, publish_packet
from benchmarks.processor import Spent, spent
from benchmarks.report import Result
from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import ReadingBatch, SeriesDeclaration, SeriesDeclared
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Columns
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.partitions import Partitions

DEVICES: Final = 200
SERIES: Final = 10
"""Of each device."""
SIZES: Final = (1, 10)
"""Readings in a batch."""
BATCHES: Final = 100
"""Of each device in one round."""
ROUNDS: Final = 3
STEPS: Final = {"1 reading of 1 series": (1, 1), "300 readings of 10 series": (300, 10)}
"""Readings and series in one step of compaction, at the default lag of 30 s: a device that sends one reading a minute,
and one that sends ten a second."""
_REPEATS: Final = 32
"""Steps for each device: as many as one merge needs."""
_STEP_DEVICES: Final = 20
_START: Final = 1_767_225_600_000_000
_PACE: Final = CompactionPace(timedelta(0), 1_000, 100_000, timedelta(0), timedelta(0))


def measure() -> list[Result]:
    """Costs per batch by process, and per step and merge."""
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder, stage.servers(Path(folder), _names()) as backend:
        for size in SIZES:
            results += _ingest(backend, Path(folder), size)
        for label, (readings, series) in STEPS.items():
            results += asyncio.run(_compact(backend, label, readings, series))
    return results


# -- batches


def _ingest(backend: stage.Servers, folder: Path, size: int) -> list[Result]:
    os.environ["PULSE_COMPACTION_LAG"] = "PT1H"  # for the gateway: compaction is measured alone
    rounds: list[Spent] = []
    written: list[int] = []
    with stage.gateway(backend, folder) as gateway:
        packets = _packets(size)
        feeds = _opened(backend, size, packets)
        for number in range(1, ROUNDS + 1):
            print(f"· {DEVICES} devices, {size} a batch, round {number} of {ROUNDS}", flush=True)
            for feed in feeds:
                feed.packets = packets[feed.device][: 1 + number * BATCHES]
            before = asyncio.run(_log_position(backend))
            with spent(gateway.process, psutil.Process()) as seconds:
                drive(feeds, "is_done", seconds=30)
            written.append(asyncio.run(_log_position(backend)) - before)
            rounds.append(seconds)
        for feed in feeds:
            feed.close()
    sent = DEVICES * BATCHES

    def median(of: str) -> float:
        return float(statistics.median(getattr(seconds, of) for seconds in rounds))

    each = f"{size} reading{'s' if size > 1 else ''} a batch"
    return [
        *(
            Result(f"{process}, {each}", round(median(process.lower()) / sent * 1e6, 1), "µs/batch")
            for process in ("gateway", "broker", "PostgreSQL")
        ),
        Result(f"PostgreSQL's log (WAL), {each}", round(statistics.median(written) / sent), "bytes/batch"),
        Result(f"taken by one gateway, {each}", round(sent / median("elapsed")), "batches/s"),
    ]


async def _log_position(backend: stage.Servers) -> int:
    """Bytes of PostgreSQL's write-ahead log so far."""
    connection = await asyncpg.connect(backend.database_url)
    try:
        return int(await connection.fetchval("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"))
    finally:
        await connection.close()


def _packets(size: int) -> dict[str, list[bytes]]:
    """The batches of each device: one that is sent first, and those of the rounds."""
    rng, began = np.random.default_rng(size), stage.now_micros()
    payloads = [
        ReadingBatch(
            epoch=1,
            ord=1,
            catalog=1,
            lo=number * size,
            lane="live",
            sent=began,
            series=list(range(SERIES)),
            t0=began + number * 1_000,
            dt=[i * 10 for i in range(size)],
            x=[i % SERIES for i in range(size)],
            value=values("smooth", size, rng).tolist(),
        )
        .model_dump_json()
        .encode()
        for number in range(1 + ROUNDS * BATCHES)
    ]
    return {
        name: [publish_packet(f"telemetry/data/{name}", payload, 1 + i) for i, payload in enumerate(payloads)]
        for name in _names()
    }


def _names() -> list[str]:
    return [f"bench-{number}" for number in range(DEVICES)]


def _opened(backend: stage.Servers, size: int, packets: dict[str, list[bytes]]) -> list[Feed]:
    """Feeds whose series are declared and whose first batch is acknowledged. Each has one batch in flight at a time."""
    feeds = [Feed.open(backend.broker, name, backend.passwords[name], size, 1) for name in packets]
    series = [SeriesDeclaration(id=i, name=f"bench.{i}", type="float", unit="") for i in range(SERIES)]
    declared = SeriesDeclared(catalog=1, digest=series_digest(series), series=series).model_dump_json().encode()
    for feed in feeds:
        feed.packets = [publish_packet(f"telemetry/series/{feed.device}", declared, 1)]
    drive(feeds, "confirmed", seconds=10)
    while new := [feed for feed in feeds if not feed.settled]:
        for feed in new:  # a declaration may be in flight: the first batch is sent again until it is acknowledged
            feed.packets, feed.sent, feed.confirmed = packets[feed.device][:1], 0, 0
        with contextlib.suppress(TimeoutError):
            drive(new, "settled", seconds=2)
    for feed in feeds:
        feed.sent = feed.confirmed = 1
    return feeds


# -- compaction


async def _compact(backend: stage.Servers, label: str, readings: int, series: int) -> list[Result]:
    """Compacts small steps, then merges what they wrote. This process is the gateway here."""
    print(f"· compaction, {label} in a step", flush=True)
    me, names = psutil.Process(), [f"s{i}" for i in range(series)]
    url = await stage.new_database(backend)
    await prepare(url)
    async with opened(url) as database:
        devices = [await add_series(database, f"step-{d}", names) for d in range(_STEP_DEVICES)]
        ledger = LedgerStore(database)
        compaction = Compaction(CompactionStore(database), Partitions(database), _PACE)
        stepped: list[Spent] = []
        for number in range(_REPEATS):
            await ledger.commit([_arrival(device, number * readings, readings) for device in devices])
            with spent(me, me) as seconds:
                for device_id, _ in devices:
                    await compaction.step(device_id)
            stepped.append(seconds)
        merges = 0
        with spent(me, me) as merged:
            while done := await compaction.merge_some(pieces=_REPEATS):
                merges += done
    if merges != _STEP_DEVICES * series:
        raise RuntimeError(f"{merges} merges")
    taken, results = _REPEATS * _STEP_DEVICES, []
    for process in ("gateway", "PostgreSQL"):
        of = process.lower()
        step = sum(getattr(seconds, of) for seconds in stepped) / taken
        results += [
            Result(f"step of compaction, {label}: {process}", round(step * 1e3, 3), "ms/step"),
            Result(
                f"merge of {_REPEATS} such steps, {label}: {process}",
                round(getattr(merged, of) / merges * 1e3, 3),
                "ms/merge",
            ),
        ]
    return results


def _arrival(device: tuple[int, list[int]], lo: int, n: int) -> Arrival:
    device_id, series = device
    seq = np.arange(lo, lo + n)
    rng = np.random.default_rng(lo + device_id)
    t = _START + seq * (100_000 if n > 1 else 60_000_000)
    word = values("smooth", n, rng).view(np.int64)
    columns = Columns(np.asarray(series), np.full(len(series), FLOAT, np.uint8), seq, t, seq % len(series), word)
    return Arrival("", device_id, 1, 1, (lo, lo + n), "live", _START, _START, columns)
