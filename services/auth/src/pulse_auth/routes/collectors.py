"""HTTP to actions: the fleet of collectors, and the one door through which a collector enrols."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from pulse_auth.actions.enrolment import BrokerUnknown
from pulse_auth.model.collectors import (
    ENROL,
    PLAIN,
    CollectorChanged,
    CollectorExists,
    CollectorNameReserved,
    CollectorNotFound,
    CollectorState,
    CollectorTagMissing,
    EnrolmentFailed,
    WrongCollectorKind,
    WrongCollectorState,
)
from pulse_auth.routes.collector_views import (
    ID_PATTERN,
    AccessList,
    CollectorCreate,
    CollectorPage,
    CollectorRotate,
    CollectorUpdate,
    CollectorView,
    CollectorWithCode,
    KnownAccountView,
    LostCollector,
    Tag,
    access_view,
    rules_of,
    tagged,
    view,
    with_code,
)
from pulse_auth.routes.dependencies import NO_STORE, AuthDependencies, Dependencies
from pulse_auth.store.collectors import Listing
from pulse_chassis.http.idempotency import (
    IDEMPOTENCY_PROBLEMS,
    IdempotencyKey,
    IdempotentRoute,
)
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import AnonymousCaller, Caller, caller_of, client_address
from pulse_chassis.identity.principal import Principal, RevocationsUnknown, require
from pulse_contracts.enrolment import EnrolmentAnswer, EnrolmentOffer
from pulse_contracts.message import PRINTABLE


class _NotEnrol(StringConvertor):
    """`/api/collectors/enrol` and `…/plain-devices` are no collectors: what they take must not look as if they were."""

    regex = f"(?!(?:{ENROL}|{PLAIN})(?:/|$))[^/]+"


register_url_convertor("collector", _NotEnrol())
router = APIRouter(prefix="/api/collectors", tags=["collectors"], route_class=IdempotentRoute)
enrolment_router = APIRouter(prefix="/api/collectors", tags=["collectors"])

_ETAG: dict[str, Any] = {"description": "the collector's version, for `If-Match`", "schema": {"type": "string"}}
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
CollectorId = Annotated[str, Path(pattern=ID_PATTERN, description="the device id", examples=["press-4"])]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, pattern=r"^[\x20-\x7e]+$", description="the ETag that was read, or `*`"),
]


async def _listing(
    search: Annotated[str | None, Query(max_length=100, pattern=PRINTABLE, description="in id, name and site")] = None,
    site: Annotated[str | None, Query(max_length=128, pattern=PRINTABLE)] = None,
    tag: Annotated[Tag | None, Query()] = None,
    state: Annotated[CollectorState | None, Query()] = None,
    account: Annotated[UUID | None, Query(description="who may sign in there")] = None,
) -> Listing:
    return Listing(search or None, site, tag, state, account)


@router.get("", operation_id="list_collectors", responses=responses(*Common))
async def list_collectors(
    deps: Dependencies,
    _: _Reader,
    listing: Annotated[Listing, Depends(_listing)],
    after: Annotated[str | None, Query(pattern=ID_PATTERN, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CollectorPage:
    """Collectors by id, in pages."""
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
    """Create a collector; its one-time code is shown this once."""
    collector, code = await deps.collectors.create(body.id, body.particulars(), caller)
    return with_code(response, collector, code)


@router.get(
    "/{id:collector}", operation_id="get_collector", responses={200: TAGGED, **responses(CollectorNotFound, *Common)}
)
async def get_collector(id: CollectorId, response: Response, deps: Dependencies, _: _Reader) -> CollectorView:  # noqa: A002  # its name in the path
    """One collector."""
    return tagged(response, await deps.collectors.find(id))


@router.put(
    "/{id:collector}",
    operation_id="update_collector",
    responses={200: TAGGED, **responses(CollectorNotFound, *_GUARDED, *Common)},
)
async def update_collector(
    id: CollectorId,  # noqa: A002  # its name in the path
    response: Response,
    body: CollectorUpdate,
    deps: Dependencies,
    caller: Manager,
    if_match: IfMatch = None,
) -> CollectorView:
    """Change name, site and tags."""
    return tagged(response, await deps.collectors.describe(id, body.particulars(), if_match, caller))


@router.delete(
    "/{id:collector}",
    operation_id="delete_collector",
    status_code=204,
    responses=responses(CollectorNotFound, *_GUARDED, *Common),
)
async def delete_collector(
    id: CollectorId,  # noqa: A002  # its name in the path
    deps: Dependencies,
    caller: Manager,
    if_match: IfMatch = None,
) -> None:
    """Disconnect a collector, destroy its keys and forget it; its readings stay."""
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
    id: CollectorId,  # noqa: A002  # its name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorWithCode:
    """Make another one-time code; the one before opens nothing any more."""
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
    id: CollectorId,  # noqa: A002  # its name in the path
    response: Response,
    body: CollectorRotate,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorWithCode:
    """Make a one-time code for new keys; with `cut_off` the old secret ends now, else when the code is used."""
    return with_code(response, *await deps.collectors.rotate(id, caller, cuts_off=body.cut_off))


@router.post(
    "/{id:collector}/disable",
    operation_id="disable_collector",
    responses={200: TAGGED, **responses(CollectorNotFound, WrongCollectorState, *IDEMPOTENCY_PROBLEMS, *Common)},
)
async def disable(
    id: CollectorId,  # noqa: A002  # its name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorView:
    """Disconnect a collector, which then keeps its readings to itself."""
    return tagged(response, await deps.collectors.switch(id, caller, is_enabled=False))


@router.post(
    "/{id:collector}/enable",
    operation_id="enable_collector",
    responses={200: TAGGED, **responses(CollectorNotFound, WrongCollectorState, *IDEMPOTENCY_PROBLEMS, *Common)},
)
async def enable(
    id: CollectorId,  # noqa: A002  # its name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> CollectorView:
    """Take a collector again that was disabled: it delivers what it kept."""
    return tagged(response, await deps.collectors.switch(id, caller, is_enabled=True))


@router.post(
    "/{id:collector}/lost",
    operation_id="report_lost_collector",
    responses={200: TAGGED, **responses(CollectorNotFound, *IDEMPOTENCY_PROBLEMS, *Common)},
)
async def lost(
    id: CollectorId,  # noqa: A002  # its name in the path
    response: Response,
    deps: Dependencies,
    caller: Manager,
    _: IdempotencyKey = None,
) -> LostCollector:
    """Disconnect a lost collector, destroy its keys, and list the accounts that could sign in there."""
    collector, known = await deps.collectors.lose(id, caller)
    accounts = [KnownAccountView(id=one.id, email=one.email, name=one.name, role=one.role) for one in known]
    return LostCollector(**tagged(response, collector).model_dump(), accounts=accounts)


@router.get(
    "/{id:collector}/access",
    operation_id="get_collector_access",
    responses={200: TAGGED, **responses(CollectorNotFound, *Common)},
)
async def get_access(id: CollectorId, response: Response, deps: Dependencies, _: _Reader) -> AccessList:  # noqa: A002  # its name in the path
    """Who may sign in at a collector."""
    collector, rules = await deps.collectors.access(id)
    response.headers["ETag"] = collector.tag
    return access_view(rules)


@router.put(
    "/{id:collector}/access",
    operation_id="set_collector_access",
    responses={200: TAGGED, **responses(CollectorNotFound, *_GUARDED, *Common)},
)
async def set_access(
    id: CollectorId,  # noqa: A002  # its name in the path
    response: Response,
    body: AccessList,
    deps: Dependencies,
    caller: Manager,
    if_match: IfMatch = None,
) -> AccessList:
    """Replace the list of who may sign in at a collector. What is both allowed and denied is denied."""
    collector, rules = await deps.collectors.grant(id, rules_of(body), if_match, caller)
    response.headers["ETag"] = collector.tag
    return access_view(rules)


@enrolment_router.post(
    f"/{ENROL}", operation_id="enrol_collector", responses=responses(EnrolmentFailed, TooManyRequests, BrokerUnknown)
)
async def enrol(
    request: Request, response: Response, body: EnrolmentOffer, deps: Dependencies, caller: AnonymousCaller
) -> EnrolmentAnswer:
    """Enrol a collector by its one-time code. For `pulse-collector enrol`: see protocol B1."""
    await _check_flood(deps)
    answer = await deps.enrolment(body, client_address(request), caller)
    response.headers.update(NO_STORE)
    return answer


async def _check_flood(deps: AuthDependencies) -> None:
    await deps.limiter.check("enrol", deps.limits.login_global, "all")
