"""How available the services were, and what the readings use on disk. For everybody who is signed in."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from pulse_bus.mqtt import PeerCertificate
from pulse_contracts.times import from_micros
from pulse_telemetry_gateway.actions.availability import WATCHED, Availability
from pulse_telemetry_gateway.actions.certificates import Authority
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


class CertificateView(BaseModel):
    """`name`: its common name, or an empty text."""

    name: str
    starts_at: datetime
    expires_at: datetime


class CertificatesView(BaseModel):
    """`broker_certificate`: what the broker presents to this gateway, at most five minutes ago; null: it does not use
    TLS, or it cannot be read. `broker_authorities`: those of the configured file, which the gateway trusts; empty
    without one: then the authorities of the operating system count."""

    broker_is_encrypted: bool
    broker_certificate: CertificateView | None
    broker_authorities: list[CertificateView]


class IntakeView(BaseModel):
    """`readings_per_second`: what all gateways together stored in their last 5 s; null: not known.
    `stored_after_seconds`, `stored_after_seconds_p99`: from the arrival of a batch at a gateway until its commit,
    median and 99th percentile of the slowest gateway; null: nothing arrived. `waiting`: readings that collectors have
    not delivered. `oldest_waiting_at`: when the oldest of them was taken, by the clock of its collector."""

    readings_per_second: float | None
    stored_after_seconds: float | None
    stored_after_seconds_p99: float | None
    devices_online: int
    devices_known: int
    waiting: int
    oldest_waiting_at: datetime | None


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
    found = await deps.certificates.report()
    return CertificatesView(
        broker_is_encrypted=found.is_encrypted,
        broker_certificate=_certificate(found.broker) if found.broker else None,
        broker_authorities=[_certificate(one) for one in found.authorities],
    )


@router.get("/intake", operation_id="get_intake")
async def intake(deps: Dependencies) -> IntakeView:
    """How fast readings are stored, and how many wait on devices."""
    async with deps.concurrency.slot():
        rate, fleet = await deps.intake_rate.rate(), await deps.intake_rate.fleet()
    return IntakeView(
        readings_per_second=rate.readings,
        stored_after_seconds=rate.wait_median,
        stored_after_seconds_p99=rate.wait_p99,
        devices_online=fleet.online,
        devices_known=fleet.known,
        waiting=fleet.waiting,
        oldest_waiting_at=None if fleet.oldest_waiting is None else from_micros(fleet.oldest_waiting),
    )


def _certificate(found: Authority | PeerCertificate) -> CertificateView:
    return CertificateView(name=found.name, starts_at=found.starts, expires_at=found.expires)


def _service(service: str, found: Availability, days: int) -> ServiceAvailabilityView:
    known = {one.day: one for one in found.days if one.service == service}
    views = []
    for back in range(days - 1, -1, -1):
        day = found.today - timedelta(days=back)
        one = known.get(day)
        views.append(ServiceDayView(day=day, up_seconds=one.up if one else 0, down_seconds=one.down if one else 0))
    return ServiceAvailabilityView.model_validate({"service": service, "is_up": found.is_up[service], "days": views})
