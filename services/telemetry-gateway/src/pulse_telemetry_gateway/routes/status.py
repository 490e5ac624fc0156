"""How available the services were, and what the readings use on disk. For everybody who is signed in."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from pulse_telemetry_gateway.actions.availability import WATCHED, Availability
from pulse_telemetry_gateway.model.retention import LEVELS, Kept
from pulse_telemetry_gateway.routes.dependencies import Dependencies

router = APIRouter()
_MOST_DAYS = 90
WatchedService = Literal["users", "auth", "telemetry-gateway", "sync-publisher", "broker", "database"]


class ServiceDayView(BaseModel):
    """Seconds of one day (UTC). Seconds that no gateway watched are in neither: both 0 means that nothing is known."""

    day: date
    up_seconds: float
    down_seconds: float


class ServiceAvailabilityView(BaseModel):
    """`is_up`: now; null: not known. `days`: oldest first, today last."""

    service: WatchedService
    is_up: bool | None
    days: list[ServiceDayView]


class OutageView(BaseModel):
    """`until`: null while the service is down."""

    service: WatchedService
    since: datetime
    until: datetime | None


class AvailabilityView(BaseModel):
    """The services by day, and their outages, newest first."""

    services: list[ServiceAvailabilityView]
    outages: list[OutageView]


class StorageLevelView(BaseModel):
    """`days`: how long the level is kept."""

    level: Kept
    days: float
    bytes: int


class StorageView(BaseModel):
    """`database_bytes`: everything in the database, with other services."""

    database_bytes: int
    levels: list[StorageLevelView]


class AuthorityView(BaseModel):
    """A certificate authority that the gateway trusts for the broker."""

    name: str
    expires_at: datetime


class CertificatesView(BaseModel):
    """`broker_authorities`: those of the configured file; empty without one: then the authorities of the operating
    system count."""

    broker_is_encrypted: bool
    broker_authorities: list[AuthorityView]


@router.get("/availability", operation_id="get_availability")
async def availability(deps: Dependencies, days: Annotated[int, Query(ge=1, le=_MOST_DAYS)] = 30) -> AvailabilityView:
    """How long each service was up and down, by day."""
    async with deps.concurrency.slot():
        found = await deps.watch.report(days)
    return AvailabilityView(
        services=[_service(service, found, days) for service in WATCHED],
        outages=[
            OutageView.model_validate({"service": one.service, "since": one.since, "until": one.until})
            for one in found.outages
        ],
    )


@router.get("/storage", operation_id="get_storage")
async def storage(deps: Dependencies) -> StorageView:
    """What the database and each level of readings use on disk."""
    async with deps.concurrency.slot():
        state, size = await deps.retention.state(), await deps.retention.database_bytes()
    ages = state.setting.days.over(state.defaults)
    levels = [
        StorageLevelView(level=level, days=ages.of(level) / timedelta(days=1), bytes=state.use[level].bytes)
        for level in LEVELS
    ]
    return StorageView(database_bytes=size, levels=levels)


@router.get("/certificates", operation_id="get_certificates")
async def certificates(deps: Dependencies) -> CertificatesView:
    """Which certificates protect the connection of this gateway to the broker, and when they expire."""
    found = await asyncio.to_thread(deps.certificates)
    return CertificatesView(
        broker_is_encrypted=found.is_encrypted,
        broker_authorities=[AuthorityView(name=one.name, expires_at=one.expires) for one in found.authorities],
    )


def _service(service: str, found: Availability, days: int) -> ServiceAvailabilityView:
    known = {one.day: one for one in found.days if one.service == service}
    views = []
    for back in range(days - 1, -1, -1):
        day = found.today - timedelta(days=back)
        one = known.get(day)
        views.append(ServiceDayView(day=day, up_seconds=one.up if one else 0, down_seconds=one.down if one else 0))
    return ServiceAvailabilityView.model_validate({"service": service, "is_up": found.is_up[service], "days": views})
