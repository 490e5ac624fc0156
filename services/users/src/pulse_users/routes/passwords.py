"""Invitations, resets, and setting a password by a link."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import Overloaded, TooManyRequests, responses
from pulse_chassis.identity.caller import AnonymousCaller, client_address
from pulse_chassis.identity.principal import Forbidden, NotSignedIn, Principals, RevocationsUnknown, bearer
from pulse_users.model.accounts import OwnAccount, UnknownAccount
from pulse_users.model.links import TOKEN, LinkEnded, LinkMade, MailNotConfigured, NotInvited, NotResettable, token_hash
from pulse_users.model.passwords import MAX_PASSWORD, PasswordFault, PasswordUnfit
from pulse_users.routes.dependencies import AccountId, Asked, Dependencies, Manager
from pulse_users.routes.views import Email, NewPassword

router = APIRouter(prefix="/api/users", tags=["passwords"])
managed = APIRouter(prefix="/api/users", tags=["passwords"], route_class=IdempotentRoute)
_Token = Annotated[str, StringConstraints(pattern=TOKEN), Field(examples=["q" * 43])]
_MADE = (UnknownAccount, MailNotConfigured, TooManyRequests, RevocationsUnknown)
_EXAMPLE: dict[str, Any] = {"examples": [{"password": "violet-harbour-candle-7"}]}


class LinkWanted(Asked):
    """`mail`: the link shall be mailed to the account as well."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mail": False}]})

    mail: bool = False


class LinkView(BaseModel):
    """Shown once; it works once. `mailed`: it waits to be mailed as well."""

    link: str
    expires_at: datetime
    mailed: bool


class ResetWanted(Asked):
    """Whose password was forgotten."""

    email: Email


class PasswordSet(Asked):
    """`token` is what stands behind `#` in the link."""

    token: _Token
    password: NewPassword


class LinkGiven(Asked):
    """`token` is what stands behind `#` in the link."""

    token: _Token


class LinkOwnerView(BaseModel):
    """Whose password the link sets."""

    email: str
    name: str


class StrengthWanted(Asked):
    """`token` of a link, or else an access token. `email` and `name`: of the account that is about to be made."""

    model_config = ConfigDict(json_schema_extra=_EXAMPLE)

    password: Annotated[str, StringConstraints(max_length=2 * MAX_PASSWORD)]
    token: _Token | None = None
    email: Annotated[str, StringConstraints(max_length=254)] = ""
    name: Annotated[str, StringConstraints(max_length=200)] = ""


class StrengthView(BaseModel):
    """`score` 0 (guessed at once) to 4 (good), by zxcvbn; `fit`: it would be taken; `problems`: why not."""

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
    asked: LinkWanted,
    _: IdempotencyKey = None,
) -> LinkView:
    """A link by which a new account's owner sets the first password, within 24 hours; earlier ones end."""
    return _view(await deps.links.invite(caller, account, mailed=asked.mail))


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
    asked: LinkWanted,
    _: IdempotencyKey = None,
) -> LinkView:
    """A link by which an account's owner sets a new password, within 24 hours; until then nothing changes."""
    return _view(await deps.links.reset(caller, account, mailed=asked.mail))


@router.post(
    "/password-reset",
    operation_id="request_password_reset",
    status_code=202,
    response_class=Response,
    responses=responses(MailNotConfigured, TooManyRequests),
)
async def forgot(request: Request, deps: Dependencies, caller: AnonymousCaller, asked: ResetWanted) -> Response:
    """Mails a link to set a new password, if there is such an account: the answer does not tell. Without a mail server
    the answer is 409 for every e-mail, and the wish stands in the audit trail."""
    await deps.links.forgot(caller, client_address(request), asked.email)
    return Response(status_code=202)


@router.post(
    "/link-owner",
    operation_id="get_link_owner",
    responses=responses(LinkEnded, TooManyRequests),
)
async def link_owner(deps: Dependencies, asked: LinkGiven) -> LinkOwnerView:
    """Whose account a link is for. It uses nothing up, and its token stands in no address."""
    owner = await deps.links.owner(asked.token)
    await deps.limiter.check("strength", deps.limits.strength, token_hash(asked.token).hex())
    return LinkOwnerView(email=owner.email, name=owner.name)


@router.post(
    "/set-password",
    operation_id="set_password",
    status_code=204,
    responses=responses(LinkEnded, PasswordUnfit, TooManyRequests, Overloaded),
)
async def set_password(request: Request, deps: Dependencies, caller: AnonymousCaller, asked: PasswordSet) -> Response:
    """Uses a link up and sets the password: every session of the account ends, and its API keys are revoked."""
    await deps.links.set_password(caller, client_address(request), asked.token, asked.password)
    return Response(status_code=204)


@router.post(
    "/password-strength",
    operation_id="password_strength",
    responses=responses(NotSignedIn, Forbidden, LinkEnded, TooManyRequests, Overloaded),
)
async def strength(request: Request, deps: Dependencies, asked: StrengthWanted) -> StrengthView:
    """How hard a password is to guess, and whether it would be taken. With the token of a link, or signed in."""
    if asked.token is not None:
        await deps.links.owner(asked.token)  # before it is counted: a counter for each guess would fill the memory
        await deps.limiter.check("strength", deps.limits.strength, token_hash(asked.token).hex())
        found = await deps.links.strength(asked.token, asked.password)
    else:
        principals: Principals = request.app.state.principals
        principal = principals.verify(bearer(request))
        if not principal.may("profile.own"):
            raise Forbidden("this needs the permission profile.own")
        await deps.limiter.check("strength", deps.limits.strength, principal.account)
        own = await deps.directory.profile(principal.account)
        is_own = not asked.email and not asked.name
        email, name = (own.email, own.name) if is_own else (asked.email, asked.name)
        found = await deps.passwords.strength(asked.password, email, name)
    minimum = deps.passwords.rules.minimum
    return StrengthView(
        score=found.score,
        fit=not found.faults,
        problems=found.faults,
        min_length=minimum,
        max_length=MAX_PASSWORD,
    )


def _view(made: LinkMade) -> LinkView:
    return LinkView(link=made.url, expires_at=made.expires, mailed=made.mailed)
