"""A reading that makes every batch with it unreadable: the collector finds it by halving, quarantines it on its disk,
and declares it."""

import asyncio
import time
from pathlib import Path
from random import Random

import asyncpg
import pytest

from benchmarks import stage
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.message import Message
from pulse_contracts.shards import shard_of
from pulse_contracts.telemetry import ReadingBatch
from pulse_contracts.topics import TELEMETRY_SHARD, Topic
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery.signals import Policy
from pulse_desktop.core.engine import Engine, World
from pulse_desktop.core.model import Reading, SeriesSpec
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.sources.base import Outlet
from pulse_desktop.core.storage.inspection import Inspection
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

pytestmark = [
    pytest.mark.servers,
    pytest.mark.timeout(120),
    pytest.mark.announces_log("reading_quarantined"),
]
DEVICE, POISON, N = "alpha", 21.0, 64
QUICK = Policy(ack_timeout=0.2, ack_timeout_cap=0.4, hello_every=0.2, probe_every=0.2)


class Spoiler(MqttBus):
    """A collector with a bug: one value makes its batches refer to an unlisted series."""

    async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
        if isinstance(message, ReadingBatch) and POISON in message.value:
            message = message.model_copy(update={"x": [999] * len(message.value)})
        await super().publish(topic, message, **levels)


class Source:
    """All at once, then a few at a time: an outage must not be mistaken for an unreadable reading."""

    name = "source"

    def __init__(self, done: asyncio.Event) -> None:
        self._done = done
        self.produced = 0

    async def run(self, outlet: Outlet) -> None:
        (number,) = await outlet.declare([SeriesSpec("level", "float")])
        await outlet.put([Reading(number, time.time_ns() // 1_000, float(i)) for i in range(N)])
        self.produced = N
        while not self._done.is_set():
            await outlet.put([Reading(number, time.time_ns() // 1_000, 1_000.0)])
            self.produced += 1
            try:
                async with asyncio.timeout(0.1):
                    await self._done.wait()
            except TimeoutError:
                continue
        await asyncio.Event().wait()


def _put_away(folder: Path) -> list[tuple[float, str]]:
    with Inspection.at(folder) as look:
        return [(float.fromhex(one.value), one.code) for one in look.quarantine()]


async def _collect(backend: stage.Servers, folder: Path, url: str) -> None:
    done, stop = asyncio.Event(), asyncio.Event()
    source = Source(done)
    settings = Settings.load({"state_dir": folder, "device": DEVICE, "host_metrics": False})
    where = MqttSettings(backend.mqtt_url, DEVICE, backend.passwords[DEVICE], DEVICE)
    bus = Spoiler(where, clock=stage.now_micros, rng=Random(1))
    engine = Engine(settings, bus, World(Clock(), Random(7), QUICK, report_every=0.05), [source])
    database = await asyncpg.connect(url)

    async def is_settled() -> bool:
        row = await database.fetchrow("SELECT settled::text, next, stored_n, dropped_n FROM telemetry.stream")
        n = source.produced
        return row is not None and tuple(row) == (f"{{[0,{n})}}", n, n - 1, 1)

    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(stop))
        await eventually(lambda: source.produced >= N and bool(_put_away(folder)), seconds=60, what="it is found")
        done.set()
        await eventually(is_settled, seconds=30, what="everything else is stored, and the one declared")
        stop.set()
    assert [row["reason"] for row in await database.fetch("SELECT reason FROM telemetry.declared_drop")] == [
        "unreadable"
    ]
    rows = await database.fetch("SELECT DISTINCT address, code, detail FROM telemetry.quarantine")
    address = TELEMETRY_SHARD.address(shard=str(shard_of(DEVICE)), device=DEVICE)
    assert {(row["address"], row["code"]) for row in rows} == {(address, "unreadable")}
    assert {row["detail"] for row in rows} == {"Value error, x holds the index 999, but there are 1 series"}
    await database.close()


def test_an_unreadable_reading_is_quarantined_and_declared_and_the_others_are_stored(
    servers: Servers, tmp_path: Path
) -> None:
    backend = stage.Servers(servers.database_url, servers.mqtt_url, dict(servers.passwords))
    url = asyncio.run(stage.new_database(backend))
    (tmp_path / "collector").mkdir()
    with stage.gateway(backend, tmp_path, url):
        asyncio.run(_collect(backend, tmp_path / "collector", url))
    assert _put_away(tmp_path / "collector") == [(POISON, "unanswered")]
    assert (tmp_path / "gateway.log").read_text() == ""
