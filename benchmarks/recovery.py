"""Recovery times: from the restart of a killed gateway until it is ready, and from the restart of a killed broker or
PostgreSQL until the readings of every collector are stored again. Whole processes (tests/resilience), five times each.
A long outage is the harder case, because all clients then have their longest delay between attempts."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

from benchmarks.report import Result
from tests.resilience.faults import kill_broker, stop_postgres_at_once
from tests.resilience.world import Size, World

ROUNDS = 5
AWAY_SECONDS = 10
"""Long enough for every delay between attempts to reach its cap of 5 s (`pulse_bus.reconnect`)."""


def measure() -> list[Result]:
    """Median and worst of five. The time starts when the process is started again."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_measured(Path(folder) / "world"))
    results = []
    for what, (seconds, most) in found.items():
        median, worst = statistics.median(seconds), max(seconds)
        results += [
            Result(f"{what}, median", round(median, 2), "s", target=f"< {most} s", met=median < most),
            Result(f"{what}, worst of {ROUNDS}", round(worst, 2), "s", target=f"< {most} s", met=worst < most),
        ]
    return results


async def _measured(folder: Path) -> dict[str, tuple[list[float], int]]:
    rng = Random(1)  # noqa: S311  # random times, not a secret
    async with World.opened(folder, Size()) as world:
        await world.flows()

        async def gateway() -> float:
            killed = world.gateways[0]
            await killed.end()
            began = time.monotonic()
            await killed.start()
            await killed.ready()
            return time.monotonic() - began

        async def collector() -> float:
            killed = world.collectors[0]
            await killed.end()
            await killed.start()
            return await world.flows()

        async def broker() -> float:
            await kill_broker(world, rng)
            return await world.flows()

        async def long_without_broker() -> float:
            await world.broker.stop()
            await asyncio.sleep(AWAY_SECONDS)
            await world.broker.start()
            return await world.flows()

        async def postgres() -> float:
            await stop_postgres_at_once(world, rng)
            return await world.flows()

        async def long_without_postgres() -> float:
            await world.postgres.stop()
            await asyncio.sleep(AWAY_SECONDS)
            await world.postgres.start()
            return await world.flows()

        return {
            "gateway killed until it serves": (await _rounds(gateway, world), 5),
            "collector killed until its readings are stored": (await _rounds(collector, world), 5),
            "broker back until all collectors' data flows": (await _rounds(broker, world), 10),
            f"the same after {AWAY_SECONDS} s without broker": (await _rounds(long_without_broker, world), 10),
            "PostgreSQL back until all collectors' data flows": (await _rounds(postgres, world), 10),
            f"the same after {AWAY_SECONDS} s without PostgreSQL": (await _rounds(long_without_postgres, world), 10),
        }


async def _rounds(fault: Callable[[], Awaitable[float]], world: World) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        found.append(await fault())
        await world.flows()
    return found
