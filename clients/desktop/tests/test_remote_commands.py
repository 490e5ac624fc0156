"""Remote commands: only signed, addressed, fresh and new ones are executed, and each gets an answer."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_bus import Delivery
from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_contracts.commands import COMMAND_TYPE, MAX_OUTPUT, Command, CommandMessage, CommandReply
from pulse_contracts.mirror import LocalAuditEntry
from pulse_contracts.topics import SYSTEM_COMMAND, SYSTEM_REPLY
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.commands.rules import refusal
from pulse_desktop.core.commands.runner import CommandFailed, CommandRunner, CommandSettings, Controls
from pulse_desktop.core.mirror.audit import AuditTrail
from pulse_desktop.core.mirror.configuration import Configuration, Configured
from pulse_desktop.core.mirror.database import FILE, Database
from pulse_desktop.core.model import StoreFailure
from pulse_jose import KeySet, MessageSigner, SigningKey
from pulse_testkit.buses import running
from pulse_testkit.waiting import eventually

NOW = 1_800_000_000_000_000
KEY, OTHER = SigningKey.generate(kid="gateway"), SigningKey.generate(kid="thief")


def command(**changed: Any) -> Command:
    fields: dict[str, Any] = {"to": "alpha", "n": 7, "id": str(uuid4()), "action": "collect_now", "at": NOW}
    return Command.model_validate(fields | {"expires": NOW + 60_000_000} | changed)


class World:
    """A collector's command runner on a bus, and the gateway's end of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.is_allowed = folder, NOW, True
        self.configuration = Configuration(folder, Clock(lambda: self.now))
        self.executed: list[str] = []
        self.replies: list[CommandReply] = []
        broker = MemoryBroker()
        self.gateway = MemoryBus(broker, clock=lambda: self.now)
        self.bus = MemoryBus(broker, clock=lambda: self.now)
        self.answer: Exception | str = "all 7 checks passed"

    def runner(self) -> CommandRunner:
        """A new process of the collector."""

        async def pause(is_paused: bool) -> None:
            self.executed.append(f"pause {is_paused}")

        async def resync() -> None:
            raise CommandFailed("no_mirror")

        async def doctor() -> str:
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        controls = Controls(
            collect_now=lambda: self.executed.append("collect"),
            set_interval=lambda seconds: self.executed.append(f"interval {seconds}"),
            pause_replay=pause,
            resync_mirror=resync,
            run_doctor=doctor,
            fetch_log=lambda lines: "\n".join(["line"] * lines),
            restart=lambda: self.executed.append("restart"),
        )
        settings = CommandSettings(
            "alpha", self.configuration, self.is_allowed, lambda: KeySet([KEY.verification_key()])
        )
        return CommandRunner(settings, self.bus, controls, Clock(lambda: self.now))

    async def send(self, one: Command, key: SigningKey = KEY) -> None:
        signer = MessageSigner(key, COMMAND_TYPE, lambda: self.now / 1e6)
        message = CommandMessage(signed=signer.sign(one.model_dump_json(exclude_none=True).encode()))
        await self.gateway.publish(SYSTEM_COMMAND, message, device="alpha")

    async def outcomes(self, one: Command, n: int) -> list[tuple[str, str]]:
        """The first `n` answers to a command."""

        def found() -> list[tuple[str, str]]:
            return [(reply.outcome, reply.reason) for reply in self.replies if reply.id == one.id]

        await eventually(lambda: len(found()) >= n, what=lambda: self.replies)
        return found()

    async def take(self, delivery: Delivery[CommandReply]) -> None:
        self.replies.append(delivery.message)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.gateway.subscribe(SYSTEM_REPLY, made.take)
    async with running(made.gateway, made.bus), asyncio.TaskGroup() as group:
        task = group.create_task(made.runner().run())
        await eventually(lambda: len(made.bus.broker.subscriptions) == 2)
        yield made
        task.cancel()
    await made.configuration.close()


async def test_a_command_is_accepted_executed_and_done(world: World) -> None:
    one = command()
    await world.send(one)
    assert await world.outcomes(one, 2) == [("accepted", ""), ("done", "")]
    assert world.executed == ["collect"]
    assert (await world.configuration.read()).command_n == 7


async def test_the_output_of_the_doctor_and_of_the_log_is_in_the_reply(world: World) -> None:
    doctor, log = command(action="run_doctor"), command(action="fetch_log", lines=3, n=8)
    for one in (doctor, log):
        await world.send(one)
        await world.outcomes(one, 2)
    assert [reply.output for reply in world.replies if reply.outcome == "done"] == [
        "all 7 checks passed",
        "line\nline\nline",
    ]
    world.answer = "x" * (MAX_OUTPUT + 5)
    long = command(action="run_doctor", n=9)
    await world.send(long)
    await world.outcomes(long, 2)
    assert len(world.replies[-1].output) == MAX_OUTPUT


async def test_an_interval_survives_a_restart(world: World) -> None:
    one = command(action="set_interval", seconds=2.5)
    await world.send(one)
    await world.outcomes(one, 2)
    later = command(action="pause_replay", n=8)
    await world.send(later)
    await world.outcomes(later, 2)
    assert world.executed == ["interval 2.5", "pause True"]
    assert await world.configuration.read() == Configured(command_n=8, interval=2.5)


async def test_a_restart_comes_after_its_reply(world: World) -> None:
    one = command(action="restart")
    await world.send(one)
    await eventually(lambda: world.executed == ["restart"])
    assert await world.outcomes(one, 2) == [("accepted", ""), ("done", "")]


@pytest.mark.announces_log("command_refused")
async def test_a_replayed_command_is_refused_also_by_the_next_process(world: World) -> None:
    one = command(action="restart")
    await world.send(one)
    await world.outcomes(one, 2)
    await world.send(one)
    assert (await world.outcomes(one, 3))[2] == ("refused", "repeated")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(world.runner().run())
        await eventually(lambda: len(world.bus.broker.subscriptions) == 3)
        await world.send(one)
        assert (await world.outcomes(one, 5))[3:] == [("refused", "repeated")] * 2
        task.cancel()
    assert world.executed == ["restart"]


@pytest.mark.announces_log("command_refused")
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"to": "beta"}, "foreign_device"),
        ({"n": 2 * 10**12}, "implausible_number"),
        ({"at": NOW - 60_000_000, "expires": NOW}, "expired"),
        ({"at": NOW + 31_000_000, "expires": NOW + 60_000_000}, "clock_differs"),
    ],
)
async def test_other_commands_are_refused_with_a_reason(world: World, changed: dict[str, Any], reason: str) -> None:
    one = command(**changed)
    await world.send(one)
    assert await world.outcomes(one, 1) == [("refused", reason)]
    assert world.executed == []
    assert (await world.configuration.read()).command_n == 0


@pytest.mark.announces_log("command_rejected")
async def test_a_command_of_an_unknown_signer_gets_no_answer(world: World) -> None:
    forged = command(n=8)
    await world.send(forged, OTHER)
    real = command(n=9)
    await world.send(real)
    await world.outcomes(real, 2)
    assert [reply for reply in world.replies if reply.id == forged.id] == []
    assert world.executed == ["collect"]


@pytest.mark.announces_log("command_rejected")
async def test_a_command_that_lives_too_long_is_rejected(world: World) -> None:
    signer = MessageSigner(KEY, COMMAND_TYPE, lambda: NOW / 1e6)
    long = command().model_dump() | {"expires": NOW + 61_000_000}
    fields = Command.model_construct(**long).model_dump_json(exclude_none=True).encode()
    await world.gateway.publish(SYSTEM_COMMAND, CommandMessage(signed=signer.sign(fields)), device="alpha")
    real = command(n=9)
    await world.send(real)
    await world.outcomes(real, 2)
    assert world.executed == ["collect"]


@pytest.mark.announces_log("command_refused")
async def test_a_collector_that_allows_no_commands_says_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.is_allowed = False
    await world.gateway.subscribe(SYSTEM_REPLY, world.take)
    async with running(world.gateway, world.bus), asyncio.TaskGroup() as group:
        task = group.create_task(world.runner().run())
        await eventually(lambda: len(world.bus.broker.subscriptions) == 2)
        one = command()
        await world.send(one)
        assert await world.outcomes(one, 1) == [("refused", "not_allowed")]
        task.cancel()
    await world.configuration.close()
    assert world.executed == []


@pytest.mark.announces_log("command_failed")
async def test_a_failed_command_says_why_and_the_next_one_works(world: World) -> None:
    resync, doctor, last = command(action="resync_mirror"), command(action="run_doctor", n=8), command(n=9)
    world.answer = RuntimeError("a bug")
    for one in (resync, doctor, last):
        await world.send(one)
        await world.outcomes(one, 2)
    assert [(reply.outcome, reply.reason) for reply in world.replies if reply.outcome != "accepted"] == [
        ("failed", "no_mirror"),
        ("failed", "internal_error"),
        ("done", ""),
    ]


@pytest.mark.announces_log("command_refused")
async def test_a_disk_that_cannot_keep_the_number_executes_no_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StoreFailure("full", "no space left")

    monkeypatch.setattr(Configuration, "executes_command", full)
    one = command()
    await world.send(one)
    assert await world.outcomes(one, 1) == [("refused", "state_directory_not_writable")]
    assert world.executed == []


# -- the audit trail


@pytest.mark.announces_log("command_failed")
async def test_executed_commands_are_in_the_audit_trail_with_their_sender_and_outcome(world: World) -> None:
    admin = "00000000-0000-4000-8000-000000000009"
    done = command(action="set_interval", seconds=2.5, by=admin)
    failed = command(action="resync_mirror", n=8, by="command-line")
    unknown = command(action="fetch_log", lines=3, n=9)
    for one in (done, failed, unknown):
        await world.send(one)
        await world.outcomes(one, 2)
    assert [(e.kind, e.account, e.reason, e.detail, e.at) for e in await audited(world.folder)] == [
        ("command_run", admin, "done", "set_interval every 2.5 s (command 7)", NOW),
        ("command_run", None, "failed", "resync_mirror (command 8) by command-line, no_mirror", NOW),
        ("command_run", None, "done", "fetch_log 3 lines (command 9) by unknown", NOW),
    ]


@pytest.mark.announces_log("command_refused")
async def test_refused_commands_were_not_executed_and_are_not_in_the_audit_trail(world: World) -> None:
    one = command(to="beta")
    await world.send(one)
    await world.outcomes(one, 1)
    assert await audited(world.folder) == []


@pytest.mark.announces_log("command_not_audited")
async def test_a_command_is_answered_although_it_cannot_be_audited(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StoreFailure("full", "no space left")

    monkeypatch.setattr(Configuration, "audit", full)
    one = command()
    await world.send(one)
    assert await world.outcomes(one, 2) == [("accepted", ""), ("done", "")]


async def audited(folder: Path) -> list[LocalAuditEntry]:
    """The local audit trail."""
    database = await Database.open(folder / FILE)
    trail = AuditTrail(database)
    entries = await trail.waiting(100)
    assert await trail.problems() == []
    await database.close()
    return entries


@given(st.integers(0, 2**61), st.integers(1, 2**61), st.integers(-(10**12), 10**12))
def test_whatever_is_executed_is_new_and_fresh(last: int, n: int, age: int) -> None:
    one = command(n=n)
    if refusal(one, "alpha", last, NOW + age, is_allowed=True) is None:
        assert n > last
        assert -30_000_000 <= age < 60_000_000
