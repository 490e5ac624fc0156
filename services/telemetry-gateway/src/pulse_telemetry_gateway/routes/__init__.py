"""HTTP to actions, for whoever is signed in: devices and series, history, the ledger."""

from fastapi import APIRouter, Depends

from pulse_chassis.principal import current
from pulse_telemetry_gateway.routes import history, ledger, registry
from pulse_telemetry_gateway.routes.given import TelemetryRoutes

__all__ = ["TelemetryRoutes", "router"]

router = APIRouter(prefix="/api/telemetry", tags=["telemetry"], dependencies=[Depends(current)])
for part in (registry, history, ledger):
    router.include_router(part.router)
