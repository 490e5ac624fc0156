"""Incidents: administrators report, change and close them, everybody who is signed in sees them."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.preconditions import PRECONDITION_PROBLEMS, TAGGED, IfMatch, tag
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import caller_of
from pulse_chassis.identity.principal import Principal, RevocationsUnknown, require
from pulse_contracts.message import PRINTABLE
from pulse_contracts.times import from_micros, to_micros
from pulse_telemetry_gateway.actions.displays import Editor
from pulse_telemetry_gateway.model.errors import ForeignCursor
from pulse_telemetry_gateway.model.incidents import (
    Incident,
    IncidentEndsBeforeStart,
    Report,
    TooManyIncidents,
    UnknownIncident,
)
from pulse_telemetry_gateway.routes.dependencies import Dependencies
from pulse_telemetry_gateway.routes.panels import MULTILINE
from pulse_telemetry_gateway.routes.saving import After, ObjectId, RequestBody
from pulse_telemetry_gateway.routes.status import WatchedService
from pulse_telemetry_gateway.store.incidents import IncidentKey

router = APIRouter(prefix="/incidents", route_class=IdempotentRoute)
_PAGE, _RATE = 100, "60/minute"
_CHANGES = (UnknownIncident, TooManyRequests, RevocationsUnknown, *PRECONDITION_PROBLEMS)
_EXAMPLE: dict[str, Any] = {
    "title": "Live view slow",
    "text": "A report over two years holds back the live view.",
    "services": ["telemetry-gateway"],
    "started_at": "2026-11-20T09:02:00Z",
    "ended_at": None,
}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")
_FIRST, _LAST = (datetime.fromisoformat(f"{year}-01-01T00:00:00Z") for year in (1970, 2255))


def _rfc3339(value: object) -> object:
    """Rejects what else pydantic takes for a time, such as numbers."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("must be a time as in RFC 3339, such as 2026-11-20T09:02:00Z")
    return value


def _within_range(value: datetime) -> datetime:
    if not _FIRST <= value <= _LAST:
        raise ValueError("must be in the years 1970 to 2254")
    return value


_Time = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_within_range)]


class IncidentBody(RequestBody):
    """`services`: those that it affects. `ended_at`: null while it lasts; set it to close the incident."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    title: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True, pattern=PRINTABLE)]
    text: Annotated[str, StringConstraints(max_length=2_000, strip_whitespace=True, pattern=MULTILINE)]
    services: Annotated[list[WatchedService], Field(max_length=6)]
    started_at: _Time
    ended_at: _Time | None

    def report(self) -> Report:
        """What is stored."""
        services = tuple(dict.fromkeys(self.services))
        return Report(self.title, self.text, services, self.started_at, self.ended_at)


class IncidentView(BaseModel):
    """`created_by`, `updated_by`: ids of accounts. The names are those in their access tokens at that time."""

    id: UUID
    title: str
    text: str
    services: list[WatchedService]
    started_at: datetime
    ended_at: datetime | None
    version: int
    created_at: datetime
    created_by: str
    created_by_name: str
    updated_at: datetime
    updated_by: str
    updated_by_name: str


class IncidentPage(BaseModel):
    """Newest first. `next`: the `after` of the next page; null: this is the last page."""

    items: list[IncidentView]
    next: str | None


async def _editor(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("incidents.manage")]
) -> Editor:
    await deps.limits.check("incidents", _RATE, principal.account)
    return Editor(caller_of(request, principal), principal.name or principal.email)


_Editor = Annotated[Editor, Depends(_editor)]


@router.get("", operation_id="list_reported_incidents", responses=responses(ForeignCursor))
async def incidents(
    deps: Dependencies, after: After = None, limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE
) -> IncidentPage:
    """The incidents in pages, newest first."""
    key = _key(after)
    async with deps.concurrency.slot():
        found = await deps.incidents.page(key, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return IncidentPage(
        items=[_view(one) for one in found[:limit]],
        next=f"{to_micros(last.report.started_at)}/{last.id}" if last else None,
    )


@router.post(
    "",
    operation_id="report_incident",
    status_code=201,
    responses={
        201: TAGGED | {"description": "Created"},
        **responses(
            IncidentEndsBeforeStart, TooManyIncidents, TooManyRequests, RevocationsUnknown, *IDEMPOTENCY_PROBLEMS
        ),
    },
)
async def report(
    request: Request,
    response: Response,
    deps: Dependencies,
    editor: _Editor,
    body: IncidentBody,
    _: IdempotencyKey = None,
) -> IncidentView:
    """Report an incident. There are at most 1,000."""
    async with deps.concurrency.slot():
        added = await deps.incidents.report(body.report(), editor)
    response.headers["Location"] = f"{request.url.path}/{added.id}"
    return _tagged(response, added)


@router.get("/{id:uuid}", operation_id="get_reported_incident", responses={200: TAGGED, **responses(UnknownIncident)})
async def incident(response: Response, deps: Dependencies, id_: ObjectId) -> IncidentView:
    """Get an incident."""
    async with deps.concurrency.slot():
        return _tagged(response, await deps.incidents.find(id_))


@router.put(
    "/{id:uuid}",
    operation_id="update_reported_incident",
    responses={200: TAGGED, **responses(IncidentEndsBeforeStart, *_CHANGES)},
)
async def update(
    response: Response, deps: Dependencies, editor: _Editor, precondition: IfMatch, id_: ObjectId, body: IncidentBody
) -> IncidentView:
    """Replace an incident. To close it, set `ended_at`."""
    async with deps.concurrency.slot():
        return _tagged(response, await deps.incidents.replace(id_, body.report(), precondition, editor))


@router.delete("/{id:uuid}", operation_id="delete_reported_incident", status_code=204, responses=responses(*_CHANGES))
async def delete(deps: Dependencies, editor: _Editor, precondition: IfMatch, id_: ObjectId) -> Response:
    """Delete an incident."""
    async with deps.concurrency.slot():
        await deps.incidents.delete(id_, precondition, editor)
    return Response(status_code=204)


def _key(after: str | None) -> IncidentKey | None:
    if after is None:
        return None
    started, _, id_ = after.partition("/")
    try:
        return from_micros(int(started)), UUID(id_)
    except (ValueError, OverflowError) as error:
        raise ForeignCursor("the cursor is invalid: start again without one") from error


def _tagged(response: Response, one: Incident) -> IncidentView:
    tag(response, one.version)
    return _view(one)


def _view(one: Incident) -> IncidentView:
    return IncidentView.model_validate(
        {
            "id": one.id,
            "title": one.report.title,
            "text": one.report.text,
            "services": list(one.report.services),
            "started_at": one.report.started_at,
            "ended_at": one.report.ended_at,
            "version": one.version,
            "created_at": one.created_at,
            "created_by": one.created_by,
            "created_by_name": one.created_by_name,
            "updated_at": one.updated_at,
            "updated_by": one.updated_by,
            "updated_by_name": one.updated_by_name,
        }
    )
