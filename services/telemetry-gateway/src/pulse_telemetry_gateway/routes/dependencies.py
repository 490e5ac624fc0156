"""What the routes need. The assembly puts it into `app.state.telemetry`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import Depends, Request
from pydantic import Field

from pulse_chassis.http.rate_limits import RateLimits
from pulse_telemetry_gateway.actions.annotations import Annotations
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.actions.availability import Watch
from pulse_telemetry_gateway.actions.certificates import Certificates
from pulse_telemetry_gateway.actions.commands import Commands
from pulse_telemetry_gateway.actions.concurrency_limit import ConcurrencyLimit
from pulse_telemetry_gateway.actions.displays import Displays
from pulse_telemetry_gateway.actions.erasure import Erasure
from pulse_telemetry_gateway.actions.export import Export
from pulse_telemetry_gateway.actions.history import History
from pulse_telemetry_gateway.actions.incidents import Incidents
from pulse_telemetry_gateway.actions.intake_rate import IntakeRate
from pulse_telemetry_gateway.actions.pages import Pages
from pulse_telemetry_gateway.actions.plain_settings import PlainDeviceSettings
from pulse_telemetry_gateway.actions.renaming import Renaming
from pulse_telemetry_gateway.actions.retention_settings import RetentionSettings
from pulse_telemetry_gateway.actions.saved_objects import SavedObjects
from pulse_telemetry_gateway.actions.share_links import ShareLinks
from pulse_telemetry_gateway.actions.verification import Verification
from pulse_telemetry_gateway.model.errors import UnknownDevice
from pulse_telemetry_gateway.model.storage.columns import BOOL, FLOAT
from pulse_telemetry_gateway.store.connections import ConnectionStore
from pulse_telemetry_gateway.store.quarantine import QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.search import SeriesSearch

Micros = Annotated[int, Field(ge=-(2**53), le=2**53)]
Value = bool | int | float


@dataclass(frozen=True)
class TelemetryDependencies:
    """concurrency: limits requests that use the database, except history, which has its own limit. public_concurrency:
    the same for requests without an account. clock_suspect: microseconds."""

    registry: RegistryStore
    history: History
    pages: Pages
    verification: Verification
    export: Export
    quarantine: QuarantineStore
    clock_suspect: int
    concurrency: ConcurrencyLimit
    audit: AuditTrail
    plain: PlainDeviceSettings
    erasure: Erasure
    renaming: Renaming
    clock: Callable[[], int]
    limits: RateLimits
    commands: Commands
    dashboards: SavedObjects
    questions: SavedObjects
    displays: Displays
    annotations: Annotations
    share_links: ShareLinks
    public_concurrency: ConcurrencyLimit
    connections: ConnectionStore
    retention: RetentionSettings
    watch: Watch
    certificates: Certificates
    intake_rate: IntakeRate
    incidents: Incidents
    search: SeriesSearch

    async def device_id(self, device: str) -> int:
        """The device's number. Raises UnknownDevice."""
        found = await self.registry.find(device)
        if found is None:
            raise UnknownDevice(f"unknown device {device}")
        return found


def _dependencies(request: Request) -> TelemetryDependencies:
    """The dependencies of this process."""
    found: TelemetryDependencies = request.app.state.telemetry
    return found


Dependencies = Annotated[TelemetryDependencies, Depends(_dependencies)]


def value(word: int, kind: int) -> Value:
    """The value of a 64-bit word."""
    if kind == FLOAT:
        return float(np.int64(word).view(np.float64))
    return bool(word) if kind == BOOL else word
