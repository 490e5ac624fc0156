"""The route by which a collector enrols."""

from fastapi import APIRouter, Request, Response

from pulse_auth.actions.enrolment import BrokerUnknown
from pulse_auth.model.collectors import ENROL, EnrolmentFailed
from pulse_auth.routes.dependencies import NO_STORE, AuthDependencies, Dependencies
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import AnonymousCaller, client_address
from pulse_contracts.enrolment import EnrolmentAnswer, EnrolmentOffer

router = APIRouter(prefix="/api/collectors", tags=["collectors"])


@router.post(
    f"/{ENROL}", operation_id="enrol_collector", responses=responses(EnrolmentFailed, TooManyRequests, BrokerUnknown)
)
async def enrol(
    request: Request, response: Response, body: EnrolmentOffer, deps: Dependencies, caller: AnonymousCaller
) -> EnrolmentAnswer:
    """Enrol a collector with its one-time code, as `pulse-collector enrol` does (protocol B1)."""
    await _check_flood(deps)
    answer = await deps.enrolment(body, client_address(request), caller)
    response.headers.update(NO_STORE)
    return answer


async def _check_flood(deps: AuthDependencies) -> None:
    await deps.limiter.check("enrol", deps.limits.login_global, "all")
