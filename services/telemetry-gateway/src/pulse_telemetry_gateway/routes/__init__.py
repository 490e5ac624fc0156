"""HTTP API of telemetry for signed-in callers: devices, series, history, exports, the ledger, the quarantine, commands
to collectors, and dashboards."""

from fastapi import APIRouter

from pulse_chassis.identity.principal import require
from pulse_telemetry_gateway.routes import (
    commands,
    dashboards,
    displays,
    erasure,
    export,
    history,
    ledger,
    plain,
    quarantine,
    registry,
)
from pulse_telemetry_gateway.routes.dependencies import TelemetryDependencies

__all__ = ["BODY_LIMITS", "TelemetryDependencies", "router"]

router = APIRouter(prefix="/api/telemetry", tags=["telemetry"], dependencies=[require("telemetry.read")])
BODY_LIMITS = {f"{router.prefix}{dashboards.router.prefix}": dashboards.MAX_DASHBOARD}
for part in (registry, history, erasure, export, ledger, plain, quarantine, commands, dashboards, displays):
    router.include_router(part.router)
