"""HTTP API of telemetry for signed-in callers: devices, series, history, exports, the ledger, the quarantine, commands
to collectors, what people save (dashboards, questions, annotations, how series are shown), status and incidents."""

from fastapi import APIRouter

from pulse_chassis.identity.principal import require
from pulse_telemetry_gateway.routes import (
    annotations,
    commands,
    connections,
    dashboards,
    displays,
    erasure,
    export,
    history,
    incidents,
    ledger,
    plain,
    quarantine,
    questions,
    registry,
    retention,
    share_links,
    status,
)
from pulse_telemetry_gateway.routes.dependencies import TelemetryDependencies

__all__ = ["BODY_LIMITS", "TelemetryDependencies", "public", "router"]

public = share_links.public
"""Routes that need no account."""

router = APIRouter(prefix="/api/telemetry", tags=["telemetry"], dependencies=[require("telemetry.read")])
BODY_LIMITS = {f"{router.prefix}{dashboards.router.prefix}": dashboards.MAX_DASHBOARD}
_PARTS = (
    registry,
    history,
    erasure,
    export,
    ledger,
    connections,
    plain,
    quarantine,
    commands,
    dashboards,
    share_links,
    questions,
    displays,
    annotations,
    retention,
    status,
    incidents,
)
for part in _PARTS:
    router.include_router(part.router)
