"""Routes for collectors. Enrolment is in `routes.enrolment`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from pulse_auth.model.collectors import (
    ENROL,
    PLAIN,
    CollectorChanged,
    CollectorExists,
    CollectorNameReserved,
    CollectorNotFound,
    CollectorState,
    CollectorTagMissing,
    WrongCollectorKind,
    WrongCollectorState,
)
from pulse_auth.routes.collector_views import (
    ID_PATTERN,
    CollectorCreate,
    CollectorPage,
    CollectorRotate,
    CollectorUpdate,
    CollectorView,
    CollectorWithCode,
    Tag,
    tagged,
    view,
    with_code,
)
from pulse_auth.routes.dependencies import Dependencies
from pulse_auth.store.collectors import Listing
from pulse_chassis.http.idempotency import (
    IDEMPOTENCY_PROBLEMS,
    IdempotencyKey,
    IdempotentRoute,
)
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import Caller, caller_of
from pulse_chassis.identity.principal import Principal, RevocationsUnknown, require
from pulse_contracts.message import PRINTABLE


class _CollectorId(StringConvertor):
    """Excludes the fixed path segments, so that the parameters of their routes are not taken for collector ids."""

    regex = f"(?!(?:{ENROL}|{PLAIN})(?:/|$))[^/]+"


register_url_convertor("collector", _CollectorId())
router = APIRouter(prefix="/api/collectors", tags=["collectors"], route_class=IdempotentRoute)

_ETAG: dict[str, Any] = {"description": "The version of the collector, for `If-Match`", "schema": {"type": "string"}}
TAGGED: dict[str, Any] = {"headers": {"ETag": _ETAG}}
_GUARDED = (CollectorChanged, CollectorTagMissing)


async def _reader(deps: Dependencies, principal: Annotated[Principal, require("collectors.read")]) -> Principal:
    await deps.limiter.check("collectors", deps.limits.own, principal.account)
    return principal


async def _manager(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("collectors.manage")]
) -> Caller:
    await deps.limiter.check("collectors", deps.limits.own, principal.account)
    return caller_of(request, principal)


_Reader = Annotated[Principal, Depends(_reader)]
Manager = Annotated[Caller, Depends(_manager)]
Common = (TooManyRequests, RevocationsUnknown)
CollectorId = Annotated[str, Path(pattern=ID_PATTERN, description="The device id", examples=["press-4"])]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        description="The ETag as you read it, or `*`",
    ),
]


async def _listing(
    search: Annotated[str | None, Query(max_length=100, pattern=PRINTABLE, description="In id, name or site")] = None,
    site: Annotated[str | None, Query(max_length=128, pattern=PRINTABLE)] = None,
    tag: Annotated[Tag | None, Query()] = None,
    state: Annotated[CollectorState | None, Query()] = None,
) -> Listing:
    return Listing(search or None, site, tag, state)


@router.get("", operation_id="list_collectors", responses=responses(*Common))
async def list_collectors(
    deps: Dependencies,
    _: _Reader,
    listing: Annotated[Listing, Depends(_listing)],
    after: Annotated[str | None, Query(pattern=ID_PATTERN, description="`next` of the previous page")] = None,
    limit: Annotated[int, Query(ge=1, le=2_000)] = 50,
) -> CollectorPage:
    """List collectors by id, in pages."""
    found, total = await deps.collectors.page(listing, after, limit + 1)
    following = found[limit - 1].id if len(found) > limit else None
    return CollectorPage(items=[view(one) for one in found[:limit]], next=following, total=total)


@router.post(
    "",
    operation_id="create_collector",
    status_code=201,
    responses={
        201: TAGGED | {"description": "Created"},
        **responses(CollectorExists, CollectorNameReserved, *IDEMPOTENCY_PROBLEMS, *Common),
    },
)
async def create_collector(
    response: Response,
    body: CollectorCreate,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorWithCode:
    """Create a collector. Its one-time code is only shown in this answer."""
    collector, code = await deps.collectors.create(body.id, body.description(), caller)
    return with_code(response, collector, code)


@router.get(
    "/{id:collector}", operation_id="get_collector", responses={200: TAGGED, **responses(CollectorNotFound, *Common)}
)
async def get_collector(id: CollectorId, response: Response, deps: Dependencies, _: _Reader) -> CollectorView:  # noqa: A002  # the name in the path
    """Get a collector."""
    return tagged(response, await deps.collectors.find(id))


@router.put(
    "/{id:collector}",
    operation_id="update_collector",
    responses={200: TAGGED, **responses(CollectorNotFound, *_GUARDED, *Common)},
)
async def update_collector(
    id: CollectorId,  # noqa: A002  # the name in the path
    response: Response,
    body: CollectorUpdate,
    deps: Dependencies,
    caller: Manager,
    if_match: IfMatch = None,
) -> CollectorView:
    """Replace name, site and tags."""
    return tagged(response, await deps.collectors.describe(id, body.description(), if_match, caller))


@router.delete(
    "/{id:collector}",
    operation_id="delete_collector",
    status_code=204,
    responses=responses(CollectorNotFound, *_GUARDED, *Common),
)
async def delete_collector(
    id: CollectorId,  # noqa: A002  # the name in the path
    deps: Dependencies,
    caller: Manager,
    if_match: IfMatch = None,
) -> None:
    """Delete a collector: disconnect it and destroy its keys. Its readings stay."""
    await deps.collectors.delete(id, if_match, caller)


@router.post(
    "/{id:collector}/enrolment-code",
    operation_id="create_enrolment_code",
    status_code=201,
    responses={
        201: TAGGED | {"description": "Created"},
        **responses(CollectorNotFound, WrongCollectorKind, *IDEMPOTENCY_PROBLEMS, *Common),
    },
)
async def create_code(
    id: CollectorId,  # noqa: A002  # the name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorWithCode:
    """Create another one-time code. The previous one becomes invalid."""
    return with_code(response, *await deps.collectors.new_code(id, caller))


@router.post(
    "/{id:collector}/rotate",
    operation_id="rotate_collector",
    responses={
        200: TAGGED,
        **responses(CollectorNotFound, WrongCollectorKind, WrongCollectorState, *IDEMPOTENCY_PROBLEMS, *Common),
    },
)
async def rotate(
    id: CollectorId,  # noqa: A002  # the name in the path
    response: Response,
    body: CollectorRotate,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorWithCode:
    """Create a one-time code for new keys. With `cut_off` the old secret becomes invalid now, otherwise when the code
    is used."""
    return with_code(response, *await deps.collectors.rotate(id, caller, cuts_off=body.cut_off))


@router.post(
    "/{id:collector}/disable",
    operation_id="disable_collector",
    responses={200: TAGGED, **responses(CollectorNotFound, WrongCollectorState, *IDEMPOTENCY_PROBLEMS, *Common)},
)
async def disable(
    id: CollectorId,  # noqa: A002  # the name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorView:
    """Disable a collector: disconnect it. It keeps its readings in its buffer."""
    return tagged(response, await deps.collectors.set_enabled(id, caller, is_enabled=False))


@router.post(
    "/{id:collector}/enable",
    operation_id="enable_collector",
    responses={200: TAGGED, **responses(CollectorNotFound, WrongCollectorState, *IDEMPOTENCY_PROBLEMS, *Common)},
)
async def enable(
    id: CollectorId,  # noqa: A002  # the name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorView:
    """Enable a disabled collector. It delivers the readings that it kept."""
    return tagged(response, await deps.collectors.set_enabled(id, caller, is_enabled=True))


@router.post(
    "/{id:collector}/lost",
    operation_id="report_lost_collector",
    responses={200: TAGGED, **responses(CollectorNotFound, *IDEMPOTENCY_PROBLEMS, *Common)},
)
async def lost(
    id: CollectorId,  # noqa: A002  # the name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorView:
    """Report a lost collector: disconnect it and destroy its keys. `GET /api/sync/collectors/{device}/held` lists the
    accounts whose verifiers it held."""
    return tagged(response, await deps.collectors.report_lost(id, caller))
