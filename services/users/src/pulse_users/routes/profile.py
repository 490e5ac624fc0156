"""Routes for the caller's own account."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict

from pulse_chassis.http.problems import Overloaded, TooManyRequests, responses
from pulse_chassis.identity.principal import Principal, require
from pulse_users.actions.profile import WrongPassword
from pulse_users.model.accounts import Edit, EmailTaken, InvalidName, PreconditionFailed, PreconditionRequired
from pulse_users.model.emails import email_problem
from pulse_users.model.passwords import InvalidPassword
from pulse_users.routes.dependencies import (
    ChangingSelf,
    Dependencies,
    IfMatch,
    Person,
    RequestBody,
    require_person,
    tag,
)
from pulse_users.routes.views import (
    TAGGED,
    AccountView,
    CurrentPassword,
    KnownEmail,
    Name,
    NewPassword,
    changed_email,
    view,
)

router = APIRouter(prefix="/api/profile", tags=["profile"])
_UPDATE: dict[str, Any] = {"examples": [{"name": "Ada Lovelace"}]}


class ProfileUpdate(RequestBody):
    """Another e-mail needs the current password."""

    model_config = ConfigDict(json_schema_extra=_UPDATE)

    name: Name
    email: KnownEmail | None = None
    current_password: CurrentPassword | None = None


class PasswordChange(RequestBody):
    """The current password and the new one."""

    current: CurrentPassword
    new: NewPassword


@router.get("", operation_id="get_profile", responses={200: TAGGED})
async def get_profile(
    response: Response, deps: Dependencies, principal: Annotated[Principal, require("profile.own")]
) -> AccountView:
    """Get your own account."""
    account = await deps.directory.profile(principal.account)
    tag(response, account)
    return view(account)


@router.put(
    "",
    operation_id="update_profile",
    responses={
        200: TAGGED,
        **responses(
            WrongPassword,
            EmailTaken,
            PreconditionFailed,
            InvalidName,
            PreconditionRequired,
            TooManyRequests,
            Overloaded,
        ),
    },
)
async def update_profile(
    response: Response,
    deps: Dependencies,
    caller: ChangingSelf,
    principal: Annotated[Principal, require("profile.own")],
    precondition: IfMatch,
    body: ProfileUpdate,
) -> AccountView:
    """Change your name and e-mail. An API key can only change the name."""
    if body.current_password is not None:  # needed for another e-mail
        require_person(principal)
    email = body.email
    if email is not None and email_problem(email):
        email = changed_email(email, await deps.directory.profile(principal.account))
    account = await deps.profile.edit(caller, Edit(email=email, name=body.name), precondition, body.current_password)
    tag(response, account)
    return view(account)


@router.put(
    "/password",
    operation_id="change_password",
    status_code=204,
    responses=responses(WrongPassword, PreconditionFailed, InvalidPassword, TooManyRequests, Overloaded),
)
async def change_password(deps: Dependencies, caller: Person, body: PasswordChange) -> Response:
    """Change your password. Ends all your sessions, including this one, and revokes your API keys."""
    await deps.profile.change_password(caller, body.current, body.new)
    return Response(status_code=204)
