"""Receives commands over the bus, executes the allowed ones, and answers each."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog
from pydantic import ValidationError

from pulse_bus.port import Bus, Delivery, MessageTooLarge, PublishRefused
from pulse_contracts.commands import COMMAND_TYPE, MAX_OUTPUT, Command, CommandMessage, CommandReply, Outcome
from pulse_contracts.errors import Unavailable
from pulse_contracts.topics import SYSTEM_COMMAND, SYSTEM_REPLY
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.commands.rules import refusal
from pulse_desktop.core.mirror.configuration import Configuration
from pulse_desktop.core.model import StoreFailure
from pulse_jose import KeySet, MessageVerifier, TokenError, VerificationKey

log = structlog.get_logger("pulse.desktop.commands")
_DEADLINE = 45.0
"""Seconds after which the execution of a command has failed."""
_WAITING = 20
"""Commands that wait. Further ones are dropped: the gateway reports that the collector does not answer."""


class CommandFailed(Exception):
    """A command cannot be executed. `reason`: a stable code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Controls:
    """What a command can do with this collector. Each returns the output of the reply, or raises CommandFailed.

    set_interval: seconds between two readings of this machine's own values.
    pause_replay: True pauses the delivery of the backlog, False resumes it.
    fetch_log: the last lines of the log.
    restart: stops the collector, which then starts again.
    """

    collect_now: Callable[[], None]
    set_interval: Callable[[float], None]
    pause_replay: Callable[[bool], Awaitable[None]]
    resync_mirror: Callable[[], Awaitable[None]]
    run_doctor: Callable[[], Awaitable[str]]
    fetch_log: Callable[[int], str]
    restart: Callable[[], None]


@dataclass(frozen=True)
class CommandSettings:
    """`is_allowed`: whether this collector executes remote commands. `configuration` keeps the last number, and the
    audit trail. `trusted`: the keys that may sign commands at present; it changes when the server replaces a key."""

    device: str
    configuration: Configuration
    is_allowed: bool
    trusted: Callable[[], KeySet[VerificationKey]]


class CommandRunner:
    """Executes one command after the other."""

    def __init__(self, settings: CommandSettings, bus: Bus, controls: Controls, clock: Clock) -> None:
        self._settings, self._bus, self._controls, self._clock = settings, bus, controls, clock
        self._queue: asyncio.Queue[Command] = asyncio.Queue(_WAITING)

    async def run(self) -> None:
        """Runs until cancelled."""
        subscription = await self._bus.subscribe(SYSTEM_COMMAND, self.receive, device=self._settings.device)
        try:
            while True:
                await self._handle(await self._queue.get())
        finally:
            await subscription.cancel()

    async def receive(self, delivery: Delivery[CommandMessage]) -> None:
        """Takes a command if it is signed by a trusted key. Nobody gets an answer to another message."""
        verifier = MessageVerifier(self._settings.trusted(), COMMAND_TYPE, lambda: self._clock.micros() / 1e6)
        try:
            command = Command.model_validate_json(verifier.verify(delivery.message.signed))
        except (TokenError, ValidationError) as error:
            reason = str(error) if isinstance(error, TokenError) else "the signed content does not fit its schema"
            log.warning("command_rejected", reason=reason)
            return
        try:
            self._queue.put_nowait(command)
        except asyncio.QueueFull:
            log.warning("command_dropped", reason="too_many_waiting", action=command.action, n=command.n)

    async def _handle(self, command: Command) -> None:
        """The number is durable before the command is executed, so that no restart executes it twice."""
        settings = self._settings
        try:
            known = await settings.configuration.read()
            last, now = known.command_n, self._clock.micros()
            reason = refusal(command, settings.device, last, now, is_allowed=settings.is_allowed)
            if reason is None:
                await settings.configuration.executes_command(command.n, command.seconds)
        except StoreFailure as error:
            log.warning("command_refused", action=command.action, n=command.n, reason=str(error))
            await self._reply(command, "refused", "state_directory_not_writable")
            return
        if reason is not None:
            log.warning("command_refused", action=command.action, n=command.n, reason=reason)
            await self._reply(command, "refused", reason)
            return
        log.info("command_accepted", action=command.action, n=command.n)
        await self._reply(command, "accepted")
        try:
            async with asyncio.timeout(_DEADLINE):
                output = await self._execute(command)
        except CommandFailed as error:
            log.warning("command_failed", action=command.action, n=command.n, reason=error.reason)
            await self._finish(command, "failed", error.reason)
        except TimeoutError:
            log.warning("command_failed", action=command.action, n=command.n, reason="timeout")
            await self._finish(command, "failed", "timeout")
        except Exception:
            log.exception("command_failed", action=command.action, n=command.n)
            await self._finish(command, "failed", "internal_error")
        else:
            await self._finish(command, "done", output=output)
            if command.action == "restart":  # after the reply, because the connection ends
                self._controls.restart()

    async def _finish(
        self, command: Command, outcome: Literal["done", "failed"], reason: str = "", *, output: str = ""
    ) -> None:
        """Writes an executed command to the audit trail, then answers it. A failure of the disk is only logged."""
        account, detail = describe(command)
        if reason:
            detail += f", {reason}"
        try:
            await self._settings.configuration.audit("command_run", account, outcome, detail)
        except StoreFailure as error:
            log.warning("command_not_audited", action=command.action, n=command.n, error=str(error))
        await self._reply(command, outcome, reason, output=output)

    async def _execute(self, command: Command) -> str:
        controls = self._controls
        if command.action == "collect_now":
            controls.collect_now()
        elif command.action == "set_interval" and command.seconds is not None:
            controls.set_interval(command.seconds)
        elif command.action in {"pause_replay", "resume_replay"}:
            await controls.pause_replay(command.action == "pause_replay")
        elif command.action == "resync_mirror":
            await controls.resync_mirror()
        elif command.action == "run_doctor":
            return await controls.run_doctor()
        elif command.action == "fetch_log" and command.lines is not None:
            return controls.fetch_log(command.lines)
        return ""

    async def _reply(self, command: Command, outcome: Outcome, reason: str = "", *, output: str = "") -> None:
        reply = CommandReply(
            id=command.id,
            n=command.n,
            outcome=outcome,
            at=self._clock.micros(),
            reason=reason,
            output=output[-MAX_OUTPUT:],
        )
        try:
            await self._bus.publish(SYSTEM_REPLY, reply, device=self._settings.device)
        except (Unavailable, PublishRefused, MessageTooLarge) as error:
            log.info("command_reply_not_sent", action=command.action, n=command.n, reason=str(error))


def describe(command: Command) -> tuple[str | None, str]:
    """Who sent a command, if that is an account, and what it was, for the audit trail."""
    words: list[str] = [command.action]
    if command.seconds is not None:
        words.append(f"every {command.seconds:g} s")
    if command.lines is not None:
        words.append(f"{command.lines} lines")
    words.append(f"(command {command.n})")
    try:
        return str(UUID(command.by or "")), " ".join(words)
    except ValueError:
        return None, " ".join([*words, f"by {command.by or 'unknown'}"])
