"""Losses of this project when a process is killed at the moment of the last acknowledgement. The independent checker of
the fault campaign compares a journal of the sent readings with PostgreSQL."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import ingest
from benchmarks.mqtt_load import drive
from pulse_contracts.telemetry import ReadingBatch
from tests.resilience.checker import judge
from tests.resilience.world import Size, World

OURS_KILLED = ("the gateway", "PostgreSQL")
_DEVICE = "prover-0"


@dataclass(frozen=True)
class Loss:
    """The process to kill, the number of acknowledged batches before it, and their size. `epoch` determines the
    values."""

    killed: str
    batches: int
    size: int
    epoch: int


async def our_loss(loss: Loss) -> int:
    """Acknowledged readings that are not stored, altered or stored twice, after everything has recovered."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with World.opened(folder / "world", Size(gateways=1, collectors=1, rate=0)) as world:
            await world.collectors[0].end(signal.SIGTERM)  # from here on this device is the load
            victims = _victims(world, loss.killed)
            await asyncio.to_thread(_pour, world, loss, victims)
            if loss.killed == "PostgreSQL" and world.postgres.process is not None:
                await world.postgres.process.wait()
                await world.postgres.start()
            else:
                await world.gateways[0].end()
                await world.gateways[0].start()
            await world.gateways[0].ready()
            journal = folder / "journal"
            journal.write_text(_journal(loss), "ascii")
            verdict = await judge(journal, world.database, _DEVICE)
    return verdict.lost + verdict.altered + verdict.twice


def _victims(world: World, killed: str) -> list[int]:
    process = world.postgres.process if killed == "PostgreSQL" else world.gateways[0].process
    if process is None:
        raise RuntimeError(f"{killed} does not run")
    root = psutil.Process(process.pid)
    return [root.pid, *(child.pid for child in root.children(recursive=True))]


def _pour(world: World, loss: Loss, victims: Sequence[int]) -> None:
    password = (world.folder / _DEVICE / "password").read_text()
    backend = {"mqtt_url": world.broker.url, "passwords": {_DEVICE: password}}
    feed = ingest.open_feed(backend, _DEVICE, loss.size, loss.batches, loss.epoch)
    drive([feed], "is_done", seconds=30)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    feed.close()


def _journal(loss: Loss) -> str:
    """Returns a journal in the format of a collector (`pulse_desktop.core.buffer.journal`)."""
    rows = []
    for payload in ingest.payloads(loss.size, loss.batches, loss.epoch):
        batch = ReadingBatch.model_validate_json(payload)
        for i, (x, value, dt) in enumerate(zip(batch.x, batch.value, batch.dt, strict=True)):
            name = f"bench.{batch.series[x]}"
            rows.append(f"p {batch.epoch} {batch.lo + i} {name} float {batch.t0 + dt} {float(str(value)).hex()}\n")
    rows.append(f"c 0 {loss.batches * loss.size} {loss.epoch}\n")
    return "".join(rows)
