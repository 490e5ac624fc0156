"""A campaign against several gateways: `python -m tests.resilience --gateways 4 --devices 200 --minutes 10`. Gateways
are killed, paused, stopped and added while a fleet sends and browsers watch. The judge then compares the journals, the
database and what each browser received, and says how long devices had no gateway."""

import asyncio
import json
import random
import signal
import struct
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from tests.resilience.checker import Verdict, judge, unpack
from tests.resilience.fleet import FleetPlan
from tests.resilience.members import Gateway, Member, NoRecoveryError, until
from tests.resilience.viewers import Viewer, auth
from tests.resilience.world import Size, World

HANDED_OVER_WITHIN: Final = 60.0
"""Seconds after which the campaign gives up. The aim is five seconds."""
_PER_PROCESS: Final = 25
_SERIES: Final = 4
_MOST_GATEWAYS: Final = 5


@dataclass(frozen=True)
class GatewayPlan:
    """`rate`: readings a second of one device. `watched`: devices that one browser watches."""

    seed: int
    gateways: int = 4
    devices: int = 200
    minutes: float = 10.0
    rate: float = 2.0
    browsers: int = 8
    watched: int = 10


@dataclass
class GatewayReport:
    """The result. `handovers`: seconds from an event until every shard had a gateway that received it, by event."""

    plan: GatewayPlan
    handovers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    verdict: Verdict = field(default_factory=Verdict)
    connects: int = 0
    watched: int = 0
    conflated: int = 0
    problems: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        """A summary for people and for the record."""
        plan, verdict = self.plan, self.verdict
        lines = [
            f"seed {plan.seed}, {plan.gateways} gateways, {plan.devices} devices, {plan.minutes:g} minutes",
            "",
            "seconds until every shard had a gateway again (events, median, longest)",
        ]
        for what, times in sorted(self.handovers.items()):
            lines.append(f"{len(times):6d}  {sorted(times)[len(times) // 2]:6.1f} {max(times):6.1f}  {what}")
        counts = ("produced", "stored", "refused", "dropped", "lost", "twice", "altered", "invented")
        lines += ["", *(f"{getattr(verdict, name):10d}  {name}" for name in counts), ""]
        lines += [f"{plan.browsers} browsers connected {self.connects} times and received {self.watched} readings"]
        lines += [f"{self.conflated} conflated frames"]
        lines += ["", *(self.problems or ["nothing lost, nothing twice; every browser received every reading once"])]
        return "\n".join(lines)


Event = Callable[["_Campaign"], Awaitable[tuple[str, float]]]


class _Campaign:
    def __init__(self, plan: GatewayPlan, world: World) -> None:
        self.plan, self.world, self.rng = plan, world, random.Random(plan.seed)
        self.report = GatewayReport(plan)
        self.devices = [f"fleet-{number}" for number in range(plan.devices)]
        self.fleet: list[Member] = []
        self.viewers: list[Viewer] = []

    # -- the fleet

    async def start_fleet(self, rate: float) -> None:
        """Starts all devices. rate 0: they only deliver what they hold."""
        self.fleet = []
        for device in self.devices:  # of the run before
            (self.world.folder / device / "disk" / "status.json").unlink(missing_ok=True)
        for number, start in enumerate(range(0, len(self.devices), _PER_PROCESS)):
            devices = tuple(self.devices[start : start + _PER_PROCESS])
            file = self.world.folder / f"fleet-{number}.json"
            FleetPlan(self.world.broker.url, str(self.world.folder), devices, rate, _SERIES).write(file)
            member = Member(f"fleet-{number}", self.world.folder / f"fleet-process-{number}", [str(file)], {})
            member.module = "tests.resilience.fleet"
            self.fleet.append(member)
            await member.start()

    async def end_fleet(self) -> None:
        """Stops all devices."""
        for member in self.fleet:
            await member.end(signal.SIGTERM)

    async def delivering(self) -> int:
        """Devices with a stored reading."""
        connection = await asyncpg.connect(self.world.database)
        try:
            return int(await connection.fetchval("SELECT count(DISTINCT device_id) FROM telemetry.stream"))
        finally:
            await connection.close()

    # -- events

    async def handed_over(self, began: float, victim: Gateway | None = None) -> float:
        """Returns the seconds since `began` when every shard has a gateway that receives it, other than `victim`."""
        name = victim.env["PULSE_MQTT_CLIENT_ID"] if victim else ""
        while (left := await self.world.unowned(name)) != 0:
            if time.monotonic() - began > HANDED_OVER_WITHIN:
                raise NoRecoveryError(f"{left} shards have no gateway after {HANDED_OVER_WITHIN:.0f} s")
            await asyncio.sleep(0.1)  # outside observers can only poll
        return time.monotonic() - began

    def some(self) -> Gateway:
        """A gateway, drawn."""
        return self.rng.choice(self.world.gateways)

    def ports(self) -> list[int]:
        """The ports of the gateways that run."""
        return [gateway.port for gateway in self.world.gateways if gateway.is_running]


async def kill(campaign: _Campaign) -> tuple[str, float]:
    """SIGKILL. The others take its devices before it starts again."""
    victim = campaign.some()
    began = time.monotonic()
    await victim.end()
    took = await campaign.handed_over(began, victim)
    await victim.start()
    await victim.ready()
    return "killed", took


async def pause(campaign: _Campaign) -> tuple[str, float]:
    """SIGSTOP until the others have its devices, and some seconds longer."""
    victim = campaign.some()
    began = time.monotonic()
    victim.send(signal.SIGSTOP)
    took = await campaign.handed_over(began, victim)
    await asyncio.sleep(campaign.rng.uniform(0.0, 3.0))
    victim.send(signal.SIGCONT)
    return "paused", took


async def stop(campaign: _Campaign) -> tuple[str, float]:
    """SIGTERM: it hands its devices over before it ends. Then it starts again."""
    victim = campaign.some()
    began = time.monotonic()
    ending = asyncio.create_task(victim.end(signal.SIGTERM))
    took = await campaign.handed_over(began, victim)
    await ending
    await victim.start()
    await victim.ready()
    return "stopped", took


async def change_number(campaign: _Campaign) -> tuple[str, float]:
    """One more gateway joins, or the additional one leaves."""
    world = campaign.world
    if len(world.gateways) < _MOST_GATEWAYS:
        gateway = world.add_gateway()
        await gateway.start()
        await gateway.ready()
        began = time.monotonic()
        await asyncio.sleep(1.5)  # it claims in its first round
        return "joined", await campaign.handed_over(began)
    gateway = world.gateways.pop()
    world.left.append(gateway)
    began = time.monotonic()
    ending = asyncio.create_task(gateway.end(signal.SIGTERM))
    took = await campaign.handed_over(began, gateway)
    await ending
    return "left", took


EVENTS: Final[tuple[Event, ...]] = (kill, pause, stop, change_number)


async def run_gateways(plan: GatewayPlan, folder: Path) -> GatewayReport:
    """Runs the campaign in `folder`. Problems are in the report and raise nothing."""
    size = Size(gateways=plan.gateways, collectors=0, plain_devices=0, fleet=plan.devices)
    async with World.opened(folder, size) as world, auth(world.broker.url, world.secrets["auth"]):
        campaign = _Campaign(plan, world)
        try:
            await _run(campaign)
        except NoRecoveryError as error:
            campaign.report.problems.append(str(error))
        finally:
            for member in campaign.fleet:
                await member.end()
        campaign.report.problems += world.complaints()
        return campaign.report


async def _run(campaign: _Campaign) -> None:
    plan, report, world = campaign.plan, campaign.report, campaign.world
    for device in campaign.devices:
        (world.folder / device).mkdir()
        (world.folder / device / "password").write_text(world.secrets[device])
    await campaign.start_fleet(plan.rate)
    began = time.monotonic()
    while await campaign.delivering() < plan.devices:
        if time.monotonic() - began > 300:
            raise NoRecoveryError("not every device delivers within 300 s")
        await asyncio.sleep(0.5)
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(viewer.run(campaign.rng)) for viewer in await _viewers(campaign)]
        end = time.monotonic() + plan.minutes * 60
        while time.monotonic() < end:
            what, took = await campaign.rng.choice(EVENTS)(campaign)
            report.handovers[what].append(took)
            print(f"{took:5.1f} s  {what}, {len(world.gateways)} gateways", flush=True)
            await asyncio.sleep(campaign.rng.uniform(1.0, 4.0))
        await campaign.end_fleet()
        await campaign.start_fleet(0)
        await until(
            lambda: all(_waiting(world.folder, device) == 0 for device in campaign.devices), 300, "all delivered"
        )
        await _all_received(campaign)
        for task in watching:
            task.cancel()
    await campaign.end_fleet()
    await _judge(campaign)


def _waiting(folder: Path, device: str) -> int | None:
    try:
        found = json.loads((folder / device / "disk" / "status.json").read_text())
    except (OSError, ValueError):
        return None
    return int(found["waiting"]) if found.get("settled") is not None else None


async def _viewers(campaign: _Campaign) -> list[Viewer]:
    connection = await asyncpg.connect(campaign.world.database)
    try:
        rows = await connection.fetch(
            "SELECT s.id, d.name FROM telemetry.series s JOIN telemetry.device d ON d.id = s.device_id"
        )
    finally:
        await connection.close()
    of: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        of[row["name"]].append(row["id"])
    for number in range(campaign.plan.browsers):
        devices = campaign.rng.sample(campaign.devices, campaign.plan.watched)
        series = sorted(one for device in devices for one in of[device])
        campaign.viewers.append(Viewer(number, series, campaign.ports))
    return campaign.viewers


async def _positions(campaign: _Campaign) -> dict[str, int]:
    return await campaign.world.rows()


async def _all_received(campaign: _Campaign) -> None:
    """Returns when each browser is at the end of each feed that it watches."""
    last = await _positions(campaign)

    def are_complete() -> bool:
        return all(pos >= last[device] for viewer in campaign.viewers for device, pos in viewer.pos.items())

    await until(are_complete, 60, "every browser is at the end of its feeds")


async def _judge(campaign: _Campaign) -> None:
    report, world = campaign.report, campaign.world
    for device in campaign.devices:
        journals = sorted((world.folder / device).glob("journal-*"))
        verdict = await judge(journals, world.database, device)
        for name in ("produced", "stored", "refused", "dropped", "lost", "twice", "altered", "invented"):
            setattr(report.verdict, name, getattr(report.verdict, name) + getattr(verdict, name))
        report.problems += [f"{device}: {problem}" for problem in verdict.problems]
    for viewer in campaign.viewers:
        report.connects += viewer.connects
        report.conflated += viewer.conflated
        report.watched += sum(counts.total() for counts in viewer.received.values())
        report.problems += [f"browser {viewer.number}: {text}" for text in viewer.inexact]
        expected = await _expected(world.database, viewer)
        for series in viewer.series:
            missing, extra = expected[series] - viewer.received[series], viewer.received[series] - expected[series]
            if missing or extra:
                text = f"series {series}: {missing.total()} missing, {extra.total()} too often"
                report.problems.append(f"browser {viewer.number}: {text}")


async def _expected(database: str, viewer: Viewer) -> dict[int, Counter[tuple[int, float]]]:
    """What is stored after the positions at which a browser began."""
    found: dict[int, Counter[tuple[int, float]]] = defaultdict(Counter)
    connection = await asyncpg.connect(database)
    try:
        kinds = {row["id"]: row["type"] for row in await connection.fetch("SELECT id, type FROM telemetry.series")}
        for device, start in viewer.start.items():
            rows = await connection.fetch(
                "SELECT b.lo, b.payload FROM telemetry.batch b JOIN telemetry.device d ON d.id = b.device_id "
                "WHERE d.name = $1 AND b.pos > $2",
                device,
                start,
            )
            for row in rows:
                _, ids, times, bits = unpack(row["payload"], row["lo"])
                for one, t, word in zip(ids.tolist(), times.tolist(), bits.tolist(), strict=True):
                    value = struct.unpack("<d", struct.pack("<q", word))[0] if kinds[one] == "float" else float(word)
                    found[one][t, value] += 1
    finally:
        await connection.close()
    return found
