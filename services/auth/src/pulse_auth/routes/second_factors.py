"""Routes for the caller's own second factor."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from pulse_auth.actions.second_factors import FactorState
from pulse_auth.model.second_factors import NoSecondFactor, SecondFactorExists, SecondFactorMandatory, WrongCode
from pulse_auth.model.sessions import WrongPassword
from pulse_auth.routes.dependencies import NO_STORE, CodeText, Dependencies, PasswordText, SessionOwner, account_of
from pulse_chassis.http.problems import Overloaded, TooManyRequests, responses
from pulse_chassis.identity.caller import CurrentCaller

router = APIRouter(prefix="/api/auth/second-factor", tags=["second factor"])


class SecondFactorView(BaseModel):
    """`is_mandatory`: the role requires a second factor."""

    is_enabled: bool
    enabled_at: datetime | None
    recovery_codes_left: int
    is_mandatory: bool


class OwnPassword(BaseModel):
    """Changes of the second factor need the current password."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery"}]})

    password: PasswordText


class CodeRequest(BaseModel):
    """A one-time code of the app. Recovery codes can also be renewed with a recovery code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "123456"}]})

    code: CodeText


class DisableRequest(BaseModel):
    """Needs password and code: neither a stolen session nor a found phone is enough."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery", "code": "123456"}]})

    password: PasswordText
    code: CodeText


class EnrolmentView(BaseModel):
    """Only shown in this answer. Authenticator apps read `uri` as a QR code."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Only shown in this answer. Each code works for one sign-in."""

    recovery_codes: list[str]


def view_of_factor(found: FactorState) -> SecondFactorView:
    """The state of a second factor, as answers show it."""
    return SecondFactorView(
        is_enabled=found.confirmed is not None,
        enabled_at=found.confirmed,
        recovery_codes_left=found.recovery_codes_left,
        is_mandatory=found.is_mandatory,
    )


@router.get("", operation_id="get_own_second_factor", responses=responses(TooManyRequests))
async def show(deps: Dependencies, principal: SessionOwner) -> SecondFactorView:
    """Get the state of your second factor."""
    return view_of_factor(await deps.factors.state(account_of(principal)))


@router.post(
    "",
    operation_id="begin_second_factor",
    responses=responses(WrongPassword, SecondFactorExists, TooManyRequests, Overloaded),
)
async def begin(
    response: Response, body: OwnPassword, deps: Dependencies, principal: SessionOwner, caller: CurrentCaller
) -> EnrolmentView:
    """Create a secret for an authenticator app. Confirm it to enable the second factor."""
    result = await deps.factors.enrol(account_of(principal), body.password, caller)
    response.headers.update(NO_STORE)
    return EnrolmentView(secret=result.secret, uri=result.uri)


@router.post(
    "/confirm",
    operation_id="confirm_second_factor",
    responses=responses(WrongCode, NoSecondFactor, TooManyRequests),
)
async def confirm(
    response: Response, body: CodeRequest, deps: Dependencies, principal: SessionOwner, caller: CurrentCaller
) -> RecoveryCodes:
    """Enable the second factor with the first code of the app, and get the recovery codes. Refresh the session
    afterwards."""
    result = await deps.factors.confirm(account_of(principal), body.code, caller)
    response.headers.update(NO_STORE)
    return RecoveryCodes(recovery_codes=result)


@router.post(
    "/recovery-codes",
    operation_id="renew_recovery_codes",
    responses=responses(WrongCode, NoSecondFactor, TooManyRequests),
)
async def renew(
    response: Response, body: CodeRequest, deps: Dependencies, principal: SessionOwner, caller: CurrentCaller
) -> RecoveryCodes:
    """Replace the recovery codes with ten new ones."""
    result = await deps.factors.renew_recovery_codes(account_of(principal), body.code, caller)
    response.headers.update(NO_STORE)
    return RecoveryCodes(recovery_codes=result)


@router.post(
    "/disable",
    operation_id="disable_second_factor",
    status_code=204,
    responses=responses(WrongPassword, WrongCode, NoSecondFactor, SecondFactorMandatory, TooManyRequests, Overloaded),
)
async def disable(body: DisableRequest, deps: Dependencies, principal: SessionOwner, caller: CurrentCaller) -> None:
    """Disable your second factor."""
    await deps.factors.disable(account_of(principal), body.password, body.code, caller)
