"""How series are shown: name, unit, decimals, limits and the expected range."""

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from pulse_chassis.http.preconditions import PRECONDITION_PROBLEMS, TAGGED, IfMatch, tag
from pulse_chassis.http.problems import responses
from pulse_chassis.identity.caller import CurrentCaller
from pulse_chassis.identity.principal import CurrentPrincipal, require
from pulse_contracts.message import PRINTABLE
from pulse_telemetry_gateway.actions.displays import Editor
from pulse_telemetry_gateway.model import displays as model
from pulse_telemetry_gateway.model.errors import UnknownSeries
from pulse_telemetry_gateway.routes.dependencies import Dependencies
from pulse_telemetry_gateway.routes.panels import Decimals, Finite, Limit, Limits

router = APIRouter()
_MANAGES = [require("telemetry.manage")]
SeriesId = Annotated[int, Path(ge=0, lt=2**31)]
GivenName = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=PRINTABLE)]
GivenUnit = Annotated[str, StringConstraints(max_length=32, strip_whitespace=True, pattern=PRINTABLE)]
_EXAMPLE: dict[str, Any] = {
    "display_name": "Oil temperature",
    "unit": "°C",
    "decimals": 1,
    "limits": [{"severity": "warning", "direction": "above", "value": 80}],
    "expected_min": 20,
    "expected_max": 90,
}


class SeriesNameChange(BaseModel):
    """null restores what the device declared."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"display_name": "Oil temperature", "unit": "°C"}]}
    )

    display_name: GivenName | None = None
    unit: GivenUnit | None = None


class SeriesDisplayBody(BaseModel):
    """`display_name`, `unit`: null takes what the device declared. `decimals`: null shows as many as needed.
    `expected_min`, `expected_max`: the range of usual values, for gauges and axes."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    display_name: GivenName | None
    unit: GivenUnit | None
    decimals: Decimals | None
    limits: Limits
    expected_min: Finite | None
    expected_max: Finite | None

    @model_validator(mode="after")
    def _has_a_valid_range(self) -> Self:
        low, high = self.expected_min, self.expected_max
        if low is not None and high is not None and low >= high:
            raise ValueError("expected_min must be less than expected_max")
        return self

    def display(self) -> model.Display:
        """What is stored."""
        limits = tuple(model.Limit(one.severity, one.direction, one.value) for one in self.limits)
        return model.Display(self.display_name, self.unit, self.decimals, limits, self.expected_min, self.expected_max)


class SeriesDisplayView(BaseModel):
    """`display_name`, `unit`: what people set, or null. `declared_name`, `declared_unit`: what the device declared.
    `updated_by`: an account; `updated_by_name`: the name in its access token. null and empty: nobody set anything."""

    series: int
    device: str
    display_name: str | None
    unit: str | None
    declared_name: str
    declared_unit: str
    decimals: int | None
    limits: list[Limit]
    expected_min: float | None
    expected_max: float | None
    version: int
    updated_at: datetime | None
    updated_by: str | None
    updated_by_name: str


async def _editor(caller: CurrentCaller, principal: CurrentPrincipal) -> Editor:
    return Editor(caller, principal.name or principal.email)


CurrentEditor = Annotated[Editor, Depends(_editor)]


@router.get(
    "/series/{series_id}/display",
    operation_id="get_series_display",
    responses={200: TAGGED, **responses(UnknownSeries)},
)
async def display(response: Response, deps: Dependencies, series_id: SeriesId) -> SeriesDisplayView:
    """How a series is shown."""
    async with deps.concurrency.slot():
        found = await deps.displays.find(series_id)
    return _view(response, found)


@router.put(
    "/series/{series_id}/display",
    operation_id="update_series_display",
    dependencies=_MANAGES,
    responses={200: TAGGED, **responses(UnknownSeries, *PRECONDITION_PROBLEMS)},
)
async def update(
    response: Response,
    deps: Dependencies,
    series_id: SeriesId,
    precondition: IfMatch,
    body: SeriesDisplayBody,
    editor: CurrentEditor,
) -> SeriesDisplayView:
    """Set how a series is shown. Its name in messages stays."""
    async with deps.concurrency.slot():
        saved = await deps.displays.replace(series_id, body.display(), precondition, editor)
    return _view(response, saved)


@router.patch(
    "/series/{series_id}",
    operation_id="rename_series",
    status_code=204,
    dependencies=_MANAGES,
    responses=responses(UnknownSeries),
)
async def rename_series(
    deps: Dependencies, series_id: SeriesId, change: SeriesNameChange, editor: CurrentEditor
) -> None:
    """Set the display name and unit of a series, whatever its version is. Its name in messages stays."""
    async with deps.concurrency.slot():
        await deps.displays.rename(series_id, change.display_name, change.unit, editor)


def limit_view(limit: model.Limit) -> Limit:
    """A limit as JSON."""
    return Limit(severity=limit.severity, direction=limit.direction, value=limit.value)


def _view(response: Response, found: model.SeriesDisplay) -> SeriesDisplayView:
    tag(response, found.version)
    return SeriesDisplayView(
        series=found.series,
        device=found.device,
        display_name=found.display.name,
        unit=found.display.unit,
        declared_name=found.declared_name,
        declared_unit=found.declared_unit,
        decimals=found.display.decimals,
        limits=[limit_view(one) for one in found.display.limits],
        expected_min=found.display.expected_min,
        expected_max=found.display.expected_max,
        version=found.version,
        updated_at=found.updated_at,
        updated_by=found.updated_by,
        updated_by_name=found.updated_by_name,
    )
