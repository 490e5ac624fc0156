"""The engine in one process, on the in-memory bus, with a model gateway on the same bus."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_bus.port import Delivery, MessageTooLarge, PublishRefused
from pulse_contracts.message import Message
from pulse_contracts.system import Status
from pulse_contracts.telemetry import BatchAck, Dropped, Have, Hello, ReadingBatch, SeriesDeclared
from pulse_contracts.topics import (
    TELEMETRY_ACK,
    TELEMETRY_DATA,
    TELEMETRY_DROP,
    TELEMETRY_HAVE,
    TELEMETRY_HELLO,
    TELEMETRY_SERIES,
    TELEMETRY_SHARD,
    Topic,
)
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery import replay_control
from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.delivery.signals import Policy
from pulse_desktop.core.engine import Engine, World
from pulse_desktop.core.mirror.configuration import Configuration
from pulse_desktop.core.model import Reading, SeriesSpec
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.sources.base import Outlet
from pulse_testkit.waiting import eventually

from .simulation import ModelGateway

M = TypeVar("M", bound=Message)
DEVICE = "alpha"
QUICK = Policy(ack_timeout=0.1, ack_timeout_cap=0.3, hello_every=0.05, probe_every=0.1)


def micros() -> int:
    return time.time_ns() // 1_000


class Tap:
    """A source whose readings come from the test."""

    name = "tap"

    def __init__(self) -> None:
        self.outlet: Outlet | None = None
        self.ids: list[int] = []

    async def run(self, outlet: Outlet) -> None:
        self.ids = await outlet.declare([SeriesSpec("level", "float")])
        self.outlet = outlet
        await asyncio.Event().wait()

    async def give(self, *values: float) -> None:
        await eventually(lambda: self.outlet is not None)
        assert self.outlet is not None
        await self.outlet.put([Reading(self.ids[0], micros(), v) for v in values])


class Site:
    """A broker, a model gateway, and one device that can be started and stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.broker, self.gateway = folder, MemoryBroker(), ModelGateway()
        self.bus = MemoryBus(self.broker, clock=micros)
        self.delays: list[int] = []

    async def answer(self, delivery: Delivery[Any]) -> None:
        message = delivery.message
        if isinstance(message, ReadingBatch) and message.lane == "live":
            self.delays.append(micros() - message.t0)
        for reply in self.gateway.take(message):
            await self._reply(reply)

    async def _reply(self, reply: Message) -> None:
        if isinstance(reply, Have):
            await self.bus.publish(TELEMETRY_HAVE, reply, device=DEVICE)
        elif isinstance(reply, BatchAck):
            await self.bus.publish(TELEMETRY_ACK, reply, device=DEVICE)

    def sent(self, kind: str) -> list[bytes]:
        return [payload for address, payload in self.broker.published if address == f"telemetry/{kind}/{DEVICE}"]

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Site"]:
        for topic in (TELEMETRY_SERIES, TELEMETRY_HELLO, TELEMETRY_DATA, TELEMETRY_SHARD, TELEMETRY_DROP):
            await self.bus.subscribe(topic, self.answer)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.bus.run())
            yield self
            await self.bus.drain()

    @asynccontextmanager
    async def device(
        self, seed: int = 1, make_bus: type[MemoryBus] = MemoryBus
    ) -> AsyncIterator[tuple[Engine, Tap, MemoryBus]]:
        settings = Settings.load({"state_dir": self.folder, "device": DEVICE, "host_metrics": False})
        bus, tap, stop = make_bus(self.broker, clock=micros), Tap(), asyncio.Event()
        engine = Engine(settings, bus, World(Clock(), Random(seed), QUICK, report_every=0.05), [tap])
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run(stop))
            try:
                yield engine, tap, bus
            finally:
                stop.set()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(tmp_path).open() as site:
        yield site


def snapshot(engine: Engine) -> Any:
    assert engine.snapshot is not None
    return engine.snapshot


async def test_a_reading_reaches_the_gateway_and_then_leaves_the_buffer(site: Site) -> None:
    async with site.device() as (engine, tap, _):
        await tap.give(1.5, -0.0)
        await eventually(lambda: list(site.gateway.stored.values()) == [1.5, -0.0])
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.settled == 2)
        assert snapshot(engine).waiting == 0


async def test_readings_go_to_the_shard_that_the_gateway_names(site: Site) -> None:
    site.gateway.shard = 17
    async with site.device() as (_, tap, _):
        await tap.give(1.0)
        await eventually(lambda: list(site.gateway.stored.values()) == [1.0])
    assert [address for address, _ in site.broker.published if "/shard/" in address] == ["telemetry/shard/17/alpha"]
    assert site.sent("data") == []


class OldRulesBus(MemoryBus):
    """A broker whose access rules have no shards."""

    async def publish(self, topic: Topic[M], message: M, **levels: str) -> None:
        if "shard" in levels:
            raise PublishRefused(topic.address(**levels), 0x87, "not authorized")
        await super().publish(topic, message, **levels)


@pytest.mark.announces_log("publish_refused")
async def test_readings_go_to_the_topic_without_a_shard_if_the_broker_refuses_the_other(site: Site) -> None:
    site.gateway.shard = 17
    async with site.device(make_bus=OldRulesBus) as (_, tap, _):
        await tap.give(1.0)
        await eventually(lambda: list(site.gateway.stored.values()) == [1.0])
    assert site.sent("data")


async def test_a_live_reading_is_published_well_under_200_ms_after_it_was_taken(site: Site) -> None:
    async with site.device() as (_, tap, _):
        for i in range(5):
            await tap.give(float(i))
            await eventually(lambda i=i: len(site.gateway.stored) == i + 1)  # type: ignore[misc]
    assert sorted(site.delays)[2] < 150_000


async def test_a_puback_without_an_ack_deletes_nothing(site: Site) -> None:
    site.gateway.ignores = lambda _: True
    async with site.device() as (engine, tap, _):
        await tap.give(1.0, 2.0)
        await eventually(lambda: len(site.sent("data")) >= 2, what="sent again")
        await eventually(lambda: len(site.sent("data")) >= 8, what="sent again although haves arrive")
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.waiting == 2)
        site.gateway.ignores = lambda _: False
        await eventually(lambda: snapshot(engine).waiting == 0)
    assert len(site.gateway.stored) == 2


async def test_the_last_group_is_delivered_before_the_engine_stops(site: Site) -> None:
    async with site.device() as (_, tap, _):
        await tap.give(1.0)
        await eventually(lambda: len(site.gateway.stored) == 1)
        await tap.give(2.0)
    assert list(site.gateway.stored.values()) == [1.0, 2.0]


async def test_readings_taken_offline_are_delivered_after_the_network_is_back(site: Site) -> None:
    async with site.device() as (engine, tap, bus):
        await eventually(lambda: bus.is_up)
        bus.cut()
        for i in range(20):
            await tap.give(float(i))
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.waiting == 20)
        assert site.gateway.stored == {}
        bus.heal()
        await eventually(lambda: len(site.gateway.stored) == 20)


async def test_the_next_epoch_delivers_the_backlog_of_the_last_one(site: Site) -> None:
    site.gateway.is_down = True
    async with site.device(seed=1) as (engine, tap, _):
        await tap.give(1.0, 2.0, 3.0)
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.waiting == 3)
    site.gateway.is_down = False
    async with site.device(seed=2) as (engine, tap, _):
        await eventually(lambda: len(site.gateway.stored) == 3)
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.waiting == 0)
    assert len(site.gateway.settled) == 1, "the second epoch has no reading, so the ledger does not know it"


async def test_every_start_has_another_epoch_on_the_same_disk(site: Site) -> None:
    for seed in (1, 2):
        async with site.device(seed) as (_, tap, _):
            await tap.give(1.0)
            await eventually(lambda seed=seed: len(site.gateway.stored) == seed)  # type: ignore[misc]
    assert len({epoch for epoch, _ in site.gateway.stored}) == 2
    assert sorted(site.gateway.ords.values()) == [1, 2]


async def test_the_declaration_comes_before_the_hello_and_the_hello_before_any_data(site: Site) -> None:
    async with site.device() as (_, tap, _):
        await tap.give(1.0)
        await eventually(lambda: len(site.gateway.stored) == 1)
    kinds = [address.split("/")[1] for address, _ in site.broker.published if address.startswith("telemetry/")]
    assert kinds.index("series") < kinds.index("hello") < kinds.index("have") < kinds.index("data")
    declared = SeriesDeclared.model_validate_json(site.sent("series")[-1])
    hello = Hello.model_validate_json(site.sent("hello")[-1])
    batch = ReadingBatch.model_validate_json(site.sent("data")[0])
    assert declared.digest == hello.series
    assert declared.catalog == hello.epoch == batch.catalog == batch.epoch
    assert batch.series == [declared.series[0].id]


async def test_a_gateway_that_forgot_the_series_table_gets_it_again(site: Site) -> None:
    async with site.device() as (_, tap, _):
        await tap.give(1.0)
        await eventually(lambda: len(site.gateway.stored) == 1)
        site.gateway.digest = None
        await tap.give(2.0)
        await eventually(lambda: len(site.gateway.stored) == 2)


@pytest.mark.announces_log("block_unreadable")
async def test_an_unreadable_block_is_declared_lost_and_the_rest_delivered(site: Site) -> None:
    site.gateway.is_down = True
    async with site.device(seed=1) as (engine, tap, _):
        await tap.give(1.0)
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.waiting == 1)
        await tap.give(2.0)
        await eventually(lambda: snapshot(engine).waiting == 2)
    await asyncio.to_thread(spoil_first_block, site.folder / "buffer.db")
    site.gateway.is_down = False
    async with site.device(seed=2):
        await eventually(lambda: list(site.gateway.stored.values()) == [2.0])
        await eventually(lambda: bool(site.sent("drop")))
    dropped = Dropped.model_validate_json(site.sent("drop")[0])
    assert (dropped.ranges, dropped.reason) == ([(0, 1)], "unreadable")


def spoil_first_block(path: Path) -> None:
    import sqlite3

    db = sqlite3.connect(path)
    db.execute("UPDATE block SET data = x'00' WHERE lo = 0")
    db.commit()
    db.close()


class NarrowBus(MemoryBus):
    """A broker that accepts at most 4,000 bytes."""

    async def publish(self, topic: Topic[M], message: M, **levels: str) -> None:
        size = len(message.model_dump_json())
        if size > 4_000:
            raise MessageTooLarge(topic.address(**levels), size, 4_000)
        await super().publish(topic, message, **levels)


@pytest.mark.announces_log("message_too_large")
async def test_a_broker_with_a_size_limit_gets_smaller_parts_and_batches(site: Site) -> None:
    async with site.device(make_bus=NarrowBus) as (_, tap, _):
        await eventually(lambda: tap.outlet is not None)
        assert tap.outlet is not None
        await tap.outlet.declare([SeriesSpec(f"more.{i}", "int") for i in range(100)])
        await tap.give(*(i / 7 for i in range(700)))
        await eventually(lambda: len(site.gateway.stored) == 700)
    assert max(len(payload) for _, payload in site.broker.published) <= 4_000


async def test_the_retained_status_is_online_and_then_offline(site: Site) -> None:
    address = f"system/status/collector/{DEVICE}"
    async with site.device() as (_, _, _):
        await eventually(lambda: address in site.broker.retained)
        assert Status.model_validate_json(site.broker.retained[address]).state == "online"
    assert Status.model_validate_json(site.broker.retained[address]).state == "offline"


async def limit_replay(folder: Path, limit: ReplayLimit) -> None:
    """What the command line does."""
    async with Configuration(folder, Clock()) as configuration:
        await replay_control.write(configuration, limit)


async def test_a_running_collector_applies_and_reports_a_pause(site: Site) -> None:
    site.gateway.is_down = True
    async with site.device(seed=1) as (engine, tap, _):
        await tap.give(1.0, 2.0)
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.waiting == 2)
    site.gateway.is_down = False
    await limit_replay(site.folder, ReplayLimit(is_paused=True))
    async with site.device(seed=2) as (engine, tap, _):
        await tap.give(3.0)
        await eventually(lambda: list(site.gateway.stored.values()) == [3.0], what="live readings are delivered")
        await eventually(lambda: engine.snapshot is not None and engine.snapshot.waiting == 2)
        assert "paused" in snapshot(engine).replay
        await limit_replay(site.folder, ReplayLimit(rate=1_000))
        await eventually(lambda: len(site.gateway.stored) == 3)
        await eventually(lambda: "1,000 readings per second" in snapshot(engine).replay)


async def test_the_engine_stops_within_three_seconds_without_a_connection(site: Site) -> None:
    site.gateway.is_down = True
    async with site.device() as (_, tap, bus):
        await tap.give(1.0)
        await eventually(lambda: bus.is_up)
        bus.cut()
        began = time.monotonic()
    assert time.monotonic() - began < 3
