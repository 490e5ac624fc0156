"""Devices and series over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pulse_chassis.http.problems import responses
from pulse_contracts.message import PRINTABLE, DeviceName, ValueType, is_device_name
from pulse_contracts.times import from_micros
from pulse_telemetry_gateway.actions.history import AHEAD_AFTER
from pulse_telemetry_gateway.model.errors import ForeignCursor, InvalidSeries, TooMuch
from pulse_telemetry_gateway.model.storage.columns import TYPES
from pulse_telemetry_gateway.routes.dependencies import Dependencies, TelemetryDependencies, Value, value
from pulse_telemetry_gateway.routes.displays import limit_view
from pulse_telemetry_gateway.routes.history import numbers
from pulse_telemetry_gateway.routes.panels import Limit
from pulse_telemetry_gateway.store.registry import SeriesKey
from pulse_telemetry_gateway.store.registry_rows import Series
from pulse_telemetry_gateway.store.search import Search, words_of


class DeviceView(BaseModel):
    """`promise`: readings of a collector are stored exactly once, which its ledger proves; those of a plain device at
    least once. `cloned`: two machines took this identity from each other within the last hour. `waiting`: readings in
    the collector's backlog, `oldest_waiting`: when the oldest of them was taken. `buffer_fill`: how full its buffer is,
    from 0 to 1; `full_at`: when it will be full if nothing changes, sent once it is half full. `lag_us`: how old the
    newest reading of the last batch was when it was received. `quarantined`: messages that were rejected and counted.
    Of a flood, only a part is. `dropped`: readings that the collector gave up, because its disk was full or damaged, or
    that a restored database no longer has."""

    id: str
    name: str
    online: bool | None
    last_seen_at: datetime | None
    clock_offset_us: int | None
    clock_suspect: bool
    series_count: int
    version: str
    waiting: int | None
    oldest_waiting: datetime | None
    buffer_fill: float | None
    full_at: datetime | None
    lag_us: int | None
    quarantined: int
    dropped: int
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
    """`next`: the `after` of the next page; null: this is the last page. `truncated`: whether there is a next page.
    `total`: the number of series on all pages; null after the first page."""

    items: list[SeriesView]
    next: str | None
    truncated: bool
    total: int | None


router = APIRouter()
_DEVICES = 10_000
_SERIES = 10_000
_IDS = 200


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
                version=device.version,
                waiting=device.waiting,
                oldest_waiting=None if device.oldest_waiting is None else from_micros(device.oldest_waiting),
                buffer_fill=device.buffer_fill,
                full_at=device.full_at,
                lag_us=device.lag,
                quarantined=device.quarantined,
                dropped=device.dropped,
                promise="at_least_once" if device.is_plain else "exactly_once",
                cloned=device.is_cloned,
            )
            for device in found[:limit]
        ],
    )


class SeriesQuery(BaseModel):
    """Which series to list. `ids`: only these, of which unknown ones are left out. `q`: words; each must occur in a
    name of the series or of its device, or in the unit, in any case and with or without accents."""

    device: DeviceName | None = None
    ids: Annotated[str | None, Field(max_length=2_400, description="At most 200 ids", examples=["1,2,3"])] = None
    q: Annotated[str | None, Field(max_length=100, description="Words to search for", examples=["oil temp"])] = None
    type: ValueType | None = None
    unit: Annotated[
        str | None,
        Field(max_length=32, pattern=PRINTABLE, description="Only numbers shown with this unit; empty: without a unit"),
    ] = None
    after: Annotated[str | None, Field(max_length=256, description="`next` of the previous page")] = None
    limit: Annotated[int, Field(ge=1, le=_SERIES)] = _SERIES


@router.get("/series", operation_id="list_series", responses=responses(ForeignCursor, InvalidSeries, TooMuch))
async def series(deps: Dependencies, query: Annotated[SeriesQuery, Query()]) -> AllSeries:
    """The series of all devices or of one, with their newest readings, in pages, ordered by device, name and type. With
    `ids`, the answer has one page and the other parameters have no effect."""
    if query.ids is not None:
        chosen = numbers(query.ids)
        if len(chosen) > _IDS:
            raise TooMuch(f"ask for at most {_IDS} series at once, not {len(chosen)}")
        async with deps.concurrency.slot():
            listed = await deps.registry.series_by_ids(chosen)
        items = [series_view(entry, deps) for entry in listed]
        return AllSeries(next=None, truncated=False, total=len(items), items=items)
    key, limit = _key(query.after), query.limit
    search = Search(query.device, words_of(query.q or ""), query.type, query.unit)
    total: int | None
    async with deps.concurrency.slot():
        if search.is_plain:
            found = await deps.registry.series(query.device, key, limit + 1)
            is_counted = query.after is None and len(found) > limit
            total = await deps.search.count(query.device) if is_counted else len(found)
        else:
            ids, total = await deps.search.find(search, key, limit + 1)
            found = await deps.registry.series_by_ids(ids) if ids else []
    last = found[limit - 1] if len(found) > limit else None
    return AllSeries(
        next=None if last is None else f"{last.device}/{last.name}/{last.type}",
        truncated=last is not None,
        total=total if query.after is None else None,
        items=[series_view(entry, deps) for entry in found[:limit]],
    )


class UnitView(BaseModel):
    """`unit`: null for switches, "" for numbers without a unit. `series`: how many have it."""

    unit: str | None
    series: int


class Units(BaseModel):
    """The most frequent units first, at most 200."""

    items: list[UnitView]


@router.get("/units", operation_id="list_units")
async def units(deps: Dependencies) -> Units:
    """The units in which the series of all devices are shown."""
    async with deps.concurrency.slot():
        found = await deps.search.units()
    return Units(items=[UnitView(unit=one.unit, series=one.series) for one in found])


def series_view(entry: Series, deps: TelemetryDependencies) -> SeriesView:
    """A series as JSON."""
    latest = None
    if entry.t is not None and entry.word is not None:
        is_ahead = entry.t > deps.clock() + AHEAD_AFTER
        latest = LatestView(t=entry.t, v=value(entry.word, TYPES.index(entry.type)), ahead=is_ahead)
    return SeriesView(
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
        latest=latest,
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
