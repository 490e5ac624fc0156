"""The caller of a request for the audit trail: account, address and request id."""

from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Request

from pulse_chassis.identity.principal import CurrentPrincipal, Principal
from pulse_chassis.identity.proxies import Proxies


@dataclass(frozen=True)
class Caller:
    """`account` is the id of an account, `command-line`, `system`, or None without sign-in. `address` is the client's
    address, or the peer's address if the client's is unknown."""

    account: str | None
    address: str | None = None
    request_id: str | None = None


COMMAND_LINE = Caller("command-line")
SYSTEM = Caller("system")


def client_address(request: Request) -> str | None:
    """Returns the client's address for rate limits. None when it is unknown (see `Proxies`)."""
    proxies: Proxies = request.app.state.proxies
    if not proxies.are_known:
        return None
    # a proxy may add its own header line (RFC 9110 §5.3)
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return proxies.client(request.client.host if request.client else "", {"x-forwarded-for": forwarded})


def address_of(request: Request) -> str | None:
    """Returns the client's address, or the peer's address if the client's is unknown."""
    return client_address(request) or (request.client.host if request.client else None)


def caller_of(request: Request, principal: Principal | None = None) -> Caller:
    """Returns the caller of a request. Without a principal the caller is anonymous."""
    address = address_of(request)
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return Caller(principal.account if principal else None, address, request_id)


async def _anonymous(request: Request) -> Caller:
    return caller_of(request)


async def _signed_in(request: Request, principal: CurrentPrincipal) -> Caller:
    return caller_of(request, principal)


AnonymousCaller = Annotated[Caller, Depends(_anonymous)]
CurrentCaller = Annotated[Caller, Depends(_signed_in)]
