"""HTTP to actions: devices, series, readings and the ledger, for whoever is signed in."""

from datetime import datetime
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field

from pulse_chassis.principal import current
from pulse_contracts.errors import DomainError
from pulse_contracts.message import DeviceName
from pulse_telemetry_gateway.actions.history import History
from pulse_telemetry_gateway.model.columns import BOOL, FLOAT, TYPES
from pulse_telemetry_gateway.model.ranges import union
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.registry import RegistryStore

Micros = Annotated[int, Query(ge=-(2**53), le=2**53)]
_Value = bool | int | float


class DeviceView(BaseModel):
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
    t: int
    v: _Value


class SeriesView(BaseModel):
    id: int
    device: str
    name: str
    display_name: str
    type: Literal["int", "float", "bool"]
    unit: str
    interval_us: int | None
    latest: LatestView | None


class ReadingsView(BaseModel):
    """Real readings, ascending in time; when `sampled`, first, minimum, maximum and last of each bucket."""

    series: int
    from_: Annotated[int, Field(alias="from", serialization_alias="from")]
    to: int
    n: int
    sampled: bool
    t: list[int]
    v: list[_Value]


class EpochView(BaseModel):
    """One life of the device's counter. `complete`: every number below `next` is stored, refused or dropped."""

    epoch: str
    ord: int
    next: int
    settled: list[tuple[int, int]]
    stored: int
    refused: int
    dropped: int
    complete: bool


class Devices(BaseModel):
    items: list[DeviceView]


class AllSeries(BaseModel):
    items: list[SeriesView]


class Ledger(BaseModel):
    device: str
    epochs: list[EpochView]


class UnknownDevice(DomainError):
    """There is no such device."""

    code, status = "not_found", 404


class TelemetryRoutes:
    """The routes and what they need."""

    def __init__(self, registry: RegistryStore, ledger: LedgerStore, history: History, clock_suspect_us: int) -> None:
        self.registry, self.ledger, self.history, self.clock_suspect_us = registry, ledger, history, clock_suspect_us


router = APIRouter(prefix="/api/telemetry", tags=["telemetry"], dependencies=[Depends(current)])


def _given(request: Request) -> TelemetryRoutes:
    given: TelemetryRoutes = request.app.state.telemetry
    return given


@router.get("/devices")
async def devices(request: Request) -> Devices:
    """Every device, by id."""
    given = _given(request)
    return Devices(
        items=[
            DeviceView(
                id=device.name,
                name=device.display_name or device.name,
                online=device.online,
                last_seen_at=device.last_seen,
                clock_offset_us=device.clock_offset,
                clock_suspect=abs(device.clock_offset or 0) > given.clock_suspect_us,
                series_count=device.series_count,
                waiting=device.waiting,
                promise="at_least_once" if device.is_plain else "exactly_once",
                cloned=device.is_cloned,
            )
            for device in await given.registry.devices()
        ]
    )


@router.get("/series")
async def series(request: Request, device: DeviceName | None = None) -> AllSeries:
    """Every series, or those of one device, with the newest reading."""
    found = await _given(request).registry.series(device)
    return AllSeries(
        items=[
            SeriesView(
                id=entry.id,
                device=entry.device,
                name=entry.name,
                display_name=entry.display_name,
                type=entry.type,
                unit=entry.unit,
                interval_us=entry.interval_us,
                latest=None
                if entry.t is None or entry.word is None
                else LatestView(t=entry.t, v=_value(entry.word, TYPES.index(entry.type))),
            )
            for entry in found
        ]
    )


@router.get("/series/{series_id}/readings")
async def readings(
    request: Request,
    series_id: Annotated[int, Path(ge=0, lt=2**31)],
    start: Annotated[Micros, Query(alias="from")],
    end: Annotated[Micros, Query(alias="to")],
    points: Annotated[int, Query(ge=4, le=5_000)] = 1_200,
) -> ReadingsView:
    """Readings of [from, to) in microseconds, at most `points` of them."""
    found = await _given(request).history.readings(series_id, start, end, points)
    return ReadingsView.model_construct(
        series=series_id, from_=start, to=end, n=found.n, sampled=found.is_sampled, t=found.t, v=found.v
    )


@router.get("/devices/{device}/ledger")
async def ledger(request: Request, device: Annotated[DeviceName, Path()]) -> Ledger:
    """The proof: what became of every sequence number that the device ever gave."""
    given = _given(request)
    if device not in {known.name for known in await given.registry.devices()}:
        raise UnknownDevice(f"there is no device {device}")
    epochs = await given.ledger.of_device(await given.registry.device_id(device))
    return Ledger(
        device=device,
        epochs=[
            EpochView(
                epoch=str(entry.epoch),
                ord=entry.ord,
                next=entry.next,
                settled=entry.settled,
                stored=entry.stored,
                refused=entry.refused,
                dropped=entry.dropped,
                complete=union(entry.settled) == ([(0, entry.next)] if entry.next else [])
                and entry.stored + entry.refused + entry.dropped == entry.next,
            )
            for entry in epochs
        ],
    )


def _value(word: int, kind: int) -> _Value:
    if kind == FLOAT:
        return float(np.int64(word).view(np.float64))
    return bool(word) if kind == BOOL else word
