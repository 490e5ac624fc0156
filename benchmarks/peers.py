"""The same readings into InfluxDB, into VictoriaMetrics and into us: how many a second are confirmed, and what of that
is still there after kill -9.

Each takes its own protocol at its best: the peers line protocol over HTTP on keep-alive connections (a line per
reading, for each has its own time; device and series are all it says; as many connections as suited each best when 4,
8, 16 and 32 were tried), we MQTT through a broker. Bodies are made beforehand, the load generator shares the two cores.
Settings are as shipped (see `peer_servers`): InfluxDB and we answer after an fsync, VictoriaMetrics does not. Of
the time of a reading VictoriaMetrics keeps milliseconds; the others all of it.

Everybody starts each round with an empty store, and only one is at work: what a program does with readings later
(merging there, compaction here, after half a minute) is in nobody's time.
"""

import asyncio
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import ingest
from benchmarks.http_load import post, request
from benchmarks.peer_loss import OURS_KILLED, Loss, our_loss
from benchmarks.peer_servers import CannotFetchError, Kind, fetch, running
from benchmarks.report import Result
from pulse_contracts.telemetry import ReadingBatch

BATCHES = {100: 20_000, 1_000: 6_000}
"""Readings a batch: batches a round."""
ROUNDS, KILLS = 3, 3
_LOSS_BATCHES, _LOSS_SIZE = 100, 1_000
_CONNECTIONS = {
    ("InfluxDB", 100): 32,
    ("InfluxDB", 1_000): 8,
    ("VictoriaMetrics", 100): 16,
    ("VictoriaMetrics", 1_000): 32,
}
_HOUR = 3_600_000_000


def measure() -> list[Result]:
    """Median of three rounds each, in turns, so that a machine that slows down slows all. Ours alone where the peers
    cannot be fetched."""
    try:
        kinds = fetch()
    except CannotFetchError as error:
        print(f"!! SKIPPED: the peers cannot be fetched, so nothing is compared: {error}", file=sys.stderr)
        kinds = []
    return [*_rates(kinds), *_losses(kinds)]


def _rates(kinds: list[Kind]) -> Iterator[Result]:
    ours: dict[int, list[float]] = {size: [] for size in BATCHES}
    theirs: dict[tuple[str, int], list[float]] = {(str(kind), size): [] for kind in kinds for size in BATCHES}
    with tempfile.TemporaryDirectory() as name, ingest.servers(Path(name)) as told:
        for size, batches in BATCHES.items():
            bodies = lines(size, batches) if kinds else []
            for _ in range(ROUNDS):
                for kind in kinds:
                    theirs[str(kind), size].append(_round(kind, size, bodies))
                ours[size].append(_our_round(told, Path(name), size, batches))
    for size, rates in ours.items():
        rate, metric = statistics.median(rates), f"ingest, {size} readings a batch"
        if not kinds:
            yield Result(metric, round(rate), "readings/s")
        for kind in kinds:
            peer = statistics.median(theirs[str(kind), size])
            yield Result(metric, round(rate), "readings/s", str(kind), round(peer), "ahead", rate > peer)


def _our_round(told: dict[str, Any], folder: Path, size: int, batches: int) -> float:
    """Over a database of its own, as each peer starts with an empty folder; and no gateway runs, and compacts, while a
    peer is measured."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    database = asyncio.run(ingest.prepare(told["database_url"], name))
    with ingest.gateway(database, told, folder):
        return ingest.round_of(told, size, batches, 1)


def _round(kind: Kind, size: int, bodies: list[bytes]) -> float:
    requests = [request(kind.path, body) for body in bodies]
    with tempfile.TemporaryDirectory() as folder, running(kind, Path(folder) / "state") as peer:
        began = time.perf_counter()
        post(peer.port, requests, _CONNECTIONS[kind.name, size])
        seconds = time.perf_counter() - began
        wanted, found = size * len(bodies), peer.count()
        if found != wanted:
            raise RuntimeError(f"{kind} confirmed {wanted} readings and has {found}")
    return wanted / seconds


def lines(size: int, batches: int) -> list[bytes]:
    """Line protocol of the readings that our devices send, an hour older: a query finds nothing of the future."""
    return [
        _lines(device, ReadingBatch.model_validate_json(payload))
        for device in range(ingest.DEVICES)
        for payload in ingest.payloads(size, batches // ingest.DEVICES, 1)
    ]


def _lines(device: int, batch: ReadingBatch) -> bytes:
    series = [f"bench-{device},series=bench.{number} value=" for number in batch.series]
    t0 = batch.t0 - _HOUR
    rows = zip(batch.x, batch.value, batch.dt, strict=True)
    return "\n".join(f"{series[x]}{value} {t0 + dt}" for x, value, dt in rows).encode()


def _losses(kinds: list[Kind]) -> Iterator[Result]:
    confirmed = KILLS * _LOSS_BATCHES * _LOSS_SIZE
    theirs = {str(kind): sum(_loss(kind) for _ in range(KILLS)) for kind in kinds}
    for what in OURS_KILLED:
        lost = sum(asyncio.run(our_loss(Loss(what, _LOSS_BATCHES, _LOSS_SIZE, n))) for n in range(1, KILLS + 1))
        metric = f"lost of {confirmed:,}, {what} killed"
        if not theirs:
            yield Result(metric, lost, "readings", target="0", met=lost == 0)
        for kind, peer in theirs.items():
            yield Result(metric, lost, "readings", f"{kind}, killed", peer, "0", lost == 0)


def _loss(kind: Kind) -> int:
    """Readings that it confirmed and does not have when it is back."""
    requests = [request(kind.path, body) for body in lines(_LOSS_SIZE, _LOSS_BATCHES)]
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        with running(kind, state) as peer:
            post(peer.port, requests, _CONNECTIONS[kind.name, _LOSS_SIZE])
            peer.kill()
        with running(kind, state) as peer:
            return _LOSS_BATCHES * _LOSS_SIZE - peer.count()
