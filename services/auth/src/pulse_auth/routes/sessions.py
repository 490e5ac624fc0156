"""Routes for sign-in, refresh, sign-out, the current session and the public keys. Sets and deletes cookies."""

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_auth.model.second_factors import ChallengeExpired, SecondFactorRequired, WrongCode
from pulse_auth.model.sessions import CsrfHeaderMissing, InvalidCredentials, SessionEnded, WrongOrigin
from pulse_auth.routes.dependencies import (
    NO_STORE,
    REFRESH_COOKIE,
    AccountView,
    CodeText,
    Dependencies,
    PasswordText,
    SignedInView,
    access_token,
    answer,
    clear,
    client_info_of,
    cookie_of,
    own_origin,
    own_page,
    view_of,
    visitor_of,
)
from pulse_chassis.http.problems import Overloaded, TooManyRequests, problem, responses
from pulse_chassis.identity.caller import AnonymousCaller
from pulse_chassis.identity.principal import KeysUnknown, NotSignedIn

router = APIRouter(prefix="/api/auth", tags=["sessions"])
_OPTIONAL_BEARER = Depends(HTTPBearer(auto_error=False, bearerFormat="JWT", description="An access token"))


class LoginRequest(BaseModel):
    """`remember`: stay signed in after the browser closes. Spaces around the e-mail are ignored."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.org", "password": "correct horse battery"}]}
    )

    email: Annotated[
        str, StringConstraints(min_length=1, max_length=254, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")
    ]
    password: PasswordText
    remember: bool = True


class SecondStepRequest(BaseModel):
    """The `challenge` of the first step, with a one-time code or a recovery code."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"challenge": "wkRmCLoXlVVCcI0UZt8N2tC3zPZZ8Yy7Kzg1VqNvrbI", "code": "123456"}]}
    )

    challenge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    code: CodeText


class SessionView(BaseModel):
    """The account of the session, and when the access token expires."""

    account: AccountView
    expires_at: datetime


class KeyView(BaseModel):
    """A public key (RFC 7517)."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    alg: Literal["ES256"]
    use: Literal["sig"]


class Keys(BaseModel):
    """A JWK set (RFC 7517): the key that signs, the next one, and previous ones whose tokens may still be valid."""

    keys: Annotated[list[KeyView], Field(max_length=8)]


@router.post(
    "/login",
    operation_id="log_in",
    response_model=SignedInView,
    dependencies=[Depends(own_origin)],
    responses=responses(InvalidCredentials, SecondFactorRequired, WrongOrigin, TooManyRequests, Overloaded),
)
async def login(request: Request, response: Response, deps: Dependencies, body: LoginRequest) -> SignedInView:
    """Sign in with e-mail and password. Opens a session, or answers with the challenge for the second factor."""
    await deps.limiter.check("login", deps.limits.login_global, "all")
    visitor = visitor_of(request)
    signed_in = await deps.sign_in(body.email, body.password, visitor, remember=body.remember)
    return answer(response, signed_in, deps)


@router.post(
    "/login/second-factor",
    operation_id="log_in_second_factor",
    response_model=SignedInView,
    dependencies=[Depends(own_origin)],
    responses=responses(ChallengeExpired, WrongCode, WrongOrigin, TooManyRequests),
)
async def login_second_factor(
    request: Request, response: Response, deps: Dependencies, body: SecondStepRequest
) -> SignedInView:
    """Finish a sign-in with the second factor."""
    await deps.limiter.check("login", deps.limits.login_global, "all")
    signed_in = await deps.second_step(body.challenge, body.code, visitor_of(request))
    return answer(response, signed_in, deps)


@router.post(
    "/refresh",
    operation_id="refresh_session",
    dependencies=[Depends(own_page)],
    response_model=SignedInView,
    responses=responses(SessionEnded, WrongOrigin, CsrfHeaderMissing, TooManyRequests),
)
async def refresh(
    request: Request, response: Response, deps: Dependencies, caller: AnonymousCaller
) -> SignedInView | Response:
    """Get the next pair of tokens, by the refresh cookie."""
    await deps.limiter.check("refresh", deps.limits.refresh_global, "all")
    try:
        signed_in = await deps.sessions.refresh(cookie_of(request, REFRESH_COOKIE), client_info_of(request, caller))
    except SessionEnded as error:
        refusal = problem(error.status, error.code, error.detail, headers=NO_STORE)
        clear(refusal, deps)
        return refusal
    return answer(response, signed_in, deps)


@router.post(
    "/logout",
    operation_id="log_out",
    status_code=204,
    dependencies=[Depends(own_page)],
    responses=responses(WrongOrigin, CsrfHeaderMissing),
)
async def logout(request: Request, deps: Dependencies, caller: AnonymousCaller) -> Response:
    """End the session of the refresh cookie."""
    await deps.sessions.logout(cookie_of(request, REFRESH_COOKIE), caller)
    response = Response(status_code=204)
    clear(response, deps)
    return response


@router.get(
    "/session",
    operation_id="get_session",
    dependencies=[_OPTIONAL_BEARER],
    responses=responses(NotSignedIn),
)
async def session(request: Request, response: Response, deps: Dependencies) -> SessionView:
    """Get the current session, by bearer token or access cookie."""
    principal = deps.principals.verify(access_token(request))
    await deps.sessions.require_running(principal)
    response.headers.update(NO_STORE)
    return SessionView(account=view_of(principal), expires_at=datetime.fromtimestamp(principal.expires, UTC))


@router.get("/keys", operation_id="list_verification_keys")
async def keys(response: Response, deps: Dependencies) -> Keys:
    """List the keys that verify access tokens."""
    found = deps.keys.published
    if not found:
        raise KeysUnknown("no signing key was created yet")
    response.headers["Cache-Control"] = "max-age=60"
    return Keys(keys=[KeyView.model_validate(json.loads(key.public)) for key in found])
