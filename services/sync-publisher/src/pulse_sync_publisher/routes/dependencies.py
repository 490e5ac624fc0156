"""Shared by all routes: dependencies, permissions, rate limits and path parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Request
from pydantic import BaseModel, ConfigDict

from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.caller import Caller, caller_of
from pulse_chassis.identity.principal import Principal, RevocationsUnknown, require
from pulse_sync_publisher.actions.entitlement import EntitlementActions, Policy
from pulse_sync_publisher.actions.pages import Pages
from pulse_sync_publisher.actions.repairs import Repairs
from pulse_sync_publisher.actions.signing import Signing
from pulse_sync_publisher.actions.users_set import UsersSet

DEVICE_PATTERN = r"^[a-z0-9-]{1,32}$"
COMMON = (TooManyRequests, RevocationsUnknown)


@dataclass(frozen=True)
class Limits:
    """Rate limits of one account, such as "120/minute"."""

    read: str
    change: str


@dataclass(frozen=True)
class SyncDependencies:
    """The actions, and the rate limits in memory. `clock` in microseconds."""

    pages: Pages
    entitlement: EntitlementActions
    policy: Policy
    repairs: Repairs
    users: UsersSet
    signing: Signing
    limiter: RateLimits
    limits: Limits
    clock: Callable[[], int]


class RequestBody(BaseModel):
    """The body of a request. Unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)


async def _dependencies(request: Request) -> SyncDependencies:
    found: SyncDependencies = request.app.state.sync
    return found


Dependencies = Annotated[SyncDependencies, Depends(_dependencies)]


async def _reader(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("mirror.read")]
) -> Caller:
    await deps.limiter.check("mirror-read", deps.limits.read, principal.account)
    return caller_of(request, principal)


async def _manager(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("mirror.manage")]
) -> Caller:
    await deps.limiter.check("mirror-change", deps.limits.change, principal.account)
    return caller_of(request, principal)


Reader = Annotated[Caller, Depends(_reader)]
Manager = Annotated[Caller, Depends(_manager)]
DeviceId = Annotated[
    str, Path(alias="device", pattern=DEVICE_PATTERN, description="The device id", examples=["press-4"])
]
AccountId = Annotated[
    UUID, Path(alias="id", description="The id of the account", examples=["6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"])
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        description="The ETag as you read it, or `*`. Required.",
        examples=['"1"'],
    ),
]
_ETAG: dict[str, Any] = {"description": "The version of the resource, for `If-Match`", "schema": {"type": "string"}}
TAGGED: dict[str, Any] = {"headers": {"ETag": _ETAG}}
