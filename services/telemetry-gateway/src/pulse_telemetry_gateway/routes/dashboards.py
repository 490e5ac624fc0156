"""Dashboards: what people want to see on one page."""

import json
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.preconditions import TAGGED, IfMatch
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.principal import RevocationsUnknown
from pulse_telemetry_gateway.model.errors import ForeignCursor
from pulse_telemetry_gateway.model.saved_objects import (
    Draft,
    NotTheOwner,
    SavedObject,
    SavedVersion,
    TooManyOwn,
    TooManyShared,
    UnknownSavedObject,
    UnknownVersion,
)
from pulse_telemetry_gateway.routes.dependencies import Dependencies
from pulse_telemetry_gateway.routes.panels import Panel
from pulse_telemetry_gateway.routes.saving import (
    CHANGES,
    After,
    Name,
    ObjectId,
    PageSize,
    Reader,
    RequestBody,
    Shared,
    Version,
    Writer,
    next_of,
    read_key,
    tag_of,
)

router = APIRouter(prefix="/dashboards", route_class=IdempotentRoute)
MAX_DASHBOARD = 256 * 1024
"""Bytes of a request body."""
_MAX_PANELS, _MAX_SERIES = 60, 500
_PANEL: dict[str, Any] = {
    "kind": "number",
    "id": "oil",
    "title": "Oil temperature",
    "x": 0,
    "y": 0,
    "w": 3,
    "h": 4,
    "series": 1,
    "unit": None,
    "decimals": 1,
    "limits": [{"severity": "warning", "direction": "above", "value": 80}],
    "show_sparkline": True,
}
_EXAMPLE: dict[str, Any] = {"examples": [{"name": "Press hall", "shared": False, "panels": [_PANEL]}]}


class DashboardBody(RequestBody):
    """`shared`: everybody may see it; needs `dashboards.share`. At most 60 panels, which show at most 500 series. A
    series that does not exist is accepted: it has no data."""

    model_config = ConfigDict(json_schema_extra=_EXAMPLE)

    name: Name
    shared: Shared
    panels: Annotated[list[Panel], Field(max_length=_MAX_PANELS)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len({panel.id for panel in self.panels}) != len(self.panels):
            raise ValueError("each panel needs an id of its own")
        if (n := len({series for panel in self.panels for series in panel.series_ids()})) > _MAX_SERIES:
            raise ValueError(f"a dashboard may show {_MAX_SERIES} series, and this one has {n}")
        return self

    def draft(self) -> Draft:
        """What is stored."""
        content = json.dumps([panel.model_dump() for panel in self.panels], ensure_ascii=False, separators=(",", ":"))
        return Draft(self.name, self.shared, content, len(self.panels))


class DashboardSummary(BaseModel):
    """`owner`, `updated_by`: ids of accounts. `owner_name`: the owner's name in its access token when the dashboard was
    created. `updated_by_name`: the same of the account that saved this version. An account without a name is named by
    its e-mail."""

    id: UUID
    name: str
    shared: bool
    owner: str
    owner_name: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
    updated_by_name: str
    panel_count: int


class DashboardView(DashboardSummary):
    """A dashboard with its panels."""

    panels: list[Panel]


class DashboardPage(BaseModel):
    """`next`: the `after` of the next page; null: this is the last page."""

    items: list[DashboardSummary]
    next: str | None


class DashboardVersionSummary(BaseModel):
    """One version of a dashboard, and who saved it."""

    version: int
    name: str
    shared: bool
    updated_at: datetime
    updated_by: str
    updated_by_name: str
    panel_count: int


class DashboardVersions(BaseModel):
    """The versions that are kept, newest first: at most 20."""

    items: list[DashboardVersionSummary]


class DashboardVersionView(DashboardVersionSummary):
    """A version with its panels."""

    panels: list[Panel]


@router.get("", operation_id="list_dashboards", responses=responses(ForeignCursor))
async def dashboards(deps: Dependencies, author: Reader, after: After = None, limit: PageSize = 100) -> DashboardPage:
    """Your own dashboards and the shared ones without their panels, in pages, ordered by name."""
    key = read_key(after)
    async with deps.concurrency.slot():
        found = await deps.dashboards.page(author, key, limit + 1, with_content=False)
    return DashboardPage(
        items=[DashboardSummary.model_validate(_summary(one)) for one in found[:limit]], next=next_of(found, limit)
    )


@router.post(
    "",
    operation_id="create_dashboard",
    status_code=201,
    responses={
        201: TAGGED | {"description": "Created"},
        **responses(TooManyOwn, TooManyShared, TooManyRequests, RevocationsUnknown, *IDEMPOTENCY_PROBLEMS),
    },
)
async def create(
    request: Request,
    response: Response,
    deps: Dependencies,
    writer: Writer,
    body: DashboardBody,
    _: IdempotencyKey = None,
) -> DashboardView:
    """Create a dashboard. An account may own 50, and 200 may be shared. The answer to a repeated request with the same
    `Idempotency-Key` is `idempotency_answer_lost` if the first answer had more than 64 KiB."""
    async with deps.concurrency.slot():
        created = await deps.dashboards.create(body.draft(), writer.author, writer.caller)
    tag_of(response, created)
    response.headers["Location"] = f"{request.url.path}/{created.id}"
    return _view(created)


@router.get("/{id:uuid}", operation_id="get_dashboard", responses={200: TAGGED, **responses(UnknownSavedObject)})
async def dashboard(response: Response, deps: Dependencies, author: Reader, id_: ObjectId) -> DashboardView:
    """Get a dashboard that is yours or shared."""
    async with deps.concurrency.slot():
        found = await deps.dashboards.find(id_, author)
    tag_of(response, found)
    return _view(found)


@router.put("/{id:uuid}", operation_id="update_dashboard", responses={200: TAGGED, **responses(NotTheOwner, *CHANGES)})
async def update(
    response: Response, deps: Dependencies, writer: Writer, precondition: IfMatch, id_: ObjectId, body: DashboardBody
) -> DashboardView:
    """Replace name, sharing and panels. A shared dashboard needs `dashboards.share`. Only its owner may unshare it.
    Unsharing revokes its share links. If somebody has saved it since you read it, the answer is 412, and its `current`
    says who did."""
    async with deps.concurrency.slot():
        saved = await deps.dashboards.replace(id_, body.draft(), precondition, writer.author, writer.caller)
    tag_of(response, saved)
    return _view(saved)


@router.delete("/{id:uuid}", operation_id="delete_dashboard", status_code=204, responses=responses(*CHANGES))
async def delete(deps: Dependencies, writer: Writer, precondition: IfMatch, id_: ObjectId) -> Response:
    """Delete a dashboard with its versions. A shared dashboard needs `dashboards.share`."""
    async with deps.concurrency.slot():
        await deps.dashboards.delete(id_, precondition, writer.author, writer.caller)
    return Response(status_code=204)


@router.get("/{id:uuid}/versions", operation_id="list_dashboard_versions", responses=responses(UnknownSavedObject))
async def versions(deps: Dependencies, author: Reader, id_: ObjectId) -> DashboardVersions:
    """The last 20 versions of a dashboard. Versions from before it was shared are only for its owner."""
    async with deps.concurrency.slot():
        found = await deps.dashboards.versions(id_, author)
    return DashboardVersions(items=[DashboardVersionSummary.model_validate(_version(one)) for one in found])


@router.get(
    "/{id:uuid}/versions/{version}",
    operation_id="get_dashboard_version",
    responses=responses(UnknownSavedObject, UnknownVersion),
)
async def version_of(deps: Dependencies, author: Reader, id_: ObjectId, version: Version) -> DashboardVersionView:
    """One version of a dashboard with its panels. To restore it, save its content with `PUT`."""
    async with deps.concurrency.slot():
        _, found = await deps.dashboards.version(id_, version, author)
    return DashboardVersionView.model_validate(_version(found) | {"panels": json.loads(found.draft.content)})


def _version(one: SavedVersion) -> dict[str, Any]:
    return {
        "version": one.number,
        "name": one.draft.name,
        "shared": one.draft.shared,
        "updated_at": one.updated_at,
        "updated_by": one.updated_by,
        "updated_by_name": one.updated_by_name,
        "panel_count": one.draft.panels or 0,
    }


def _summary(one: SavedObject) -> dict[str, Any]:
    own = {"id": one.id, "owner": one.owner, "owner_name": one.owner_name, "created_at": one.created_at}
    return own | _version(one.newest)


def _view(one: SavedObject) -> DashboardView:
    return DashboardView.model_validate(_summary(one) | {"panels": json.loads(one.newest.draft.content)})
