"""Routes that delete, and that rename devices."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from pulse_chassis.http.problems import responses
from pulse_chassis.identity.caller import CurrentCaller
from pulse_chassis.identity.principal import require
from pulse_contracts.message import DeviceName
from pulse_telemetry_gateway.actions.erasure import ErasureResult
from pulse_telemetry_gateway.model.errors import InvalidRange, UnknownDevice, UnknownSeries
from pulse_telemetry_gateway.routes.dependencies import Dependencies, Micros
from pulse_telemetry_gateway.routes.displays import GivenName, SeriesId

router = APIRouter()
_DELETES, _RENAMES = [require("telemetry.delete")], [require("telemetry.manage")]
DryRun = Annotated[bool, Query(description="count the readings without deleting them")]
Device = Annotated[DeviceName, Path(description="the device id", examples=["press-4"])]


class ErasedView(BaseModel):
    """Number of series and readings that were deleted, or that a request without `dry_run` would delete."""

    series: int
    readings: int
    dry_run: bool


class DeviceNameChange(BaseModel):
    """`name`: null restores the name that the device declared."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Press in hall B"}]})

    name: GivenName | None


class RangeQuery(BaseModel):
    """[from, to) in microseconds."""

    start: Annotated[Micros, Field(alias="from")]
    end: Annotated[Micros, Field(alias="to")]
    dry_run: bool = False


@router.delete(
    "/series/{series_id}", operation_id="delete_series", dependencies=_DELETES, responses=responses(UnknownSeries)
)
async def delete_series(
    deps: Dependencies, series_id: SeriesId, caller: CurrentCaller, *, dry_run: DryRun = False
) -> ErasedView:
    """Delete a series with all its readings. The series returns when the device sends it again."""
    async with deps.concurrency.slot():
        return _view(await deps.erasure.series(series_id, caller, is_dry_run=dry_run), is_dry_run=dry_run)


@router.delete(
    "/series/{series_id}/readings",
    operation_id="delete_readings",
    dependencies=_DELETES,
    responses=responses(UnknownSeries, InvalidRange),
)
async def delete_readings(
    deps: Dependencies, series_id: SeriesId, query: Annotated[RangeQuery, Query()], caller: CurrentCaller
) -> ErasedView:
    """Delete the readings of a series in [from, to). Where single readings were removed by retention, whole minutes and
    hours at the edges are deleted."""
    async with deps.concurrency.slot():
        span = query.start, query.end
        found = await deps.erasure.range(series_id, span, caller, is_dry_run=query.dry_run)
    return _view(found, is_dry_run=query.dry_run)


@router.delete(
    "/devices/{device}", operation_id="delete_device", dependencies=_DELETES, responses=responses(UnknownDevice)
)
async def delete_device(
    deps: Dependencies, device: Device, caller: CurrentCaller, *, dry_run: DryRun = False
) -> ErasedView:
    """Delete a device with all its series and readings. Its ledger records them as removed. Delete its account (`DELETE
    /api/collectors/{id}`) first, or the device returns when it sends again."""
    async with deps.concurrency.slot():
        return _view(await deps.erasure.device(device, caller, is_dry_run=dry_run), is_dry_run=dry_run)


@router.patch(
    "/devices/{device}",
    operation_id="rename_device",
    status_code=204,
    dependencies=_RENAMES,
    responses=responses(UnknownDevice),
)
async def rename_device(deps: Dependencies, device: Device, change: DeviceNameChange, caller: CurrentCaller) -> None:
    """Set the name of a device. Its id stays."""
    await deps.renaming.device(device, change.name, caller)


def _view(found: ErasureResult, *, is_dry_run: bool) -> ErasedView:
    return ErasedView(series=found.series, readings=found.readings, dry_run=is_dry_run)
