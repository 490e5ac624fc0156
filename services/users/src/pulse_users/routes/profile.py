"""The caller's own account."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict

from pulse_chassis.http.problems import Overloaded, TooManyRequests, responses
from pulse_chassis.identity.principal import Principal, require
from pulse_users.actions.profile import WrongPassword
from pulse_users.model.accounts import Edit, EmailTaken, NameUnfit, PreconditionFailed, PreconditionRequired
from pulse_users.model.emails import email_problem
from pulse_users.model.passwords import PasswordUnfit
from pulse_users.routes.dependencies import (
    Asked,
    ChangingSelf,
    Dependencies,
    IfMatch,
    Person,
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


class ProfileUpdate(Asked):
    """Another e-mail needs the current password."""

    model_config = ConfigDict(json_schema_extra=_UPDATE)

    name: Name
    email: KnownEmail | None = None
    current_password: CurrentPassword | None = None


class PasswordChange(Asked):
    """The password that is, and the one that shall be."""

    current: CurrentPassword
    new: NewPassword


@router.get("", operation_id="get_profile", responses={200: TAGGED})
async def get_profile(
    response: Response, deps: Dependencies, principal: Annotated[Principal, require("profile.own")]
) -> AccountView:
    """The caller's own account."""
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
            NameUnfit,
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
    asked: ProfileUpdate,
) -> AccountView:
    """Changes the caller's name and e-mail. An API key may change the name alone."""
    if asked.current_password is not None:  # another e-mail needs it
        require_person(principal)
    email = asked.email
    if email is not None and email_problem(email):
        email = changed_email(email, await deps.directory.profile(principal.account))
    account = await deps.profile.edit(caller, Edit(email=email, name=asked.name), precondition, asked.current_password)
    tag(response, account)
    return view(account)


@router.put(
    "/password",
    operation_id="change_password",
    status_code=204,
    responses=responses(WrongPassword, PreconditionFailed, PasswordUnfit, TooManyRequests, Overloaded),
)
async def change_password(deps: Dependencies, caller: Person, asked: PasswordChange) -> Response:
    """Changes the caller's password: every session ends, this one as well, and API keys are revoked."""
    await deps.profile.change_password(caller, asked.current, asked.new)
    return Response(status_code=204)
