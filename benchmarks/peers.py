"""The same readings into InfluxDB, VictoriaMetrics and this project: confirmed readings per second, and the confirmed
readings that exist after kill -9.

Each uses its own protocol in its best form. The peers use line protocol over HTTP on keep-alive connections: one line
per reading with its time, device and series, and the best number of connections out of 4, 8, 16 and 32. This project
uses MQTT through a broker. Bodies are prepared in advance, and the load generator shares the two cores.

Settings are the defaults (see `peer_servers`): InfluxDB and this project answer after an fsync, VictoriaMetrics does
not. VictoriaMetrics stores times in milliseconds, the others in full precision. Each starts each round with an empty
store, and only one runs at a time. Later work (merging in the peers, compaction after half a minute here) is not
measured.
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
"""Readings per batch: batches per round."""
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
    """The median of three rounds each, in turn, so that a machine that slows down affects all. Only this project if the
    peers cannot be downloaded."""
    try:
        kinds = fetch()
    except CannotFetchError as error:
        print(f"!! SKIPPED: the peers cannot be fetched, so nothing is compared: {error}", file=sys.stderr)
        kinds = []
    return [*_rates(kinds), *_losses(kinds)]


def _rates(kinds: list[Kind]) -> Iterator[Result]:
    ours: dict[int, list[float]] = {size: [] for size in BATCHES}
    theirs: dict[tuple[str, int], list[float]] = {(str(kind), size): [] for kind in kinds for size in BATCHES}
    with tempfile.TemporaryDirectory() as name, ingest.servers(Path(name)) as backend:
        for size, batches in BATCHES.items():
            bodies = lines(size, batches) if kinds else []
            for _ in range(ROUNDS):
                for kind in kinds:
                    theirs[str(kind), size].append(_round(kind, size, bodies))
                ours[size].append(_our_round(backend, Path(name), size, batches))
    for size, rates in ours.items():
        rate, metric = statistics.median(rates), f"ingest, {size} readings a batch"
        if not kinds:
            yield Result(metric, round(rate), "readings/s")
        for kind in kinds:
            peer = statistics.median(theirs[str(kind), size])
            yield Result(metric, round(rate), "readings/s", str(kind), round(peer), "ahead", rate > peer)


def _our_round(backend: dict[str, Any], folder: Path, size: int, batches: int) -> float:
    """With its own database, as each peer starts with an empty folder. No gateway runs while a peer is measured."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    database = asyncio.run(ingest.prepare(backend["database_url"], name))
    with ingest.gateway(database, backend, folder):
        return ingest.round_of(backend, size, batches, 1)


def _round(kind: Kind, size: int, bodies: list[bytes]) -> float:
    requests = [request(kind.path, body) for body in bodies]
    with tempfile.TemporaryDirectory() as folder, running(kind, Path(folder) / "state") as peer:
        began = time.perf_counter()
        post(peer.port, requests, _CONNECTIONS[kind.name, size])
        seconds = time.perf_counter() - began
        confirmed, found = size * len(bodies), peer.count()
        if found != confirmed:
            raise RuntimeError(f"{kind} confirmed {confirmed} readings and has {found}")
    return confirmed / seconds


def lines(size: int, batches: int) -> list[bytes]:
    """Line protocol of the same readings, an hour older, because queries find no readings from the future."""
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
    """Confirmed readings that the server does not have after its restart."""
    requests = [request(kind.path, body) for body in lines(_LOSS_SIZE, _LOSS_BATCHES)]
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        with running(kind, state) as peer:
            post(peer.port, requests, _CONNECTIONS[kind.name, _LOSS_SIZE])
            peer.kill()
        with running(kind, state) as peer:
            return _LOSS_BATCHES * _LOSS_SIZE - peer.count()
