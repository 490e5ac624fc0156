"""The kinds of faults with their recovery. After a fault everything runs again. Another module checks whether readings
are stored again."""

import asyncio
import contextlib
import errno
import random
import shutil
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import asyncpg

from tests.resilience.members import Collector, Member
from tests.resilience.points import COLLECTOR, GATEWAY
from tests.resilience.proxy import Weather
from tests.resilience.world import World

Fault = Callable[[World, random.Random], Awaitable[str]]
"""Causes the fault, recovers from it, and returns a short description."""
_SAVED_WITHIN: Final = 2.5
"""Seconds. Mosquitto saves when more than `autosave_interval` (1) whole seconds have passed, and saving takes a
moment."""
_TEN_YEARS: Final = 3_652 * 86_400


async def kill_gateway(world: World, rng: random.Random) -> str:
    """SIGKILL to a gateway at any time."""
    gateway = rng.choice(world.gateways)
    await gateway.end()
    await gateway.start()
    await gateway.ready()
    return gateway.name


async def kill_gateway_at_a_point(world: World, rng: random.Random) -> str:
    """SIGKILL to a gateway at a named point. Any replica may reach it first."""
    point = rng.choice(list(GATEWAY))
    gateway = rng.choice(world.gateways)
    reached = await _at_point(gateway, point, world.collectors if "have" in point else [])
    await gateway.start()
    await gateway.ready()
    return f"{point}{'' if reached else ' (not reached)'}"


async def restart_every_gateway(world: World, rng: random.Random) -> str:
    """SIGTERM to all gateways: for some seconds nothing receives the messages of devices."""
    for gateway in world.gateways:
        await gateway.end(signal.SIGTERM)
    await asyncio.sleep(rng.uniform(0, 3.0))
    for gateway in world.gateways:
        await gateway.start()
    for gateway in world.gateways:
        await gateway.ready()
    return "all"


async def kill_collector(world: World, rng: random.Random) -> str:
    """SIGKILL to a collector at any time."""
    collector = rng.choice(world.collectors)
    await collector.end()
    await collector.start()
    return collector.name


async def kill_collector_at_a_point(world: World, rng: random.Random) -> str:
    """SIGKILL to a collector at a named point."""
    point = rng.choice(list(COLLECTOR))
    collector = rng.choice(world.collectors)
    reached = await _at_point(collector, point, [collector] if "have" in point else [])
    await collector.start()
    return f"{point}{'' if reached else ' (not reached)'}"


async def _at_point(member: Member, point: str, reconnecting: list[Collector]) -> bool:
    """Whether the process reached the point. A have answers a hello, which follows a connect, so the connection is
    reset."""
    member.tell(f"kill {point}")
    for collector in reconnecting:
        collector.proxy.cut()
        await asyncio.sleep(0.1)
        collector.proxy.heal()
    assert member.process is not None
    try:
        async with asyncio.timeout(6):
            await member.process.wait()
    except TimeoutError:
        await member.end()
        return False
    return True


async def stop_a_gateway(world: World, rng: random.Random) -> str:
    """SIGSTOP to a gateway: it does not answer, and its connections stay open."""
    return await _stopped(rng.choice(world.gateways), rng)


async def join_and_leave(world: World, rng: random.Random) -> str:
    """One more gateway starts, gets its share of the devices, and is stopped with SIGTERM or SIGKILL."""
    gateway = world.add_gateway()
    await gateway.start()
    await gateway.ready()
    await asyncio.sleep(rng.uniform(1.0, 4.0))
    number = rng.choice([signal.SIGTERM, signal.SIGKILL])
    await gateway.end(number)
    world.gateways.remove(gateway)
    world.left.append(gateway)
    return number.name


async def pause_beyond_the_lease(world: World, rng: random.Random) -> str:
    """SIGSTOP to a gateway until others have taken its shards."""
    gateway = rng.choice(world.gateways)
    gateway.send(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(4.0, 7.0))
    gateway.send(signal.SIGCONT)
    return gateway.name


async def lose_the_lease_while_writing(world: World, rng: random.Random) -> str:
    """A gateway stops at a named point of a commit. Its shards are taken away, and then it continues."""
    point = rng.choice([name for name in GATEWAY if "have" not in name and "compaction" not in name])
    gateway = rng.choice(world.gateways)
    gateway.tell(f"stop {point}")
    await asyncio.sleep(rng.uniform(0.5, 1.5))
    with contextlib.suppress(OSError, asyncpg.PostgresError):  # PostgreSQL may be down for another fault
        await world.take_shards(gateway.env["PULSE_MQTT_CLIENT_ID"])
    await asyncio.sleep(rng.uniform(3.5, 5.0))
    gateway.send(signal.SIGCONT)
    return point


async def stop_a_collector(world: World, rng: random.Random) -> str:
    """SIGSTOP to a collector: it produces nothing, and its window stays open."""
    return await _stopped(rng.choice(world.collectors), rng)


async def _stopped(member: Member, rng: random.Random) -> str:
    member.send(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(0.2, 3.0))
    member.send(signal.SIGCONT)
    return member.name


async def stop_a_server(world: World, rng: random.Random) -> str:
    """SIGSTOP to the broker or to PostgreSQL."""
    name, process = rng.choice([("broker", world.broker.process), ("PostgreSQL", world.postgres.process)])
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(0.2, 2.0))
    process.send_signal(signal.SIGCONT)
    return name


async def restart_broker(world: World, rng: random.Random) -> str:
    """A regular restart of the broker, which keeps its messages."""
    await world.broker.stop()
    await asyncio.sleep(rng.uniform(0, 1.0))
    await world.broker.start()
    return "orderly"


async def kill_broker(world: World, rng: random.Random) -> str:
    """SIGKILL to the broker: it loses what it has confirmed since its last save."""
    await _end_broker(world)
    world.broker_dies(time.time() - _SAVED_WITHIN)
    await asyncio.sleep(rng.uniform(0, 1.0))
    await world.broker.start()
    return "killed"


async def lose_the_brokers_store(world: World, _: random.Random) -> str:
    """SIGKILL to the broker, and its sessions and queues are deleted."""
    await _end_broker(world)
    world.broker_dies(world.flowed)
    for file in world.folder.glob("servers/mqtt/store/mosquitto.db*"):
        file.unlink()
    await world.broker.start()
    return "without its store"


async def _end_broker(world: World) -> None:
    process = world.broker.process
    assert process is not None
    world.broker.probe.close()
    process.kill()
    await process.wait()


async def stop_postgres_at_once(world: World, rng: random.Random) -> str:
    """SIGQUIT to PostgreSQL: an immediate stop, which has the effect of a power failure on its files."""
    process = world.postgres.process
    assert process is not None
    process.send_signal(signal.SIGQUIT)
    await process.wait()
    await asyncio.sleep(rng.uniform(0, 1.5))
    await world.postgres.start()
    return "immediate"


def weather(name: str, make: Callable[[random.Random], Weather]) -> Fault:
    """Bad network conditions for up to four seconds."""

    async def blow(world: World, rng: random.Random) -> str:
        collector = rng.choice(world.collectors)
        collector.proxy.turn(make(rng))
        await asyncio.sleep(rng.uniform(0.5, 4.0))
        collector.proxy.heal()
        return f"{name}: {collector.name}"

    return blow


async def fill_the_disk(world: World, rng: random.Random) -> str:
    """No byte passes for some seconds."""
    collector = next((c for c in world.collectors if c.disk in world.mounted), None)
    if collector is None:
        return "skipped: only root may mount a small disk"
    filler = collector.disk / "filler"
    await asyncio.to_thread(_fill, filler)
    await asyncio.sleep(rng.uniform(0.5, 3.0))
    filler.unlink()
    return collector.name


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        size = 1_048_576
        while size:
            try:
                file.write(b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 16


async def jump_the_clock(world: World, rng: random.Random) -> str:
    """Shifts the clock by ten years forward or backward, and back again."""
    collector = rng.choice(world.collectors)
    offset = rng.choice([-_TEN_YEARS, _TEN_YEARS, -3_600, 3_600])
    collector.tell(f"clock {offset}")
    await asyncio.sleep(rng.uniform(0.5, 2.0))
    collector.tell("clock 0")
    return f"{collector.name} by {offset} s"


def _copied(world: World, collector: Collector) -> Collector:
    """A second machine with the same identity and a copy of the current disk."""
    number = len(world.copies)
    disk = collector.disk.with_name(f"copy-{number}")
    shutil.copytree(collector.disk, disk, ignore=shutil.ignore_patterns("lock", "status.json", "*.sock"))
    return collector.on_disk(disk, collector.folder / f"journal-{number}")


async def restore_a_backup(world: World, rng: random.Random) -> str:
    """Replaces the disk by a copy that is some seconds old. The readings of the replaced disk are delivered at the
    end."""
    at = rng.choice([n for n, c in enumerate(world.collectors) if c.disk not in world.mounted])
    collector = world.collectors[at]
    await collector.end()
    backup = await asyncio.to_thread(_copied, world, collector)
    await collector.start()
    await asyncio.sleep(rng.uniform(0.5, 2.0))
    await collector.end()
    world.copies.append(collector)
    world.collectors[at] = backup
    await backup.start()
    return collector.name


async def clone_a_disk(world: World, rng: random.Random) -> str:
    """Two machines with one identity for some seconds. The remaining readings of the second are delivered at the
    end."""
    collector = rng.choice([c for c in world.collectors if c.disk not in world.mounted])
    await collector.end()
    clone = await asyncio.to_thread(_copied, world, collector)
    await collector.start()
    await clone.start()
    await asyncio.sleep(rng.uniform(1.0, 3.0))
    await clone.end()
    world.copies.append(clone)
    return collector.name


@dataclass(frozen=True)
class Kind:
    """A kind of fault. Faults of one `group` never happen at the same time. `weight`: relative frequency."""

    group: Literal["servers", "gateways", "collectors"]
    does: Fault
    weight: int = 1


FAULTS: Final[dict[str, Kind]] = {
    "kill a gateway": Kind("gateways", kill_gateway),
    "kill a gateway at a named point": Kind("gateways", kill_gateway_at_a_point, 4),
    "restart every gateway": Kind("gateways", restart_every_gateway),
    "stop a gateway and continue it": Kind("gateways", stop_a_gateway),
    "a gateway joins and leaves": Kind("gateways", join_and_leave),
    "pause a gateway beyond its lease": Kind("gateways", pause_beyond_the_lease),
    "a gateway loses its lease while writing": Kind("gateways", lose_the_lease_while_writing, 2),
    "stop a server and continue it": Kind("servers", stop_a_server),
    "restart the broker": Kind("servers", restart_broker),
    "kill the broker": Kind("servers", kill_broker),
    "lose the broker's store": Kind("servers", lose_the_brokers_store),
    "stop PostgreSQL at once": Kind("servers", stop_postgres_at_once, 2),
    "kill a collector": Kind("collectors", kill_collector),
    "kill a collector at a named point": Kind("collectors", kill_collector_at_a_point, 4),
    "stop a collector and continue it": Kind("collectors", stop_a_collector),
    "cut a cable": Kind("collectors", weather("cut", lambda _: Weather(is_cut=True))),
    "latency": Kind("collectors", weather("latency", lambda rng: Weather(latency=rng.uniform(0.05, 0.6)))),
    "a narrow cable": Kind("collectors", weather("bandwidth", lambda rng: Weather(rate=rng.uniform(4_000, 40_000)))),
    "a half-open connection": Kind("collectors", weather("half-open", lambda _: Weather(is_half_open=True))),
    "nothing comes down": Kind("collectors", weather("down held", lambda _: Weather(held=frozenset({"down"})))),
    "nothing goes up": Kind("collectors", weather("up held", lambda _: Weather(held=frozenset({"up"})))),
    "fill a disk": Kind("collectors", fill_the_disk),
    "jump a clock": Kind("collectors", jump_the_clock),
    "restore a backup": Kind("collectors", restore_a_backup),
    "clone a disk": Kind("collectors", clone_a_disk),
}
