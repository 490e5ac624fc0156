"""Shared by the routes of auth: dependencies, checks of the origin, and cookies."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from pulse_auth.actions.api_keys import ApiKeys
from pulse_auth.actions.collectors import Collectors
from pulse_auth.actions.enrolment import Enrolment
from pulse_auth.actions.opening import SignedIn, Visitor
from pulse_auth.actions.plain_devices import PlainDevices
from pulse_auth.actions.second_factors import SecondFactors
from pulse_auth.actions.second_step import SecondStep
from pulse_auth.actions.sessions import Sessions
from pulse_auth.actions.signing_in import SignIn
from pulse_auth.actions.signing_keys import Rotation, SigningKeys
from pulse_auth.model.known_devices import LIFETIME as DEVICE_LIFETIME
from pulse_auth.model.sessions import ACCESS_LIFETIME, Account, ClientInfo, CsrfHeaderMissing, WrongOrigin
from pulse_auth.model.user_agents import device_name
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.caller import Caller, caller_of, client_address
from pulse_chassis.identity.principal import NotSignedIn, Principal, Principals, bearer, log_caller, require
from pulse_contracts.permissions import Role

ACCESS_COOKIE, REFRESH_COOKIE, DEVICE_COOKIE = "pulse_at", "pulse_rt", "pulse_dv"
_HOST_ONLY = "__Host-"
"""With https: browsers accept such a cookie only from this host, with Secure and for all paths (RFC 6265bis)."""
NO_STORE = {"Cache-Control": "no-store"}
PasswordText = Annotated[str, StringConstraints(max_length=256)]
CodeText = Annotated[str, StringConstraints(min_length=6, max_length=32, pattern=r"^[0-9A-Za-z \-]+$")]
"""A one-time code of six digits, or a recovery code, with or without hyphens and spaces."""


class AccountView(BaseModel):
    """The account of the session."""

    id: str
    email: str
    name: str
    role: Role


class SignedInView(BaseModel):
    """`second_factor_enrolment_required`: the role requires a second factor and the account has none. Until it is set
    up, the access token only allows setting it up and reading the own profile."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    access_token: str
    expires_at: datetime
    account: AccountView
    second_factor_enrolment_required: bool = False


@dataclass(frozen=True)
class Limits:
    """Rate limits in memory, such as "120/minute"."""

    login_global: str
    refresh_global: str
    own: str


@dataclass(frozen=True)
class AuthDependencies:
    """Dependencies of the routes. `origins`: those of our own pages, the public one first."""

    sign_in: SignIn
    second_step: SecondStep
    sessions: Sessions
    factors: SecondFactors
    api_keys: ApiKeys
    keys: SigningKeys
    rotation: Rotation
    principals: Principals
    limiter: RateLimits
    limits: Limits
    origins: tuple[str, ...]
    collectors: Collectors
    enrolment: Enrolment
    plain_devices: PlainDevices

    @property
    def is_secure(self) -> bool:
        """Whether browsers use https."""
        return self.origins[0].startswith("https://")


def routes_of(request: Request) -> AuthDependencies:
    """The dependencies of the app."""
    found: AuthDependencies = request.app.state.auth
    return found


async def _dependencies(request: Request) -> AuthDependencies:
    return routes_of(request)


Dependencies = Annotated[AuthDependencies, Depends(_dependencies)]


async def own_origin(request: Request) -> None:
    """Raises WrongOrigin if `Origin`, or else `Referer`, names another site."""
    origin = request.headers.get("origin")
    if origin is None and (referer := request.headers.get("referer")) is not None:
        origin = _origin(referer)
    expected = routes_of(request).origins
    if origin is not None and origin not in expected:
        raise WrongOrigin(
            f"The request comes from a page of {_shown(origin)}, but this system expects {expected[0]}. "
            "Open that address, or set PULSE_PUBLIC_URL to the address that browsers use."
        )


def _shown(origin: str) -> str:
    """A client's text, short and without control characters."""
    return "".join(c for c in origin[:100] if c.isprintable())


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "null"
    return f"{parts.scheme}://{parts.netloc}"


async def own_page(request: Request) -> None:
    """For requests that authenticate by cookie alone. Raises WrongOrigin, CsrfHeaderMissing."""
    await own_origin(request)
    if request.headers.get("x-pulse-csrf") != "1":
        raise CsrfHeaderMissing("Send the header X-Pulse-CSRF: 1.")


async def _session_owner(deps: Dependencies, principal: Annotated[Principal, require("sessions.own")]) -> Principal:
    await deps.limiter.check("own", deps.limits.own, principal.account)
    await deps.sessions.require_running(principal)
    return principal


SessionOwner = Annotated[Principal, Depends(_session_owner)]
"""A person with a running session: API keys never have `sessions.own`."""


def account_of(principal: Principal) -> UUID:
    """The account of the caller. Raises NotSignedIn if the token names none."""
    try:
        return UUID(principal.account)
    except ValueError as error:
        raise NotSignedIn("The access token names no account. Sign in again.") from error


def client_info_of(request: Request, caller: Caller) -> ClientInfo:
    """Where the session is used."""
    return ClientInfo(device_name(request.headers.get("user-agent")), caller.address)


def visitor_of(request: Request) -> Visitor:
    """Who signs in."""
    caller = caller_of(request)
    cookie = cookie_of(request, DEVICE_COOKIE)[:200]
    return Visitor(caller, client_info_of(request, caller), client_address(request), cookie)


def cookie_of(request: Request, name: str) -> str:
    """One of our cookies, or "". With https only a host-only cookie counts: another host of the same domain could have
    set any other, to sign somebody in to a foreign account."""
    return request.cookies.get(_HOST_ONLY + name if routes_of(request).is_secure else name, "")


def access_token(request: Request) -> str:
    """From the Authorization header or the cookie. Raises NotSignedIn."""
    if "authorization" in request.headers:
        return bearer(request)
    token = cookie_of(request, ACCESS_COOKIE)
    if not token:
        raise NotSignedIn("Sign in first.")
    return token


def view_of(account: Account | Principal) -> AccountView:
    """The caller's own account as JSON."""
    id_ = str(account.id) if isinstance(account, Account) else account.account
    return AccountView(id=id_, email=account.email, name=account.name or account.email, role=account.role)


def answer(response: Response, signed_in: SignedIn, deps: AuthDependencies) -> SignedInView:
    """Sets the tokens as cookies of `response`; returns the body."""
    response.headers.update(NO_STORE)
    log_caller(str(signed_in.account.id))
    _set(response, ACCESS_COOKIE, signed_in.access_token, int(ACCESS_LIFETIME.total_seconds()), deps)
    _set(response, REFRESH_COOKIE, signed_in.refresh_token, signed_in.cookie_seconds, deps)
    if signed_in.device_cookie is not None:
        _set(response, DEVICE_COOKIE, signed_in.device_cookie, int(DEVICE_LIFETIME.total_seconds()), deps)
    return SignedInView(
        access_token=signed_in.access_token,
        expires_at=signed_in.expires,
        account=view_of(signed_in.account),
        second_factor_enrolment_required=signed_in.must_enrol,
    )


def clear(response: Response, deps: AuthDependencies) -> None:
    """Deletes the cookies of the session. The device stays known."""
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        _set(response, name, "", 0, deps)


def _set(response: Response, name: str, value: str, seconds: int | None, deps: AuthDependencies) -> None:
    host = _HOST_ONLY if deps.is_secure else ""
    response.set_cookie(host + name, value, seconds, httponly=True, secure=deps.is_secure, samesite="strict")
