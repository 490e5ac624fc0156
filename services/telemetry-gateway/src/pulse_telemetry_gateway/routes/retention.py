"""How long stored readings are kept: read, preview, change."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from pulse_chassis.http.preconditions import PRECONDITION_PROBLEMS, TAGGED, IfMatch, tag
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.principal import Principal, RevocationsUnknown, require
from pulse_contracts.times import from_micros
from pulse_telemetry_gateway.actions.retention_settings import RetentionPreview, RetentionState
from pulse_telemetry_gateway.model.retention import LEVELS, MAX_DAYS, MIN_DAYS, ChosenDays, Kept, RetentionOrder
from pulse_telemetry_gateway.routes.dependencies import Dependencies
from pulse_telemetry_gateway.routes.displays import CurrentEditor

router = APIRouter(prefix="/retention")
_Manager = Annotated[Principal, require("system.manage")]
_PREVIEWS, _CHANGES = "30/minute", "30/minute"
_EXAMPLE: dict[str, Any] = {"log_days": None, "raw_days": 400, "minutes_days": 732, "hours_days": 3653}


def _days(level: Kept) -> Any:
    return Field(ge=MIN_DAYS[level], le=MAX_DAYS, strict=True)


class RetentionBody(BaseModel):
    """Days of each level. null: the setting of the gateway. `log_days`: the log of batches, from which viewers resume.
    `raw_days`: readings. `minutes_days`, `hours_days`: roll-ups."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    log_days: Annotated[int, _days("log")] | None
    raw_days: Annotated[int, _days("raw")] | None
    minutes_days: Annotated[int, _days("1m")] | None
    hours_days: Annotated[int, _days("1h")] | None

    def chosen(self) -> ChosenDays:
        """What is stored."""
        return ChosenDays(self.log_days, self.raw_days, self.minutes_days, self.hours_days)


class RetentionLevelView(BaseModel):
    """One level. `days`: how long it is kept. `chosen_days`: what administrators chose; null: `default_days` counts.
    `min_days`: the least that can be chosen. `bytes`: what its partitions use on disk."""

    level: Kept
    days: float
    chosen_days: int | None
    default_days: float
    min_days: int
    max_days: int
    partitions: int
    bytes: int


class RetentionView(BaseModel):
    """How long readings are kept, who changed it, and when. The audit trail is never removed."""

    levels: list[RetentionLevelView]
    version: int
    updated_at: datetime | None
    updated_by: str | None
    updated_by_name: str


class RetentionRemovalView(BaseModel):
    """What a sweep would remove from one level. `before`: everything removed is older; null: nothing is removed.
    `kept`: partitions that are old enough, but not compacted yet. `readings`: 0 for levels other than `raw`; null:
    they could not be counted in time."""

    level: Kept
    partitions: int
    bytes: int
    before: datetime | None
    kept: int
    readings: int | None


class RetentionPreviewView(BaseModel):
    """What the next sweep would remove with the given days. `devices`: those that would lose readings. `readings`,
    `devices`: null when they could not be counted in time."""

    levels: list[RetentionRemovalView]
    readings: int | None
    devices: int | None
    bytes: int


@router.get("", operation_id="get_retention", responses={200: TAGGED, **responses(RevocationsUnknown)})
async def show(response: Response, deps: Dependencies, _: _Manager) -> RetentionView:
    """How long readings are kept, and what they use on disk."""
    async with deps.concurrency.slot():
        return _view(response, await deps.retention.state())


@router.post(
    "/preview",
    operation_id="preview_retention",
    responses=responses(RetentionOrder, TooManyRequests, RevocationsUnknown),
)
async def preview(deps: Dependencies, principal: _Manager, body: RetentionBody) -> RetentionPreviewView:
    """What the next sweep would remove with these days. Changes nothing. Counts readings for at most 10 s."""
    await deps.limits.check("retention-preview", _PREVIEWS, principal.account)
    found = await deps.retention.preview(body.chosen())  # no slot: it has a deadline of its own
    levels = [_removal(level, found) for level in LEVELS]
    return RetentionPreviewView(
        levels=levels,
        readings=found.count.readings if found.count else None,
        devices=found.count.devices if found.count else None,
        bytes=sum(one.bytes for one in levels),
    )


@router.put(
    "",
    operation_id="update_retention",
    responses={
        200: TAGGED,
        **responses(RetentionOrder, TooManyRequests, RevocationsUnknown, *PRECONDITION_PROBLEMS),
    },
)
async def update(
    response: Response,
    deps: Dependencies,
    principal: _Manager,
    precondition: IfMatch,
    body: RetentionBody,
    editor: CurrentEditor,
) -> RetentionView:
    """Change how long readings are kept. Every gateway follows. A sweep removes older readings within a day."""
    await deps.limits.check("retention-change", _CHANGES, principal.account)
    async with deps.concurrency.slot():
        return _view(response, await deps.retention.replace(body.chosen(), precondition, editor))


def _removal(level: Kept, preview: RetentionPreview) -> RetentionRemovalView:
    found, count = preview.levels[level], preview.count
    readings = count.readings if count else None
    return RetentionRemovalView(
        level=level,
        partitions=found.partitions,
        bytes=found.bytes,
        before=None if found.before is None else from_micros(found.before),
        kept=found.kept,
        readings=readings if level == "raw" else 0,
    )


def _view(response: Response, found: RetentionState) -> RetentionView:
    setting, days = found.setting, found.setting.days
    tag(response, setting.version)
    ages = days.over(found.defaults)
    chosen: dict[Kept, int | None] = {"log": days.log, "raw": days.raw, "1m": days.minutes, "1h": days.hours}
    return RetentionView(
        levels=[
            RetentionLevelView(
                level=level,
                days=ages.of(level).total_seconds() / 86_400,
                chosen_days=chosen[level],
                default_days=found.defaults.of(level).total_seconds() / 86_400,
                min_days=MIN_DAYS[level],
                max_days=MAX_DAYS,
                partitions=found.use[level].partitions,
                bytes=found.use[level].bytes,
            )
            for level in LEVELS
        ],
        version=setting.version,
        updated_at=setting.updated_at,
        updated_by=setting.updated_by,
        updated_by_name=setting.updated_by_name,
    )
