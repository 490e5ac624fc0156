"""Shared by the routes of the users service: dependencies, permissions and rate limits."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.caller import Caller, caller_of
from pulse_chassis.identity.principal import Forbidden, Principal, require
from pulse_users.actions.accounts import Accounts
from pulse_users.actions.brand import Branding
from pulse_users.actions.bulk import BulkChanges
from pulse_users.actions.directory import Directory
from pulse_users.actions.links import Links
from pulse_users.actions.mail_test import MailTest
from pulse_users.actions.passwords import Passwords
from pulse_users.actions.preferences import OwnPreferences
from pulse_users.actions.profile import Profile
from pulse_users.model.accounts import Account, Precondition, etag, read_if_match


@dataclass(frozen=True)
class Limits:
    """Rate limits of one account or link, such as "120/minute"."""

    listing: str
    change: str
    strength: str


@dataclass(frozen=True)
class UsersDependencies:
    """The actions, and the rate limits in memory."""

    directory: Directory
    accounts: Accounts
    bulk: BulkChanges
    profile: Profile
    preferences: OwnPreferences
    links: Links
    passwords: Passwords
    limiter: RateLimits
    limits: Limits
    brand: Branding
    mail_test: MailTest


class RequestBody(BaseModel):
    """The body of a request. Unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)


async def _dependencies(request: Request) -> UsersDependencies:
    found: UsersDependencies = request.app.state.users
    return found


Dependencies = Annotated[UsersDependencies, Depends(_dependencies)]


async def _reader(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("accounts.read")]
) -> Caller:
    await deps.limiter.check("users-list", deps.limits.listing, principal.account)
    return caller_of(request, principal)


async def _manager(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("accounts.manage")]
) -> Caller:
    await deps.limiter.check("users-change", deps.limits.change, principal.account)
    return caller_of(request, principal)


async def _self(request: Request, principal: Annotated[Principal, require("profile.own")]) -> Caller:
    return caller_of(request, principal)


async def _changing_self(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("profile.own")]
) -> Caller:
    await deps.limiter.check("profile-change", deps.limits.change, principal.account)
    return caller_of(request, principal)


async def _self_without_api_key(
    caller: Annotated[Caller, Depends(_changing_self)], principal: Annotated[Principal, require("profile.own")]
) -> Caller:
    require_person(principal)
    return caller


def require_person(principal: Principal) -> None:
    """Raises Forbidden for an API key: it must not change how its owner signs in."""
    if principal.is_api_key:
        raise Forbidden("An API key cannot change e-mail or password. Sign in and change them yourself.")


Reader = Annotated[Caller, Depends(_reader)]
Manager = Annotated[Caller, Depends(_manager)]
Self = Annotated[Caller, Depends(_self)]
ChangingSelf = Annotated[Caller, Depends(_changing_self)]
Person = Annotated[Caller, Depends(_self_without_api_key)]


async def _precondition(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=500,
            description="The ETag of the account as you read it, or `*`. Required.",
            examples=['"42"'],
        ),
    ] = None,
) -> Precondition:
    return read_if_match(if_match)


IfMatch = Annotated[Precondition, Depends(_precondition)]
AccountId = Annotated[
    UUID, Path(alias="id", description="The id of the account", examples=["6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"])
]


def tag(response: Response, account: Account) -> None:
    """Sets the ETag of the account's version."""
    response.headers["ETag"] = etag(account.version)
