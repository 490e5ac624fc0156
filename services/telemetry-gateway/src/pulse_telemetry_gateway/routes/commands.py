"""Commands to collectors: send one, and see the outcomes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import CurrentCaller
from pulse_chassis.identity.principal import require
from pulse_contracts.commands import Action
from pulse_contracts.message import DeviceName
from pulse_contracts.times import from_micros
from pulse_telemetry_gateway.model.commands import (
    CommandRequest,
    CommandsNotConfigured,
    CommandState,
    InvalidArgument,
    PlainDeviceHasNoCommands,
    SentCommand,
    UnknownCommand,
)
from pulse_telemetry_gateway.model.errors import UnknownDevice
from pulse_telemetry_gateway.routes.dependencies import Dependencies

router = APIRouter(route_class=IdempotentRoute, dependencies=[require("collectors.command")])
Device = Annotated[DeviceName, Path(description="the id of a collector", examples=["press-4"])]
_RATE = "60/minute"
_PAGE = 100


class CommandBody(BaseModel):
    """`seconds`: only for `set_interval`: time between two readings of the machine's own values. `lines`: only for
    `fetch_log`: how many lines."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"action": "run_doctor"}, {"action": "fetch_log", "lines": 50}]}
    )

    action: Action
    seconds: Annotated[float | None, Field(ge=0.1, le=3_600, strict=True)] = None
    lines: Annotated[int | None, Field(ge=1, le=500, strict=True)] = None


class CommandView(BaseModel):
    """`state`: `sent` until the collector answers; `no_answer` if it has not answered when the command expires;
    `unknown` if it accepted the command and did not report an outcome within 10 minutes. A late report replaces
    `unknown`. `actor`: the account that sent it. `reason`: why it was refused or failed. `output`: what it printed."""

    id: UUID
    action: Action
    seconds: float | None
    lines: int | None
    state: CommandState
    reason: str
    output: str
    actor: str | None
    requested_at: datetime
    expires_at: datetime
    answered_at: datetime | None


class CommandHistory(BaseModel):
    """`next`: the `before` of the next page; null: this is the last page."""

    items: list[CommandView]
    next: int | None


@router.post(
    "/devices/{device}/commands",
    operation_id="send_command",
    status_code=202,
    responses=responses(
        UnknownDevice,
        PlainDeviceHasNoCommands,
        InvalidArgument,
        CommandsNotConfigured,
        TooManyRequests,
        *IDEMPOTENCY_PROBLEMS,
    ),
)
async def send(
    deps: Dependencies, device: Device, body: CommandBody, caller: CurrentCaller, _: IdempotencyKey = None
) -> CommandView:
    """Send a command to a collector. It expires after 60 s. The collector answers with its outcome, which
    `GET …/commands/{id}` shows."""
    request = CommandRequest(body.action, body.seconds, body.lines)
    await deps.limits.check("commands", _RATE, caller.account or "")
    async with deps.concurrency.slot():
        return _view(await deps.commands.send(device, request, caller), deps)


@router.get("/devices/{device}/commands", operation_id="list_commands", responses=responses(UnknownDevice))
async def history(
    deps: Dependencies,
    device: Device,
    before: Annotated[int | None, Query(ge=0, lt=2**62, description="`next` of the previous page")] = None,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = 20,
) -> CommandHistory:
    """The commands of a collector with their outcomes, newest first. The last 1,000 are kept."""
    async with deps.concurrency.slot():
        found = await deps.commands.history(device, before, limit + 1)
    shown = found[:limit]
    return CommandHistory(items=[_view(one, deps) for one in shown], next=shown[-1].n if len(found) > limit else None)


@router.get("/devices/{device}/commands/{command}", operation_id="get_command", responses=responses(UnknownCommand))
async def command(deps: Dependencies, device: Device, command: UUID) -> CommandView:
    """One command with its outcome."""
    async with deps.concurrency.slot():
        return _view(await deps.commands.find(device, command), deps)


def _view(one: SentCommand, deps: Dependencies) -> CommandView:
    return CommandView(
        id=one.id,
        action=one.request.action,
        seconds=one.request.seconds,
        lines=one.request.lines,
        state=one.state(from_micros(deps.clock())),
        reason=one.reason,
        output=one.output,
        actor=one.actor,
        requested_at=one.requested,
        expires_at=one.expires,
        answered_at=one.answered,
    )
