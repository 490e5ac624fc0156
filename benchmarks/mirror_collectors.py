"""`python -m benchmarks.mirror_collectors FILE`: runs the mirrors of some collectors, or receivers that only open what
arrives. It prints a line of JSON for each progress, with the time of the machine's monotonic clock.
"""

import asyncio
import json
import random
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import structlog

from pulse_bus import Delivery
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.mirror import MirrorMessage
from pulse_contracts.topics import USERS_SYNC
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror.driver import Mirror, MirrorView
from pulse_desktop.core.mirror.envelope import open_message
from pulse_desktop.core.mirror.keystore import Kept
from pulse_jose import KeySet, VerificationKey

STARTS = "starts"
"""The state in the first line of each collector."""


@dataclass(frozen=True)
class Member:
    """One collector. `folder`: its state directory. `kept`: the keys of a receiver."""

    device: str
    password: str
    folder: str
    kept: str = ""


@dataclass(frozen=True)
class Plan:
    """What a process runs. `key`: the JWK that signs the messages to receivers; empty: run whole mirrors."""

    mqtt_url: str
    members: list[Member]
    key: str = ""

    def dumped(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Progress:
    """A line of the output. `seq`: the applied position, or the number of opened messages. `at`: monotonic seconds.
    `memory`: bytes of the process at its start."""

    device: str
    seq: int
    state: str
    at: float
    memory: int = 0


def say(progress: Progress) -> None:
    sys.stdout.write(json.dumps(asdict(progress)) + "\n")
    sys.stdout.flush()


class Watched(Mirror):
    """A mirror that prints each change of its state and position, after the commit. Set `device` before it runs."""

    device = ""

    def show(self, view: MirrorView) -> None:
        before = self.view
        super().show(view)
        if (before.seq, before.state) != (view.seq, view.state):
            say(Progress(self.device, view.seq, view.state, time.monotonic()))


class Receiver:
    """Verifies and opens messages like a collector, and stores nothing."""

    def __init__(self, member: Member, key: str) -> None:
        self._device, self._kept = member.device, Kept.model_validate_json(member.kept)
        self._keys = KeySet([VerificationKey.from_jwk(json.loads(key))])
        self._count = 0

    async def receive(self, delivery: Delivery[MirrorMessage]) -> None:
        await asyncio.to_thread(open_message, delivery.message, self._keys, self._kept)
        self._count += 1
        say(Progress(self._device, self._count, "opened", time.monotonic()))


async def run(plan: Plan) -> None:
    """Runs until SIGTERM."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    stop, clock = asyncio.Event(), Clock()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with asyncio.TaskGroup() as group:
        tasks = []
        for member in plan.members:
            settings = MqttSettings(plan.mqtt_url, member.device, member.password, member.device)
            bus = MqttBus(settings, clock=clock.micros, rng=random.Random(member.device))  # noqa: S311  # jitter
            say(Progress(member.device, 0, STARTS, time.monotonic(), psutil.Process().memory_info().rss))
            if plan.key:
                await bus.subscribe(USERS_SYNC, Receiver(member, plan.key).receive, device=member.device)
            else:
                enrolled = Enrolled(Path(member.folder), None, None)
                identity = enrolled.read()
                if identity is None:
                    raise RuntimeError(f"{member.folder} has no identity")
                mirror = Watched(bus, enrolled, identity, clock, random.Random(member.device))  # noqa: S311  # jitter
                mirror.device = member.device
                tasks.append(group.create_task(mirror.run()))
            tasks.append(group.create_task(bus.run()))
            if plan.key:
                await bus.wait_connected()
                say(Progress(member.device, 0, "connected", time.monotonic()))
        await stop.wait()
        for task in tasks:
            task.cancel()


def main() -> None:
    raw = json.loads(Path(sys.argv[1]).read_text())
    members = [Member(**one) for one in raw.pop("members")]
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak memory counts from here
    with suppress(asyncio.CancelledError):
        asyncio.run(run(Plan(members=members, **raw)))


if __name__ == "__main__":
    main()
