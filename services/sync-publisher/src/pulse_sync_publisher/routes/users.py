"""Routes for the set of the users service: whether the copy is current, and the acceptance of a restored set."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import responses
from pulse_sync_publisher.actions.users_set import UsersState, UsersStatus
from pulse_sync_publisher.model.errors import ConfirmationWrong, UsersNotRestored, UsersSetUnknown
from pulse_sync_publisher.routes.dependencies import COMMON, Dependencies, Manager, Reader, RequestBody

router = APIRouter(prefix="/api/sync", tags=["mirror"], route_class=IdempotentRoute)


class UsersView(BaseModel):
    """The copy of the accounts beside the set of the users service. Only a current copy confirms mirrors: otherwise the
    leases of all collectors run out.

    state: `current`: they are equal. `behind`: changes are on their way. `not_heard`: the users service has announced
    nothing in the last 10 minutes. `restored`: the users service has an older set, because its database was restored.
    announced: when the users service made its newest digest.
    older: accounts of which it has an older version. missing: accounts that it does not have. Both only in `restored`.
    revoked: accounts that stay revoked since a restored set was accepted, until the users service changes them.
    kept: accounts that are active at the users service and revoked here: it was restored and has forgotten their
        revocation. An administrator disables and enables them again, or disables them.
    """

    state: UsersState
    announced: datetime | None
    older: int
    missing: int
    revoked: int
    kept: int


class Acceptance(RequestBody):
    """`confirm` repeats `older` + `missing`: the number of accounts that stay revoked."""

    confirm: Annotated[int, Field(ge=0, le=2**31, strict=True, examples=[3])]


@router.get("/users", operation_id="get_users_set", responses=responses(*COMMON))
async def get_users(deps: Dependencies, _: Reader) -> UsersView:
    """Get whether the copy of the accounts is what the users service has."""
    return _view(await deps.users.status())


@router.post(
    "/users/accept",
    operation_id="accept_users_set",
    responses=responses(UsersNotRestored, UsersSetUnknown, ConfirmationWrong, *IDEMPOTENCY_PROBLEMS, *COMMON),
)
async def accept(deps: Dependencies, caller: Manager, body: Acceptance, _: IdempotencyKey = None) -> UsersView:
    """Accept the set of a users service that was restored from a backup. Accounts that are older there, or missing, are
    revoked at every collector until the users service changes them."""
    return _view(await deps.users.accept(body.confirm, caller))


def _view(status: UsersStatus) -> UsersView:
    return UsersView(
        state=status.state,
        announced=status.announced,
        older=status.older,
        missing=status.missing,
        revoked=status.revoked,
        kept=status.kept,
    )
