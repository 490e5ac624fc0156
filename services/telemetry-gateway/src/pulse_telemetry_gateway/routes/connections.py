"""The history of a device's connections over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from pulse_chassis.http.problems import responses
from pulse_contracts.message import DeviceName
from pulse_telemetry_gateway.model.errors import UnknownDevice
from pulse_telemetry_gateway.routes.dependencies import Dependencies

router = APIRouter()
_EVENTS = 500


class ConnectionEventView(BaseModel):
    """`at`: when the gateway heard that the device went online or offline."""

    id: str
    at: datetime
    online: bool


class ConnectionEvents(BaseModel):
    """Newest first. `next`: the `before` of the next page; null: this is the last page."""

    items: list[ConnectionEventView]
    next: str | None


@router.get("/devices/{device}/connections", operation_id="list_device_connections", responses=responses(UnknownDevice))
async def connections(
    deps: Dependencies,
    device: Annotated[DeviceName, Path()],
    before: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$")] = None,
    limit: Annotated[int, Query(ge=1, le=_EVENTS)] = 100,
) -> ConnectionEvents:
    """When the device went online and offline, in pages. The gateway keeps the newest 10,000 events of a device for 90
    days. An interruption of less than about a second leaves no event. A plain device reports no state and has none."""
    async with deps.concurrency.slot():
        device_id = await deps.device_id(device)
        found = await deps.connections.page(device_id, int(before) if before else None, limit + 1)
    return ConnectionEvents(
        items=[ConnectionEventView(id=str(one.id), at=one.at, online=one.online) for one in found[:limit]],
        next=str(found[limit - 1].id) if len(found) > limit else None,
    )
