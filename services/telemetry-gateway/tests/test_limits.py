"""Every limit is enforced here and not only told: a sender that ignores it slows down itself, and another device, the
judge, is answered as before."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import Dropped, Hello, SeriesDeclaration, SeriesDeclared
from pulse_contracts.topics import TELEMETRY_DROP, TELEMETRY_HELLO, TELEMETRY_SERIES
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import Collector, Gateway, collector, gateway

pytestmark = pytest.mark.servers
FLOOR = 2.0
"""Seconds: an answer within them is quick enough on a busy machine. Without the limit it takes longer and longer."""
Flood = Callable[[], Awaitable[None]]


async def times(judge: Collector, start: int, n: int = 40) -> list[float]:
    """How long each of several readings waits for its acknowledgement."""
    found = []
    for seq in range(start, start + n):
        began = time.monotonic()
        await judge.deliver(judge.batch(seq, [1.0]))
        found.append(time.monotonic() - began)
    return found


def p99(found: list[float]) -> float:
    return statistics.quantiles(found, n=100)[98]


@asynccontextmanager
async def flooding(flood: Flood) -> AsyncIterator[None]:
    """Repeats the message until the end of the block."""

    async def forever() -> None:
        while True:
            await flood()

    task = asyncio.ensure_future(forever())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def bench(servers: Servers, url: str, **changed: Any) -> AsyncIterator[tuple[Gateway, Collector, Collector]]:
    """A gateway, the sender and the judge."""
    url = with_role(url, "pulse_telemetry", PASSWORD)
    async with (
        gateway(servers, url, **changed) as started,
        collector(servers) as alpha,
        collector(servers, "beta") as beta,
    ):
        await alpha.declare()
        await beta.declare()
        yield started, alpha, beta


async def judged(judge: Collector, flood: Flood) -> None:
    """The slowest answers of the other device stay as fast as before."""
    quiet = p99(await times(judge, 0))
    async with flooding(flood):
        await asyncio.sleep(0)
        loaded = p99(await times(judge, 100))
    assert loaded < max(3 * quiet, FLOOR), f"quiet {quiet:.3f} s, during the flood {loaded:.3f} s"


async def count(database: Database, question: str) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval(question))


def value(gateway: Gateway, name: str) -> float:
    """The value of a metric with its labels."""
    lines = gateway.runtime.metrics.render().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


async def test_fragmenting_drops_and_batches_are_limited_and_other_devices_are_answered(
    servers: Servers, database_url: str, database: Database
) -> None:
    async with bench(servers, database_url) as (_, alpha, beta):
        for number in range(20):
            ranges = [(lo, lo + 1) for lo in range(number * 4_096, number * 4_096 + 4_096, 4)]
            await alpha.bus.publish(
                TELEMETRY_DROP, Dropped(epoch=7, ord=1, ranges=ranges, reason="overflow"), device="alpha"
            )
        place = 100_000

        async def flood() -> None:
            nonlocal place
            place += 2
            await alpha.send(alpha.batch(place, [1.0]))

        await judged(beta, flood)
        pieces = "SELECT max((SELECT count(*) FROM unnest(settled))) FROM stream"
        assert await count(database, pieces) == 1_025
        ack = await alpha.deliver(alpha.batch(0, [1.0] * 8))  # ranges that close gaps are accepted
        assert ack.settled[0] == (0, 9)
        assert await count(database, pieces) == 1_023


async def test_a_drop_is_acknowledged_with_all_its_ranges(servers: Servers, database_url: str) -> None:
    async with bench(servers, database_url) as (_, alpha, _):
        ranges = [(lo, lo + 1) for lo in range(0, 2_048, 2)]
        await alpha.bus.publish(
            TELEMETRY_DROP, Dropped(epoch=7, ord=1, ranges=ranges, reason="overflow"), device="alpha"
        )
        await eventually(lambda: sorted(part for ack in alpha.acks for part in ack.settled) == ranges)


async def test_unreadable_messages_are_quarantined_within_a_budget_and_delay_no_other_device(
    servers: Servers, database_url: str, database: Database
) -> None:
    junk = json.dumps({"v": 1, "what": "x" * 30_000}).encode()
    async with bench(servers, database_url, device_pace=0.2) as (started, alpha, beta):

        async def flood() -> None:
            await asyncio.gather(*(alpha.raw(kind, junk) for kind in ("data", "hello", "drop", "series")))

        began = time.monotonic()
        await judged(beta, flood)
        await eventually(lambda: value(started, "pulse_quarantine_skipped_total") > 0)
        kept = await count(database, "SELECT count(*) FROM quarantine")
        # 4 a second of each of the 4 kinds at this pace, and ten seconds' worth at once
        assert kept <= 4 * 4 * (10 + time.monotonic() - began)
        await alpha.deliver(alpha.batch(0, [1.0]))


async def test_a_flood_of_hellos_gets_one_answer_and_does_not_delay_other_collectors(
    servers: Servers, database_url: str
) -> None:
    async with bench(servers, database_url) as (_, alpha, beta):
        number = 0
        pending = [{"epoch": epoch, "lo": 0, "hi": 50, "n": 50} for epoch in range(1_000, 1_100)]
        hello = {"epoch": 7, "ord": 1, "next": 0, "series": "0" * 64, "pending": pending}

        async def flood() -> None:
            nonlocal number
            number += 1
            message = Hello.model_validate(hello | {"session": f"n-{number}"})
            await alpha.bus.publish(TELEMETRY_HELLO, message, device="alpha")

        async with flooding(flood):
            await eventually(lambda: number > 300)
            began = time.monotonic()
            await beta.greet()
            assert time.monotonic() - began < 2
        await judged(beta, flood)
        await eventually(lambda: alpha.haves[-1].session == f"n-{number}")
        assert len(alpha.haves) < number / 2


async def test_endless_declarations_are_limited_and_delay_no_other_device(
    servers: Servers, database_url: str, database: Database
) -> None:
    limits = {"device_series_max": 500, "device_catalogs_max": 10}
    async with bench(servers, database_url, **limits) as (_, alpha, beta):
        number = 0

        async def flood() -> None:
            nonlocal number
            number += 1
            series = [SeriesDeclaration(id=i, name=f"s{number}.{i}", type="int") for i in range(200)]
            message = SeriesDeclared(catalog=100 + number, digest=series_digest(series), series=series)
            await alpha.bus.publish(TELEMETRY_SERIES, message, device="alpha")

        await judged(beta, flood)
        mine = "(SELECT id FROM device WHERE name = 'alpha')"
        many = f"SELECT count(*) FROM quarantine WHERE code = 'too_many_series' AND {mine} > 0"  # noqa: S608

        async def is_told() -> bool:
            return await count(database, many) > 0

        await eventually(is_told)
        assert await count(database, f"SELECT count(*) FROM series WHERE device_id = {mine}") == 500  # noqa: S608
        assert await count(database, f"SELECT count(*) FROM catalog WHERE device_id = {mine}") <= 10  # noqa: S608


async def test_a_device_that_ignores_its_credit_is_limited_and_loses_nothing(
    servers: Servers, database_url: str
) -> None:
    async with bench(servers, database_url, device_waiting_max=20) as (started, alpha, beta):
        epoch = 0

        async def flood() -> None:
            nonlocal epoch
            epoch += 50
            batches = [alpha.batch(0, [1.0], epoch=number) for number in range(epoch, epoch + 50)]
            await asyncio.gather(*(alpha.send(batch) for batch in batches))

        await judged(beta, flood)
        assert value(started, 'pulse_ingest_batches_total{outcome="over_budget"}') > 0
        for number in range(epoch, epoch + 50):  # an unanswered batch is sent again and then acknowledged

            async def is_settled(number: int = number) -> bool:
                if all(ack.epoch != number for ack in alpha.acks):
                    await alpha.send(alpha.batch(0, [1.0], epoch=number))
                return any(ack.epoch == number for ack in alpha.acks)

            await eventually(is_settled)


async def test_epochs_beyond_the_limit_are_rejected_with_a_code(
    servers: Servers, database_url: str, database: Database
) -> None:
    async with bench(servers, database_url, device_epochs_max=3) as (_, alpha, beta):
        for epoch in (7, 8, 9):
            await alpha.deliver(alpha.batch(0, [1.0], epoch=epoch))
        await alpha.send(alpha.batch(0, [1.0], epoch=10))
        drop = Dropped(epoch=11, ord=1, ranges=[(0, 1)], reason="overflow")
        await alpha.bus.publish(TELEMETRY_DROP, drop, device="alpha")

        async def are_told() -> bool:
            return await count(database, "SELECT count(*) FROM quarantine WHERE code = 'too_many_epochs'") == 2

        await eventually(are_told)
        await alpha.deliver(alpha.batch(1, [2.0], epoch=8))
        await beta.deliver(beta.batch(0, [1.0]))
