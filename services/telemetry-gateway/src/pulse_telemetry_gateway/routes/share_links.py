"""Share links: administrators create and revoke them; whoever has one reads one dashboard without an account."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import client_address
from pulse_chassis.identity.principal import RevocationsUnknown
from pulse_contracts.times import from_micros
from pulse_telemetry_gateway.actions.share_links import LinkTerms
from pulse_telemetry_gateway.model.errors import InvalidRange, InvalidSeries, TooMuch, UnknownSeries
from pulse_telemetry_gateway.model.saved_objects import UnknownSavedObject
from pulse_telemetry_gateway.model.share_links import (
    TOKEN,
    DashboardNotShared,
    ShareLink,
    ShareLinkInvalid,
    TooManyShareLinks,
    UnknownShareLink,
    token_hash,
)
from pulse_telemetry_gateway.routes.dependencies import Dependencies, Micros, TelemetryDependencies
from pulse_telemetry_gateway.routes.displays import SeriesId
from pulse_telemetry_gateway.routes.history import ReadingsView, numbers, sampled_view
from pulse_telemetry_gateway.routes.panels import Panel, series_in
from pulse_telemetry_gateway.routes.registry import SeriesView, series_view
from pulse_telemetry_gateway.routes.saving import Name, ObjectId, RequestBody, Writing, writer

router = APIRouter(prefix="/dashboards", route_class=IdempotentRoute)
public = APIRouter(prefix="/api/telemetry/shared", tags=["telemetry"])
_Sharer = Annotated[Writing, writer("dashboards.share", "dashboards.share")]
_AT_ONCE = 50
_PER_READER, _WRONG_PER_ADDRESS = "600/minute", "30/minute"
_SERIES_PER_READER = "1800/minute"
"""A page with 50 series reads 600 a minute."""
_CHANGES = (UnknownSavedObject, TooManyRequests, RevocationsUnknown)


class ShareLinkBody(RequestBody):
    """`name`: for whom or for what the link is. `embeddable`: pages of the origins that the installation allows may
    show the dashboard in a frame."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Screen in hall B", "expires_in_days": 30}]})

    name: Name
    embeddable: Annotated[bool, Field(strict=True)] = False
    expires_in_days: Annotated[int, Field(ge=1, le=365, strict=True)]


class ShareLinkView(BaseModel):
    """`created_by`, `revoked_by`: ids of accounts. `created_by_name`: the name in its access token.
    `last_used_at`: when a page last read the dashboard with it, to the minute; null: never."""

    id: UUID
    name: str
    state: Literal["valid", "expired", "revoked"]
    created_at: datetime
    created_by: str
    created_by_name: str
    expires_at: datetime
    embeddable: bool
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None


class NewShareLinkView(ShareLinkView):
    """`token`: only in this answer. Put it after `#` in an address, so that it is in no server's log."""

    token: str


class ShareLinks(BaseModel):
    """Newest first: at most 20 valid ones and 20 that ended."""

    items: list[ShareLinkView]


class SharedDeviceView(BaseModel):
    """A device of the dashboard. `clock_offset_us`, `clock_suspect`: see `GET /api/telemetry/devices`."""

    id: str
    name: str
    clock_offset_us: int | None
    clock_suspect: bool


class SharedDashboardView(BaseModel):
    """A dashboard without its people. `now`: the gateway's clock, microseconds. `devices`: those of its series.
    `series`: those of its panels that exist, with their newest readings. `embeddable`: a page that shows it in a frame
    must refuse when this is false."""

    name: str
    version: int
    updated_at: datetime
    expires_at: datetime
    embeddable: bool
    now: int
    panels: list[Panel]
    devices: list[SharedDeviceView]
    series: list[SeriesView]


@router.post(
    "/{id:uuid}/links",
    operation_id="create_share_link",
    status_code=201,
    responses=responses(DashboardNotShared, TooManyShareLinks, *_CHANGES, *IDEMPOTENCY_PROBLEMS),
)
async def create(
    deps: Dependencies, sharer: _Sharer, id_: ObjectId, body: ShareLinkBody, _: IdempotencyKey = None
) -> NewShareLinkView:
    """Create a link to a shared dashboard. Whoever has its token reads the dashboard and the readings of its series
    without an account, until the link expires or is revoked. Unsharing the dashboard revokes its links."""
    terms = LinkTerms(body.name, timedelta(days=body.expires_in_days), body.embeddable)
    async with deps.concurrency.slot():
        made = await deps.share_links.create(id_, terms, sharer.author, sharer.caller)
    return NewShareLinkView(**_fields(made.link, deps), token=made.token)


@router.get("/{id:uuid}/links", operation_id="list_share_links", responses=responses(*_CHANGES))
async def links(deps: Dependencies, sharer: _Sharer, id_: ObjectId) -> ShareLinks:
    """The links of a dashboard, without their tokens."""
    async with deps.concurrency.slot():
        found = await deps.share_links.list(id_, sharer.author)
    return ShareLinks(items=[ShareLinkView(**_fields(one, deps)) for one in found])


@router.delete(
    "/{id:uuid}/links/{link:uuid}",
    operation_id="revoke_share_link",
    status_code=204,
    responses=responses(UnknownShareLink, *_CHANGES),
)
async def revoke(deps: Dependencies, sharer: _Sharer, id_: ObjectId, link: UUID) -> Response:
    """Revoke a link. It stops working at once."""
    async with deps.concurrency.slot():
        await deps.share_links.revoke(id_, link, sharer.author, sharer.caller)
    return Response(status_code=204)


_Token = Annotated[
    str, Header(alias="Pulse-Share-Token", pattern=TOKEN, description="The token of the link", examples=["q" * 43])
]


@dataclass(frozen=True)
class _Reader:
    """Somebody with a token. address: None when it is unknown."""

    deps: TelemetryDependencies
    token: str = field(repr=False)
    address: str | None

    async def count_series(self, number: int) -> None:
        """Counts the series of which readings are read. Raises TooManyRequests."""
        await self.deps.limits.check("share-links-series", _SERIES_PER_READER, self.key, number)

    @property
    def key(self) -> str:
        """The token at the address, for limits."""
        return f"{token_hash(self.token).hex()}/{self.address or ''}"

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[None]:
        """A slot of the database in which the token is checked. Counts an invalid token. Raises TooManyRequests instead
        of ShareLinkInvalid after too many of them; a valid token is not affected."""
        try:
            async with self.deps.public_concurrency.slot():
                yield
        except ShareLinkInvalid:
            if self.address is not None:
                await self.deps.limits.check("share-links-wrong", _WRONG_PER_ADDRESS, self.address)
            raise


async def _reader(request: Request, deps: Dependencies, token: _Token) -> _Reader:
    """Limits the requests with one token from one address, before the database is asked."""
    reader = _Reader(deps, token, client_address(request))
    await deps.limits.check("share-links", _PER_READER, reader.key)
    return reader


_SharedReader = Annotated[_Reader, Depends(_reader)]


@public.get("", operation_id="get_shared_dashboard", responses=responses(ShareLinkInvalid, TooManyRequests))
async def shared(deps: Dependencies, reader: _SharedReader) -> SharedDashboardView:
    """Read a dashboard with a share link. Needs no account."""
    async with reader.opening():
        link, dashboard = await deps.share_links.open(reader.token)
    newest = dashboard.newest
    panels = json.loads(newest.draft.content)
    async with deps.public_concurrency.slot():
        found = await deps.registry.series_by_ids(series_in(panels))
        devices = await deps.registry.devices_of_names({one.device for one in found})
    return SharedDashboardView(
        name=newest.draft.name,
        version=newest.number,
        updated_at=newest.updated_at,
        expires_at=link.expires_at,
        embeddable=link.embeddable,
        now=deps.clock(),
        panels=panels,
        devices=[
            SharedDeviceView(
                id=one.name,
                name=one.display_name or one.name,
                clock_offset_us=one.clock_offset,
                clock_suspect=abs(one.clock_offset or 0) > deps.clock_suspect,
            )
            for one in devices
        ],
        series=[series_view(one, deps) for one in found],
    )


@public.get(
    "/series/{series_id}/readings",
    operation_id="list_shared_readings",
    responses=responses(ShareLinkInvalid, UnknownSeries, InvalidRange, TooManyRequests),
)
async def readings(
    deps: Dependencies,
    reader: _SharedReader,
    series_id: SeriesId,
    start: Annotated[Micros, Query(alias="from")],
    end: Annotated[Micros, Query(alias="to")],
    points: Annotated[int, Query(ge=4, le=2_000)] = 600,
) -> ReadingsView:
    """At most `points` readings of [from, to) of a series of the dashboard. Needs no account."""
    await reader.count_series(1)
    async with reader.opening():
        await deps.share_links.require_shown(reader.token, series_id)
    async with deps.public_concurrency.slot():
        return sampled_view(series_id, (start, end), await deps.history.readings(series_id, start, end, points))


class SharedReadings(BaseModel):
    """`items`: in the order of the request."""

    items: list[ReadingsView]


@public.get(
    "/readings",
    operation_id="list_shared_readings_of_several",
    responses=responses(ShareLinkInvalid, UnknownSeries, InvalidRange, InvalidSeries, TooMuch, TooManyRequests),
)
async def readings_of_several(
    deps: Dependencies,
    reader: _SharedReader,
    series: Annotated[str, Query(max_length=1_000, examples=["1,2,3"])],
    start: Annotated[Micros, Query(alias="from")],
    end: Annotated[Micros, Query(alias="to")],
    points: Annotated[int, Query(ge=4, le=2_000)] = 600,
) -> SharedReadings:
    """Like the readings of one series, for at most 50 series of the dashboard, so that a page follows all of them with
    few requests. Needs no account."""
    wanted = list(dict.fromkeys(numbers(series)))
    if len(wanted) > _AT_ONCE:
        raise TooMuch(f"ask for at most {_AT_ONCE} series at once, not {len(wanted)}")
    await reader.count_series(len(wanted))
    async with reader.opening():
        _, dashboard = await deps.share_links.open(reader.token)
    shown = series_in(json.loads(dashboard.newest.draft.content))
    for one in wanted:
        if one not in shown:
            raise UnknownSeries(f"the dashboard does not show series {one}")
    items = []
    for one in wanted:
        async with deps.public_concurrency.slot():  # for each, so that other readers get their turn
            found = await deps.history.readings(one, start, end, points)
        items.append(sampled_view(one, (start, end), found))
    return SharedReadings.model_construct(items=items)


def _fields(link: ShareLink, deps: Dependencies) -> dict[str, Any]:
    return {
        "id": link.id,
        "name": link.name,
        "state": link.state(from_micros(deps.clock())),
        "created_at": link.created_at,
        "created_by": link.created_by,
        "created_by_name": link.created_by_name,
        "expires_at": link.expires_at,
        "embeddable": link.embeddable,
        "last_used_at": link.last_used_at,
        "revoked_at": link.revoked_at,
        "revoked_by": link.revoked_by,
    }
