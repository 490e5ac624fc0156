"""HTTP API of telemetry for signed-in callers: devices, series, history, exports, the ledger, the quarantine, and
commands to collectors."""

from fastapi import APIRouter

from pulse_chassis.identity.principal import require
from pulse_telemetry_gateway.routes import commands, erasure, export, history, ledger, plain, quarantine, registry
from pulse_telemetry_gateway.routes.dependencies import TelemetryDependencies

__all__ = ["TelemetryDependencies", "router"]

router = APIRouter(prefix="/api/telemetry", tags=["telemetry"], dependencies=[require("telemetry.read")])
for part in (registry, history, erasure, export, ledger, plain, quarantine, commands):
    router.include_router(part.router)
