"""Who asks, for the audit trail: account, address, and the id by which the log finds the request."""

from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Request

from pulse_chassis.identity.principal import CurrentPrincipal, Principal
from pulse_chassis.identity.proxies import Proxies


@dataclass(frozen=True)
class Caller:
    """`account` is the account's id, `command-line`, `system`, or None when nobody is signed in; `address` that of the
    client, or of the peer when proxies may stand between."""

    account: str | None
    address: str | None = None
    request_id: str | None = None


COMMAND_LINE = Caller("command-line")
SYSTEM = Caller("system")


def client_address(request: Request) -> str | None:
    """The client's address as far as it is known (`Proxies`): what limits may count by."""
    proxies: Proxies = request.app.state.proxies
    if not proxies.are_known:
        return None
    # a proxy may add a line of its own (RFC 9110 §5.3)
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return proxies.client(request.client.host if request.client else "", {"x-forwarded-for": forwarded})


def caller_of(request: Request, principal: Principal | None = None) -> Caller:
    """Who asks; nobody is signed in without a principal."""
    address = client_address(request) or (request.client.host if request.client else None)
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return Caller(principal.account if principal else None, address, request_id)


async def _anonymous(request: Request) -> Caller:
    return caller_of(request)


async def _signed_in(request: Request, principal: CurrentPrincipal) -> Caller:
    return caller_of(request, principal)


AnonymousCaller = Annotated[Caller, Depends(_anonymous)]
CurrentCaller = Annotated[Caller, Depends(_signed_in)]
