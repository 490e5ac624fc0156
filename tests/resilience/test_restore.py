"""A dump of the gateway's database is restored some seconds late. A collector with a backup interval loses nothing.
What another one loses is what the ledger calls missing, and a command closes it."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import pytest

from tests.resilience.checker import judge
from tests.resilience.dumps import dump, restore
from tests.resilience.world import Size, World
from tests.system import ROOT, run_in_thread

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(300)]
KEEPER, OTHER = "prover-0", "prover-1"
ROWS = 30
"""Stored batches of each collector that the dump does not have."""
IN_FLIGHT = 100
"""Readings that may be missing for a moment, because a later batch overtook them."""


def test_a_dump_that_is_restored_late_loses_nothing_that_collectors_keep() -> None:
    with tempfile.TemporaryDirectory() as made:
        run_in_thread(scenario(Path(made)))


async def scenario(folder: Path) -> None:
    size = Size(gateways=1, collectors=2, plain_devices=0, keepers=1)
    async with World.opened(folder / "world", size) as world:
        (gateway,) = world.gateways
        await world.flows()
        await asyncio.to_thread(dump, world.database, "telemetry", folder / "dump.sql")
        at_dump = await world.rows()
        await stored_beyond(world, {name: pos + ROWS for name, pos in at_dump.items()})
        await gateway.end()
        await asyncio.to_thread(restore, world.database, "telemetry", folder / "dump.sql")
        restored = await world.rows()
        assert all(restored[name] <= at_dump[name] for name in at_dump)
        await gateway.start()
        await gateway.ready()
        for collector in world.collectors:  # without a new connection it would take up to five minutes
            collector.proxy.cut()
            collector.proxy.heal()
        await world.flows()
        await complete(world.database, KEEPER)
        await world.drain()
        verdicts = {c.device: await judge(c.journals, world.database, c.device) for c in world.collectors}
        assert verdicts[KEEPER].problems == []
        lost = verdicts[OTHER].lost
        assert lost > 0
        assert sum(hi - lo for lo, hi in await missing(world.database, OTHER)) == lost
        listed = await tool(gateway.env, "close-lost", "--device", OTHER)
        assert f"{lost:,} readings can never arrive: add --apply" in listed
        assert f"recorded {lost:,} readings as lost by a restore" in await tool(
            gateway.env, "close-lost", "--device", OTHER, "--apply"
        )
        assert "nothing is lost" in await tool(gateway.env, "close-lost", "--apply")
        assert await missing(world.database, OTHER) == []
        assert "agrees" in await tool(gateway.env, "verify")
        assert world.complaints() == []


async def stored_beyond(world: World, wanted: dict[str, int]) -> None:
    async with asyncio.timeout(60):
        while True:
            rows = await world.rows()
            if rows and all(rows[name] >= pos for name, pos in wanted.items()):
                return
            await asyncio.sleep(0.1)  # outside observers can only poll


async def missing(database: str, device: str) -> list[tuple[int, int]]:
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch(
            "SELECT lower(r) AS lo, upper(r) AS hi "
            "FROM telemetry.stream s JOIN telemetry.device d ON d.id = s.device_id, "
            "unnest(int8multirange(int8range(0, s.next)) - s.settled) AS r WHERE d.name = $1",
            device,
        )
    finally:
        await connection.close()
    return [(row["lo"], row["hi"]) for row in rows]


async def complete(database: str, device: str) -> None:
    """Returns once only what is in flight is missing."""
    async with asyncio.timeout(60):
        while True:
            if sum(hi - lo for lo, hi in await missing(database, device)) <= IN_FLIGHT:
                return
            await asyncio.sleep(0.1)  # outside observers can only poll


async def tool(env: dict[str, str], *command: str) -> str:
    """Runs a command of the gateway. Returns what it prints."""

    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pulse_telemetry_gateway", *command],
            env={**os.environ, **env},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return await asyncio.to_thread(run)
