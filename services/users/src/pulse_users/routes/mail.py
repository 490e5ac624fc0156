"""The mail settings for administrators: what is configured, and a test."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import Caller, caller_of
from pulse_chassis.identity.principal import Principal, RevocationsUnknown, require
from pulse_users.actions.mail_test import Outcome
from pulse_users.model.links import MailNotConfigured
from pulse_users.routes.dependencies import Dependencies

router = APIRouter(prefix="/api/users/mail", tags=["mail"])
_TESTS = "5/10minute"


class MailServerView(BaseModel):
    """`encryption`: from the first byte (`tls`), by STARTTLS, or none. The password is never shown."""

    host: str
    port: int
    sender: str
    encryption: Literal["starttls", "tls", "none"]
    has_password: bool


class MailView(BaseModel):
    """`server`: null without a mail server. It is configured in the environment of the service (`PULSE_SMTP_…`)."""

    server: MailServerView | None


class MailTestView(BaseModel):
    """`accepted`: the mail server has taken the mail. `rejected`: it rejects the address for good. `failed`: it cannot
    be reached, or rejects the connection or the sign-in. `reason`: in English, with the mail
    server's answer (at most 200 characters)."""

    outcome: Outcome
    to: str
    reason: str


async def _tester(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("system.manage")]
) -> Caller:
    await deps.limiter.check("mail-test", _TESTS, principal.account)
    return caller_of(request, principal)


@router.get("", operation_id="get_mail_settings", responses=responses(RevocationsUnknown))
async def get_mail(deps: Dependencies, _: Annotated[Principal, require("system.manage")]) -> MailView:
    """Get the mail settings, without the password."""
    found = deps.mail_test.settings
    if found is None:
        return MailView(server=None)
    server = MailServerView(
        host=found.host,
        port=found.port,
        sender=found.sender,
        encryption=found.tls,
        has_password=found.has_password,
    )
    return MailView(server=server)


@router.post(
    "/test",
    operation_id="test_mail",
    responses=responses(MailNotConfigured, TooManyRequests, RevocationsUnknown),
)
async def test_mail(deps: Dependencies, caller: Annotated[Caller, Depends(_tester)]) -> MailTestView:
    """Send a test mail to yourself, and get what the mail server answered. At most five in ten minutes."""
    found = await deps.mail_test.run(caller)
    return MailTestView(outcome=found.outcome, to=found.to, reason=found.reason)
