"""A release is rolled out and rolled back under traffic. Whole gateways of two releases run beside each other on one
schema. An independent judge compares what the collectors produced with what is stored."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL, SIGTERM

import asyncpg
import pytest

from tests.resilience.checker import Verdict, judge
from tests.resilience.plain import judge_plain
from tests.resilience.releases import Release, Rollout, ends
from tests.resilience.world import Size, World
from tests.system import run_in_thread

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(1_800)]

EXPAND = """-- expand
ALTER TABLE device ADD COLUMN hall text NOT NULL DEFAULT '';
ALTER TABLE batch ADD COLUMN origin smallint;
CREATE TABLE hall (name text PRIMARY KEY, opened timestamptz NOT NULL DEFAULT now());
"""
"""It changes the two tables to which every commit of a gateway writes."""
CONTRACT = """-- contract
ALTER TABLE batch DROP COLUMN origin;
"""
CURRENT = Release("N")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder outside pytest's, which another session makes private."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def test_a_release_is_rolled_out_and_back_under_traffic_and_loses_nothing(folder: Path) -> None:
    run_in_thread(out_and_back(folder))


def test_a_gateway_that_acknowledges_before_it_stores_is_found(folder: Path) -> None:
    """The same rollout with a known bug: the judge must find it, or it would prove nothing."""
    run_in_thread(with_a_known_bug(folder))


async def out_and_back(folder: Path) -> None:
    following = CURRENT.next("N+1", folder / "following", EXPAND)
    incompatible = following.next("N+2", folder / "incompatible", CONTRACT)
    async with World.opened(folder / "world", Size(fixed_client_ids=False)) as world:
        await world.flows()
        rollout, head = Rollout(world), await version(world)
        await roll_out(rollout, following, head)
        await roll_back(rollout)
        assert await version(world) == head + 1
        await refuse(rollout, incompatible, [CURRENT, following])
        assert await version(world) == head + 2
        await world.drain()
        assert world.complaints() == []
        await end_all(rollout, incompatible)
        verdicts = {one.device: await judge(one.journals, world.database, one.device) for one in world.collectors}
        plain = [await judge_plain(one.journal, world.database, one.name, (), one.next) for one in world.plain]
        print(f"\n{rollout.as_text()}\n{summary(verdicts)}, {sum(one.acknowledged for one in plain)} plain messages")
        found = [one.problems for one in verdicts.values()] + [one.problems for one in plain]
        assert [problem for problems in found for problem in problems] == []
        for device, verdict in verdicts.items():
            assert verdict.produced > 2_000, device
            assert verdict.stored >= verdict.produced, device
            assert verdict.in_chunks == verdict.stored, device
            assert verdict.refused == verdict.dropped == 0, device
        code, out, err = await rollout.command(incompatible, "verify")
        assert (code, err) == (0, "")
        assert out.count("agrees") == len(world.collectors) + len(world.plain)


async def with_a_known_bug(folder: Path) -> None:
    following = CURRENT.next("N+1", folder / "following", EXPAND)
    size = Size(collectors=2, plain_devices=0, rate=1_000, mutant="acks before the commit", fixed_client_ids=False)
    async with World.opened(folder / "world", size) as world:
        await world.flows()
        rollout = Rollout(world)
        await rollout.migrate(following)
        await rollout.start(rollout.beside(), following, "N+1 beside N")
        await roll_back(rollout)
        await world.drain()
        verdicts = {one.device: await judge(one.journals, world.database, one.device) for one in world.collectors}
        assert sum(verdict.lost for verdict in verdicts.values()) > 0, summary(verdicts)


async def roll_out(rollout: Rollout, following: Release, head: int) -> None:
    """From N to N+1, one gateway after the other. `head`: the version of the schema before it."""
    old = list(rollout.world.gateways)
    assert f"applied {head + 1:04d}_of_another_release.sql" in await rollout.migrate(following)
    await rollout.world.flows()
    await rollout.start(rollout.beside(), following, "N+1 beside N")
    await rollout.replace(old[0], CURRENT, "N restarted on the schema of N+1")
    for gateway in old:
        await rollout.replace(gateway, following, "N+1 in place of N")


async def roll_back(rollout: Rollout) -> None:
    """From N+1 to N, in a hurry: each gateway is killed."""
    for gateway in rollout.world.gateways:
        await rollout.replace(gateway, CURRENT, "N in place of N+1, on the schema of N+1", SIGKILL)


async def refuse(rollout: Rollout, incompatible: Release, before: list[Release]) -> None:
    """A contract migration ends the gateways of the releases before it, and they do not start again. Then the release
    that made it takes over."""
    head = len(list((Path(str(incompatible.folder)) / "pulse_telemetry_gateway/migrations").glob("*.sql")))
    await rollout.migrate(incompatible)
    told = f"the schema has version {head} and needs a program with version {head} or newer, but this program has"
    for gateway in rollout.world.gateways:
        code, line = await ends(gateway)
        assert code == 1
        assert f"serve: {told} version {head - 2}: start the newer release again" in line
    tried = [(release, command) for release in before for command in ("serve", "migrate")]
    refusals = await asyncio.gather(*(rollout.command(release, command) for release, command in tried))
    for (release, command), (code, out, err) in zip(tried, refusals, strict=True):
        assert (code, out) == (1, "")
        (line,) = err.splitlines()
        own = head - 2 + before.index(release)
        assert f"{command}: {told} version {own}: start the newer release again" in line
    for gateway in rollout.world.gateways:
        await rollout.start(gateway, incompatible, "N+2 after the contract migration")


async def end_all(rollout: Rollout, release: Release) -> None:
    """Ends the gateways and compacts what is in the log, so that the judge checks every chunk."""
    for gateway in rollout.world.gateways:
        await gateway.end(SIGTERM)
    code, _, err = await rollout.command(release, "compact")
    assert code == 0, err


async def version(world: World) -> int:
    """The version of the gateway's schema."""
    connection = await asyncpg.connect(world.database)
    try:
        return int(await connection.fetchval("SELECT max(version) FROM telemetry.schema_migration"))
    finally:
        await connection.close()


def summary(verdicts: dict[str, Verdict]) -> str:
    """What the judge counted, in one line."""
    names = ("produced", "stored", "lost", "twice", "altered", "invented")
    return ", ".join(f"{sum(getattr(one, name) for one in verdicts.values())} {name}" for name in names)
