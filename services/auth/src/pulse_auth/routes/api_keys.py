"""Routes that manage API keys and exchange them for access tokens."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_auth.actions.api_keys import ApiKeySpec
from pulse_auth.model.api_keys import (
    DEFAULT_LIFETIME,
    MAX_LIFETIME,
    ApiKey,
    ApiKeyNotFound,
    InvalidApiKey,
    ScopeTooWide,
    TooManyApiKeys,
)
from pulse_auth.routes.dependencies import NO_STORE, AuthDependencies, Dependencies, account_of
from pulse_chassis.http.idempotency import (
    IDEMPOTENCY_PROBLEMS,
    IdempotencyKey,
    IdempotentRoute,
)
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import AnonymousCaller, CurrentCaller, client_address
from pulse_chassis.identity.principal import NotSignedIn, Principal, bearer, log_caller, require
from pulse_contracts.permissions import Permission

router = APIRouter(prefix="/api/auth", tags=["API keys"], route_class=IdempotentRoute)
_API_KEY = Depends(
    HTTPBearer(auto_error=False, scheme_name="ApiKey", bearerFormat="pp_…", description="An API key: `pp_…`")
)


async def _owner(deps: Dependencies, principal: Annotated[Principal, require("api_keys.own")]) -> Principal:
    await deps.limiter.check("own", deps.limits.own, principal.account)
    await deps.sessions.require_running(principal)
    return principal


_Owner = Annotated[Principal, Depends(_owner)]


class ApiKeyRequest(BaseModel):
    """`scope`: permissions of your own, but neither `sessions.own` nor `api_keys.own`. A key is valid for 90 days by
    default and 365 days at most."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "nightly export", "scope": ["telemetry.read"], "expires_in_days": 30}]}
    )

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")
    ]
    scope: Annotated[list[Permission], Field(min_length=1, max_length=20)]
    expires_in_days: Annotated[int, Field(ge=1, le=MAX_LIFETIME.days, strict=True)] = DEFAULT_LIFETIME.days


class ApiKeyView(BaseModel):
    """An API key without its secret."""

    id: UUID
    name: str
    scope: list[Permission]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewApiKey(ApiKeyView):
    """`key`: the text of the key. It is only shown in this answer."""

    key: str


class ApiKeyList(BaseModel):
    """API keys, newest first."""

    items: list[ApiKeyView]


class TokenView(BaseModel):
    """An access token (RFC 6749 §5.1). `scope`: the current permissions of the key."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str


@router.get("/api-keys", operation_id="list_api_keys", responses=responses(TooManyRequests))
async def list_keys(deps: Dependencies, principal: _Owner) -> ApiKeyList:
    """List your API keys, newest first."""
    return ApiKeyList(items=[view_of_key(key) for key in await deps.api_keys.of(account_of(principal))])


@router.post(
    "/api-keys",
    operation_id="create_api_key",
    status_code=201,
    responses=responses(ScopeTooWide, TooManyApiKeys, TooManyRequests, *IDEMPOTENCY_PROBLEMS),
)
async def make_key(
    response: Response,
    body: ApiKeyRequest,
    deps: Dependencies,
    principal: _Owner,
    caller: CurrentCaller,
    _: IdempotencyKey = None,
) -> NewApiKey:
    """Create an API key. Its text is only shown in this answer."""
    spec = ApiKeySpec(body.name, frozenset(body.scope), timedelta(days=body.expires_in_days))
    key, text = await deps.api_keys.make(principal, spec, caller)
    response.headers.update(NO_STORE)
    return NewApiKey(**view_of_key(key).model_dump(), key=text)


@router.delete(
    "/api-keys/{key}",
    operation_id="revoke_api_key",
    status_code=204,
    responses=responses(ApiKeyNotFound, TooManyRequests),
)
async def revoke_key(key: UUID, deps: Dependencies, principal: _Owner, caller: CurrentCaller) -> None:
    """Revoke an API key and the access tokens that were issued for it."""
    await deps.api_keys.revoke(account_of(principal), key, caller)


token_router = APIRouter(prefix="/api/auth", tags=["API keys"])


@token_router.post(
    "/token",
    operation_id="exchange_api_key",
    dependencies=[_API_KEY],
    responses=responses(InvalidApiKey, NotSignedIn, TooManyRequests),
)
async def exchange(request: Request, response: Response, deps: Dependencies, caller: AnonymousCaller) -> TokenView:
    """Exchange an API key for an access token, which is valid for 5 minutes."""
    await _check_flood(deps)
    made = await deps.api_keys.exchange(bearer(request), client_address(request), caller)
    log_caller(made.account, made.sid)
    response.headers.update(NO_STORE)
    return TokenView(
        access_token=made.token,
        token_type="Bearer",  # noqa: S106  # a token type (RFC 6750)
        expires_in=made.seconds,
        scope=" ".join(sorted(made.scope)),
    )


async def _check_flood(deps: AuthDependencies) -> None:
    await deps.limiter.check("token", deps.limits.login_global, "all")


def view_of_key(key: ApiKey) -> ApiKeyView:
    """Returns the key without its secret, as responses show it."""
    return ApiKeyView(
        id=key.id,
        name=key.name,
        scope=sorted(key.scope),
        created_at=key.created,
        expires_at=key.expires,
        last_used_at=key.last_used,
    )
