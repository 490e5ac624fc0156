"""Devices and series over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from pulse_chassis.http.problems import responses
from pulse_contracts.message import DeviceName, is_device_name
from pulse_telemetry_gateway.actions.history import AHEAD_AFTER
from pulse_telemetry_gateway.model.errors import ForeignCursor
from pulse_telemetry_gateway.model.storage.columns import TYPES
from pulse_telemetry_gateway.routes.dependencies import Dependencies, Value, value
from pulse_telemetry_gateway.routes.displays import limit_view
from pulse_telemetry_gateway.routes.panels import Limit
from pulse_telemetry_gateway.store.registry import SeriesKey


class DeviceView(BaseModel):
    """`promise`: readings of a collector are stored exactly once, which its ledger proves; those of a plain device at
    least once. `cloned`: two machines took this identity from each other within the last hour."""

    id: str
    name: str
    online: bool | None
    last_seen_at: datetime | None
    clock_offset_us: int | None
    clock_suspect: bool
    series_count: int
    waiting: int | None
    promise: Literal["exactly_once", "at_least_once"]
    cloned: bool


class LatestView(BaseModel):
    """`ahead`: the time is in the future, because the device's clock is wrong."""

    t: int
    v: Value
    ahead: bool


class SeriesView(BaseModel):
    """`unit`: the unit to show. `display_unit`: the one that people set, or null. `decimals`, `limits`, `expected_min`,
    `expected_max`: see `GET …/series/{id}/display`."""

    id: int
    device: str
    name: str
    display_name: str
    type: Literal["int", "float", "bool"]
    unit: str
    display_unit: str | None
    decimals: int | None
    limits: list[Limit]
    expected_min: float | None
    expected_max: float | None
    interval_us: int | None
    latest: LatestView | None


class Devices(BaseModel):
    """`next`: the `after` of the next page; null: this is the last page."""

    items: list[DeviceView]
    next: str | None


class AllSeries(BaseModel):
    """`next`: the `after` of the next page; null: this is the last page. `truncated`: whether there is a next page."""

    items: list[SeriesView]
    next: str | None
    truncated: bool


router = APIRouter()
_DEVICES = 10_000
_SERIES = 10_000


@router.get("/devices", operation_id="list_devices")
async def devices(
    deps: Dependencies,
    after: DeviceName | None = None,
    limit: Annotated[int, Query(ge=1, le=_DEVICES)] = _DEVICES,
) -> Devices:
    """The devices in pages, ordered by id."""
    async with deps.concurrency.slot():
        found = await deps.registry.devices(after or "", limit + 1)
    return Devices(
        next=found[limit - 1].name if len(found) > limit else None,
        items=[
            DeviceView(
                id=device.name,
                name=device.display_name or device.name,
                online=device.online,
                last_seen_at=device.last_seen,
                clock_offset_us=device.clock_offset,
                clock_suspect=abs(device.clock_offset or 0) > deps.clock_suspect,
                series_count=device.series_count,
                waiting=device.waiting,
                promise="at_least_once" if device.is_plain else "exactly_once",
                cloned=device.is_cloned,
            )
            for device in found[:limit]
        ],
    )


@router.get("/series", operation_id="list_series", responses=responses(ForeignCursor))
async def series(
    deps: Dependencies,
    device: DeviceName | None = None,
    after: Annotated[str | None, Query(max_length=256)] = None,
    limit: Annotated[int, Query(ge=1, le=_SERIES)] = _SERIES,
) -> AllSeries:
    """The series of all devices or of one, with their newest readings, in pages, ordered by device, name and type."""
    key = _key(after)
    async with deps.concurrency.slot():
        found = await deps.registry.series(device, key, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return AllSeries(
        next=None if last is None else f"{last.device}/{last.name}/{last.type}",
        truncated=last is not None,
        items=[
            SeriesView(
                id=entry.id,
                device=entry.device,
                name=entry.name,
                display_name=entry.display_name,
                type=entry.type,
                unit=entry.unit,
                display_unit=entry.display_unit,
                decimals=entry.decimals,
                limits=[limit_view(one) for one in entry.limits],
                expected_min=entry.expected_min,
                expected_max=entry.expected_max,
                interval_us=entry.interval_us,
                latest=None
                if entry.t is None or entry.word is None
                else LatestView(
                    t=entry.t,
                    v=value(entry.word, TYPES.index(entry.type)),
                    ahead=entry.t > deps.clock() + AHEAD_AFTER,
                ),
            )
            for entry in found[:limit]
        ],
    )


def _key(after: str | None) -> SeriesKey:
    """A cursor is the last series of the previous page. A name may contain slashes; an id and a type do not."""
    if after is None:
        return "", "", ""
    device, _, rest = after.partition("/")
    name, _, kind = rest.rpartition("/")
    if not is_device_name(device) or not name or kind not in TYPES or "\x00" in name:
        raise ForeignCursor("the cursor is invalid: start again without one")
    return device, name, kind
