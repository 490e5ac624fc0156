"""What nobody could read, for administrators."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from pulse_chassis.caller import CurrentCaller
from pulse_chassis.principal import require
from pulse_chassis.problems import responses
from pulse_contracts.errors import DomainError
from pulse_telemetry_gateway.routes.given import Given

router = APIRouter(dependencies=[require("telemetry.manage")])
_ID_MAX = 2**63 - 1


class GoneMessage(DomainError):
    """It was never there, or is no longer."""

    code, status = "not_found", 404


_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


class MessageView(BaseModel):
    """`size`: bytes that are kept of it, the first 64 KiB at most."""

    id: int
    address: str
    code: str
    detail: str
    size: int
    received: datetime


class Messages(BaseModel):
    """Newest first. `next`: the `cursor` of the following page; null: this was the last one."""

    items: list[MessageView]
    next: int | None


@router.get("/quarantine", operation_id="list_quarantine")
async def messages(
    given: Given,
    cursor: Annotated[int, Query(ge=1, le=_ID_MAX)] = _ID_MAX,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Messages:
    """The messages that were put away, with the reason."""
    async with given.turns.turn():
        found = await given.quarantine.newest(cursor, limit + 1)
    items = [
        MessageView(id=m.id, address=m.address, code=m.code, detail=m.detail, size=m.size, received=m.received)
        for m in found[:limit]
    ]
    return Messages(items=items, next=items[-1].id if len(found) > limit else None)


@router.get(
    "/quarantine/{number}",
    operation_id="download_quarantined",
    response_class=Response,
    responses=responses(GoneMessage) | _BYTES,
)
async def payload(given: Given, number: Annotated[int, Path(ge=1, le=_ID_MAX)], caller: CurrentCaller) -> Response:
    """Its bytes, as they came."""
    async with given.turns.turn():
        found = await given.quarantine.payload(number)
    if found is None:
        raise GoneMessage(f"there is no message {number}")
    await given.notes.downloaded(number, actor=caller.account, address=caller.address, request_id=caller.request_id)
    headers = {
        "Content-Disposition": f'attachment; filename="quarantine-{number}.bin"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found, media_type="application/octet-stream", headers=headers)
