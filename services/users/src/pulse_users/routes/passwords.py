"""Routes for invitations, resets, and setting a password with a link."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import Overloaded, TooManyRequests, responses
from pulse_chassis.identity.caller import AnonymousCaller, client_address
from pulse_chassis.identity.principal import Forbidden, NotSignedIn, Principals, RevocationsUnknown, bearer
from pulse_users.model.accounts import AccountNotFound, OwnAccount
from pulse_users.model.links import (
    TOKEN,
    LinkExpired,
    MailNotConfigured,
    NewLink,
    NotInvited,
    NotResettable,
    token_hash,
)
from pulse_users.model.passwords import MAX_PASSWORD, InvalidPassword, PasswordFault
from pulse_users.routes.dependencies import AccountId, Dependencies, Manager, RequestBody
from pulse_users.routes.views import Email, NewPassword

router = APIRouter(prefix="/api/users", tags=["passwords"])
managed = APIRouter(prefix="/api/users", tags=["passwords"], route_class=IdempotentRoute)
_Token = Annotated[str, StringConstraints(pattern=TOKEN), Field(examples=["q" * 43])]
_MADE = (AccountNotFound, MailNotConfigured, TooManyRequests, RevocationsUnknown)
_EXAMPLE: dict[str, Any] = {"examples": [{"password": "violet-harbour-candle-7"}]}


class LinkRequest(RequestBody):
    """`mail`: also send the link to the account's e-mail."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mail": False}]})

    mail: bool = False


class LinkView(BaseModel):
    """Only shown in this answer; works once. `mailed`: it is also queued as a mail."""

    link: str
    expires_at: datetime
    mailed: bool


class ResetRequestBody(RequestBody):
    """The e-mail of the account."""

    email: Email


class PasswordSet(RequestBody):
    """`token`: the part of the link after `#`."""

    token: _Token
    password: NewPassword


class LinkToken(RequestBody):
    """`token`: the part of the link after `#`."""

    token: _Token


class LinkOwnerView(BaseModel):
    """The account whose password the link sets."""

    email: str
    name: str


class StrengthRequest(RequestBody):
    """Send the `token` of a link, or an access token. `email` and `name`: of an account that is about to be created."""

    model_config = ConfigDict(json_schema_extra=_EXAMPLE)

    password: Annotated[str, StringConstraints(max_length=2 * MAX_PASSWORD)]
    token: _Token | None = None
    email: Annotated[str, StringConstraints(max_length=254)] = ""
    name: Annotated[str, StringConstraints(max_length=200)] = ""


class StrengthView(BaseModel):
    """`score`: 0 (guessed at once) to 4 (hard to guess), by zxcvbn. `fit`: the password would be accepted. `problems`:
    the broken rules."""

    score: Annotated[int, Field(ge=0, le=4)]
    fit: bool
    problems: list[PasswordFault]
    min_length: int
    max_length: int


@managed.post(
    "/{id:uuid}/invitation",
    operation_id="invite_user",
    status_code=201,
    responses=responses(NotInvited, *_MADE, *IDEMPOTENCY_PROBLEMS),
)
async def invite(
    deps: Dependencies,
    caller: Manager,
    account: AccountId,
    body: LinkRequest,
    _: IdempotencyKey = None,
) -> LinkView:
    """Create a link with which the owner of an account sets the first password, within 24 hours. Earlier links become
    invalid."""
    return _view(await deps.links.invite(caller, account, mailed=body.mail))


@managed.post(
    "/{id:uuid}/reset",
    operation_id="reset_user",
    status_code=201,
    responses=responses(NotResettable, OwnAccount, *_MADE, *IDEMPOTENCY_PROBLEMS),
)
async def reset(
    deps: Dependencies,
    caller: Manager,
    account: AccountId,
    body: LinkRequest,
    _: IdempotencyKey = None,
) -> LinkView:
    """Create a link with which the owner of an account sets a new password, within 24 hours. Until then nothing
    changes."""
    return _view(await deps.links.reset(caller, account, mailed=body.mail))


@router.post(
    "/password-reset",
    operation_id="request_password_reset",
    status_code=202,
    response_class=Response,
    responses=responses(MailNotConfigured, TooManyRequests),
)
async def forgot(request: Request, deps: Dependencies, caller: AnonymousCaller, body: ResetRequestBody) -> Response:
    """Request a link to set a new password by mail. The answer does not reveal whether the account exists. Without a
    mail server it is 409 for every e-mail, and the request is audited."""
    await deps.links.forgot(caller, client_address(request), body.email)
    return Response(status_code=202)


@router.post(
    "/link-owner",
    operation_id="get_link_owner",
    responses=responses(LinkExpired, TooManyRequests),
)
async def link_owner(deps: Dependencies, body: LinkToken) -> LinkOwnerView:
    """Get the account of a link. Does not use the link up. The token is in the body, so that it is in no log."""
    owner = await deps.links.owner(body.token)
    await deps.limiter.check("strength", deps.limits.strength, token_hash(body.token).hex())
    return LinkOwnerView(email=owner.email, name=owner.name)


@router.post(
    "/set-password",
    operation_id="set_password",
    status_code=204,
    responses=responses(LinkExpired, InvalidPassword, TooManyRequests, Overloaded),
)
async def set_password(request: Request, deps: Dependencies, caller: AnonymousCaller, body: PasswordSet) -> Response:
    """Set the password with a link. Ends all sessions of the account and revokes its API keys."""
    await deps.links.set_password(caller, client_address(request), body.token, body.password)
    return Response(status_code=204)


@router.post(
    "/password-strength",
    operation_id="password_strength",
    responses=responses(NotSignedIn, Forbidden, LinkExpired, TooManyRequests, Overloaded),
)
async def strength(request: Request, deps: Dependencies, body: StrengthRequest) -> StrengthView:
    """Get how hard a password is to guess, and whether it would be accepted. Needs the token of a link, or a
    session."""
    if body.token is not None:
        await deps.links.owner(body.token)  # before counting: a counter for each guess would fill the memory
        await deps.limiter.check("strength", deps.limits.strength, token_hash(body.token).hex())
        found = await deps.links.strength(body.token, body.password)
    else:
        principals: Principals = request.app.state.principals
        principal = principals.verify(bearer(request))
        if not principal.may("profile.own"):
            raise Forbidden("You need the permission profile.own.")
        await deps.limiter.check("strength", deps.limits.strength, principal.account)
        own = await deps.directory.profile(principal.account)
        is_own = not body.email and not body.name
        email, name = (own.email, own.name) if is_own else (body.email, body.name)
        found = await deps.passwords.strength(body.password, email, name)
    minimum = deps.passwords.rules.minimum
    return StrengthView(
        score=found.score,
        fit=not found.faults,
        problems=found.faults,
        min_length=minimum,
        max_length=MAX_PASSWORD,
    )


def _view(made: NewLink) -> LinkView:
    return LinkView(link=made.url, expires_at=made.expires, mailed=made.mailed)
