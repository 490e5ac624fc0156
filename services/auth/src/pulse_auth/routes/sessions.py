"""HTTP to actions: sign in, refresh, sign out, who am I, and the public keys. Cookies are set and cleared here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, StringConstraints

from pulse_auth.actions.sessions import Sessions, SignedIn, SignIn
from pulse_auth.model.sessions import ACCESS_LIFE, CsrfHeaderMissing, InvalidCredentials, SessionEnded, WrongOrigin
from pulse_chassis.clients import Proxies
from pulse_chassis.principal import NotSignedIn, Principal, Principals, bearer
from pulse_chassis.problems import problem
from pulse_chassis.rate_limits import RateLimits
from pulse_contracts.errors import DomainError

ACCESS_COOKIE, REFRESH_COOKIE = "pulse_at", "pulse_rt"
_NO_STORE = {"Cache-Control": "no-store"}


class LoginRequest(BaseModel):
    """`remember`: stay signed in when the browser closes. Spaces around the e-mail are no part of it."""

    email: Annotated[
        str, StringConstraints(min_length=1, max_length=254, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]+$")
    ]
    password: Annotated[str, StringConstraints(max_length=256)]
    remember: bool = True


class AccountView(BaseModel):
    id: str
    email: str
    name: str
    role: Literal["admin", "user"]


class SignedInView(BaseModel):
    access_token: str
    expires_at: datetime
    account: AccountView


class SessionView(BaseModel):
    account: AccountView
    expires_at: datetime


class KeyView(BaseModel):
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    alg: Literal["ES256"]
    use: Literal["sig"]


class Keys(BaseModel):
    """A JWK set (RFC 7517)."""

    keys: list[KeyView]


@dataclass(frozen=True)
class Limits:
    """Uses per time, as in "120/minute"; `login_client` counts failures."""

    login_client: str
    login_global: str
    refresh_global: str


@dataclass(frozen=True)
class AuthRoutes:
    """What the routes need. `origins` are those of our own pages, the public one first; `proxies` may say who asks."""

    sign_in: SignIn
    sessions: Sessions
    principals: Principals
    limiter: RateLimits
    limits: Limits
    origins: tuple[str, ...]
    proxies: Proxies
    jwks: Mapping[str, object]


router = APIRouter(prefix="/api/auth", tags=["auth"])


def _given(request: Request) -> AuthRoutes:
    given: AuthRoutes = request.app.state.auth
    return given


async def own_origin(request: Request) -> None:
    """Raises WrongOrigin when a browser says that another site's page sent this."""
    origin = request.headers.get("origin")
    if origin is not None and origin not in _given(request).origins:
        raise WrongOrigin("the request comes from another origin")


async def own_page(request: Request) -> None:
    """Raises WrongOrigin, CsrfHeaderMissing: for requests that act by cookie alone."""
    await own_origin(request)
    if request.headers.get("x-pulse-csrf") != "1":
        raise CsrfHeaderMissing("send the header X-Pulse-CSRF: 1")


@router.post("/login", dependencies=[Depends(own_origin)])
async def login(request: Request, response: Response, given: LoginRequest) -> SignedInView:
    """Opens a session."""
    routes = _given(request)
    client = routes.proxies.client(request.client.host if request.client else "", request.headers)
    if client:
        await routes.limiter.require_left("login-client", routes.limits.login_client, client)
    await routes.limiter.check("login", routes.limits.login_global, "all")
    try:
        signed_in = await routes.sign_in(given.email, given.password, remember=given.remember)
    except InvalidCredentials:
        if client:
            await routes.limiter.count("login-client", routes.limits.login_client, client)
        raise
    return _answer(response, signed_in, routes)


@router.post("/refresh", dependencies=[Depends(own_page)], response_model=SignedInView)
async def refresh(request: Request, response: Response) -> SignedInView | Response:
    """The session's next pair of tokens, for the cookie `pulse_rt`."""
    routes = _given(request)
    await routes.limiter.check("refresh", routes.limits.refresh_global, "all")
    try:
        signed_in = await routes.sessions.refresh(request.cookies.get(REFRESH_COOKIE, ""))
    except SessionEnded as error:
        refusal = _refusal(error)
        _clear(refusal, routes)
        return refusal
    return _answer(response, signed_in, routes)


@router.post("/logout", status_code=204, dependencies=[Depends(own_page)])
async def logout(request: Request) -> Response:
    """Ends the session of the cookie `pulse_rt`."""
    routes = _given(request)
    await routes.sessions.logout(request.cookies.get(REFRESH_COOKIE, ""))
    response = Response(status_code=204)
    _clear(response, routes)
    return response


@router.get("/session")
async def session(request: Request, response: Response) -> SessionView:
    """Who is signed in, by bearer token or by the cookie `pulse_at`."""
    routes = _given(request)
    principal = routes.principals.verify(_token(request))
    await routes.sessions.require_running(principal)
    response.headers.update(_NO_STORE)
    return SessionView(account=_of(principal), expires_at=datetime.fromtimestamp(principal.expires, UTC))


@router.get("/keys")
async def keys(request: Request, response: Response) -> Keys:
    """The keys that verify access tokens."""
    response.headers["Cache-Control"] = "max-age=60"
    return Keys.model_validate(_given(request).jwks)


def _token(request: Request) -> str:
    if "authorization" in request.headers:
        return bearer(request)
    token = request.cookies.get(ACCESS_COOKIE)
    if not token:
        raise NotSignedIn("sign in first")
    return token


def _of(principal: Principal) -> AccountView:
    return AccountView(id=principal.account, email=principal.email, name=principal.name, role=principal.role)


def _answer(response: Response, signed_in: SignedIn, routes: AuthRoutes) -> SignedInView:
    response.headers.update(_NO_STORE)
    life = int(ACCESS_LIFE.total_seconds())
    _set(response, ACCESS_COOKIE, signed_in.access_token, life, routes)
    _set(response, REFRESH_COOKIE, signed_in.refresh_token, signed_in.cookie_seconds, routes)
    account = signed_in.account
    return SignedInView(
        access_token=signed_in.access_token,
        expires_at=signed_in.expires,
        account=AccountView(
            id=str(account.id), email=account.email, name=account.name or account.email, role=account.role
        ),
    )


def _set(response: Response, name: str, value: str, seconds: int | None, routes: AuthRoutes) -> None:
    secure = routes.origins[0].startswith("https://")
    response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _clear(response: Response, routes: AuthRoutes) -> None:
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        _set(response, name, "", 0, routes)


def _refusal(error: DomainError) -> Response:
    return problem(error.status, error.code, error.detail, headers=_NO_STORE)
