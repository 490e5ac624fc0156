"""The quarantine over HTTP, for administrators."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from pulse_chassis.http.problems import responses
from pulse_chassis.identity.caller import CurrentCaller
from pulse_chassis.identity.principal import require
from pulse_contracts.message import DeviceName
from pulse_contracts.times import from_micros, to_micros
from pulse_telemetry_gateway.model.errors import ForeignCursor, UnknownMessage
from pulse_telemetry_gateway.model.quarantine_reasons import explain
from pulse_telemetry_gateway.routes.dependencies import Dependencies

router = APIRouter(dependencies=[require("telemetry.manage")])
_ID_MAX = 2**63 - 1
_LAST_MICROS = 253_000_000_000_000_000
"""In the year 9987."""


_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


class MessageView(BaseModel):
    """`size`: bytes that are kept of the message, at most the first 64 KiB."""

    id: int
    address: str
    code: str
    detail: str
    size: int
    received: datetime


class Messages(BaseModel):
    """Newest first. `next`: the `cursor` of the next page; null: this is the last page."""

    items: list[MessageView]
    next: int | None


@router.get("/quarantine", operation_id="list_quarantine")
async def messages(
    deps: Dependencies,
    cursor: Annotated[int, Query(ge=1, le=_ID_MAX)] = _ID_MAX,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    reason: Annotated[int | None, Query(ge=1, le=_ID_MAX, description="the `id` of a reason")] = None,
) -> Messages:
    """Quarantined messages with their reasons. The newest hundred of equal ones are kept."""
    async with deps.concurrency.slot():
        found = await deps.quarantine.newest(cursor, limit + 1, reason)
    items = [
        MessageView(id=m.id, address=m.address, code=m.code, detail=m.detail, size=m.size, received=m.received)
        for m in found[:limit]
    ]
    return Messages(items=items, next=items[-1].id if len(found) > limit else None)


class ReasonView(BaseModel):
    """`n` messages of one topic were rejected for this reason. `text` explains it. `newest`: a message that is still
    kept; null: none is."""

    id: int
    address: str
    code: str
    detail: str
    text: str
    n: int
    first_at: datetime
    last_at: datetime
    newest: int | None


class Reasons(BaseModel):
    """Newest first. `next`: the `cursor` of the next page; null: this is the last page."""

    items: list[ReasonView]
    next: str | None


@router.get("/quarantine/reasons", operation_id="list_quarantine_reasons", responses=responses(ForeignCursor))
async def reasons(
    deps: Dependencies,
    cursor: Annotated[str | None, Query(max_length=48, pattern=r"^[0-9_]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    device: DeviceName | None = None,
) -> Reasons:
    """Reasons of the quarantined messages of all devices, or of one, with their counts."""
    before = None if cursor is None else _place(cursor)
    async with deps.concurrency.slot():
        found = await deps.quarantine.reasons(before, limit + 1, device)
    items = [
        ReasonView(
            id=one.id,
            address=one.address,
            code=one.code,
            detail=one.detail,
            text=explain(one.code, one.detail),
            n=one.n,
            first_at=one.first,
            last_at=one.last,
            newest=one.newest,
        )
        for one in found[:limit]
    ]
    last = items[-1] if len(found) > limit else None
    return Reasons(items=items, next=f"{to_micros(last.last_at)}_{last.id}" if last else None)


def _place(cursor: str) -> tuple[datetime, int]:
    at, _, number = cursor.partition("_")
    if not (at.isdecimal() and number.isdecimal()) or int(at) > _LAST_MICROS or int(number) > _ID_MAX:
        raise ForeignCursor("the cursor is invalid: start again without one")
    return from_micros(int(at)), int(number)


@router.get(
    "/quarantine/{number}",
    operation_id="download_quarantined",
    response_class=Response,
    responses=responses(UnknownMessage) | _BYTES,
)
async def payload(
    deps: Dependencies, number: Annotated[int, Path(ge=1, le=_ID_MAX)], caller: CurrentCaller
) -> Response:
    """The bytes of a message, as they arrived."""
    async with deps.concurrency.slot():
        found = await deps.quarantine.payload(number)
    if found is None:
        raise UnknownMessage(f"unknown message {number}")
    await deps.audit.downloaded(number, actor=caller.account, address=caller.address, request_id=caller.request_id)
    headers = {
        "Content-Disposition": f'attachment; filename="quarantine-{number}.bin"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found, media_type="application/octet-stream", headers=headers)
