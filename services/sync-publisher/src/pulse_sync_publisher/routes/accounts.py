"""The route that says where an account is mirrored."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from pulse_chassis.http.problems import responses
from pulse_contracts.permissions import Role
from pulse_sync_publisher.actions.pages import AccountPlaces
from pulse_sync_publisher.model.errors import AccountUnknown
from pulse_sync_publisher.model.status import OfflineProblem
from pulse_sync_publisher.routes.dependencies import COMMON, AccountId, Dependencies, Reader

router = APIRouter(prefix="/api/sync", tags=["mirror"])
_REASONS: dict[OfflineProblem, str] = {
    "disabled": "The account is disabled.",
    "deleted": "The account was deleted.",
    "older_at_users": "The users service was restored from a backup. Change the account, for example its password.",
    "viewer": "A viewer cannot sign in at a collector. Give the account the role user or admin.",
    "not_entitled": "No rule allows the account to sign in at a collector.",
    "no_verifier": "The account cannot sign in offline yet. It must sign in online once, or set a new password.",
    "lease_is_zero": "Accounts with this role may not sign in offline.",
    "never_synchronised": "No collector has synchronised since the account was allowed there.",
}


class PlaceView(BaseModel):
    """The account at one collector. version: of the newest entry. acknowledged: since when the collector has it; null
    while it does not. has: the version that the collector has; null if it has none, or a revocation."""

    device: str
    name: str
    site: str
    collector_state: Literal["enabled", "disabled", "lost", "deleted"]
    state: Literal["live", "revoked"]
    version: int
    has_verifier: bool
    changed: datetime
    is_acknowledged: bool
    acknowledged: datetime | None
    has: int | None


class MirroredAccountView(BaseModel):
    """Where an account is mirrored. reason: why it can sign in offline nowhere; null if it can. version: the newest one
    from the users service. up_to_date: collectors that have acknowledged the newest change, of `total`."""

    account: UUID
    email: str
    name: str
    role: Role
    version: int
    can_sign_in_offline: bool
    reason: OfflineProblem | None
    detail: str | None
    lease_s: int
    up_to_date: int
    total: int
    collectors: list[PlaceView]


@router.get("/accounts/{id:uuid}", operation_id="get_mirrored_account", responses=responses(AccountUnknown, *COMMON))
async def get_account(deps: Dependencies, _: Reader, account: AccountId) -> MirroredAccountView:
    """Get which collectors have which version of an account, and whether it can sign in offline."""
    return _view(await deps.pages.account(str(account)))


def _view(found: AccountPlaces) -> MirroredAccountView:
    account = found.account
    return MirroredAccountView(
        account=UUID(account.id),
        email=account.email,
        name=account.name,
        role=account.role,
        version=account.src,
        can_sign_in_offline=found.problem is None,
        reason=found.problem,
        detail=_REASONS[found.problem] if found.problem else None,
        lease_s=found.lease,
        up_to_date=sum(1 for place in found.places if place.is_acked),
        total=len(found.places),
        collectors=[
            PlaceView(
                device=place.device,
                name=place.name,
                site=place.site,
                collector_state=place.collector_state,
                state=place.state,
                version=place.src,
                has_verifier=place.has_verifier,
                changed=place.at,
                is_acknowledged=place.is_acked,
                acknowledged=place.acked_at,
                has=(place.src if place.state == "live" else None) if place.is_acked else place.had_src,
            )
            for place in found.places
        ],
    )
