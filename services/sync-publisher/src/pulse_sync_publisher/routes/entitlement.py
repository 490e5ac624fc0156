"""Routes for the rule list and the leases."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import responses
from pulse_contracts.collectors import Subject
from pulse_sync_publisher.actions.entitlement import Preview, Wish
from pulse_sync_publisher.model.entitlement import MAX_RULES, Entitlement, Rule
from pulse_sync_publisher.model.errors import (
    InvalidRules,
    LastAdministratorOfSite,
    LeaseOutOfBounds,
    VersionChanged,
    VersionMissing,
)
from pulse_sync_publisher.model.leases import Leases
from pulse_sync_publisher.routes.dependencies import (
    COMMON,
    TAGGED,
    Dependencies,
    IfMatch,
    Manager,
    Reader,
    RequestBody,
)

router = APIRouter(prefix="/api/sync", tags=["entitlement"], route_class=IdempotentRoute)
_LISTED = 200
Place = Annotated[
    str,
    StringConstraints(
        max_length=80, pattern=r"^(everywhere|device:[a-z0-9-]{1,32}|(site|tag):[^\x00-\x1f\x7f]{1,64})$"
    ),
]


class RuleBody(RequestBody):
    """subject: `account:<uuid>` or `role:<role>`. place: `device:<id>`, `site:<name>`, `tag:<name>` or `everywhere`.
    Deny wins over allow."""

    subject: Annotated[Subject, Field(examples=["role:user"])]
    place: Annotated[Place, Field(examples=["site:Hall 2"])]
    effect: Literal["allow", "deny"]


class EntitlementBody(RequestBody):
    """The whole rule list. allow_unmatched: accept sites and tags that no collector has yet."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rules": [{"subject": "role:user", "place": "everywhere", "effect": "allow"}]}]
        }
    )

    rules: Annotated[list[RuleBody], Field(max_length=MAX_RULES)]
    allow_unmatched: Annotated[bool, Field(strict=True)] = False

    def wish(self, *, force: bool = False) -> Wish:
        """The rule list for actions."""
        rules = [Rule(rule.subject, rule.place, rule.effect == "allow") for rule in self.rules]
        return Wish(rules, self.allow_unmatched, force)


class EntitlementChange(EntitlementBody):
    """force: accept that no administrator can sign in at the collectors of a site any more."""

    force: Annotated[bool, Field(strict=True)] = False


class RuleView(BaseModel):
    """A rule. origin: `adopted` from the time before this list existed; `restored` because a collector still had a
    revocation that a restored database had forgotten."""

    subject: str
    place: str
    effect: Literal["allow", "deny"]
    origin: Literal["administrator", "adopted", "restored"]


class EntitlementView(BaseModel):
    """The rule list. changes: log entries that the change made, over all collectors; null for a read."""

    rules: list[RuleView]
    changes: int | None = None


class PairView(BaseModel):
    """An account at a collector."""

    device: str
    account: UUID


class ChangeCount(BaseModel):
    """Numbers of different accounts and collectors. pairs: at most 200 of them."""

    accounts: int
    collectors: int
    pairs: list[PairView]


class PreviewView(BaseModel):
    """What a rule list would change. locked_sites: sites that would lose their last administrator, so that the change
    needs `force: true`. summary: one sentence."""

    gained: ChangeCount
    lost: ChangeCount
    locked_sites: list[str]
    summary: str


class PolicyBody(RequestBody):
    """How long accounts may sign in offline after their collector last heard from the server, in seconds. Users: 3600
    to 2592000. Administrators: 0 (never) to 259200."""

    user_lease_s: Annotated[int, Field(ge=0, le=10**9, examples=[259_200])]
    admin_lease_s: Annotated[int, Field(ge=0, le=10**9, examples=[0])]


@router.get("/entitlement", operation_id="get_entitlement", responses={200: TAGGED, **responses(*COMMON)})
async def get_entitlement(response: Response, deps: Dependencies, _: Reader) -> EntitlementView:
    """Get the rules: who may sign in at which collectors."""
    found, version = await deps.entitlement.read()
    response.headers["ETag"] = f'"{version}"'
    return _rules(found)


@router.put(
    "/entitlement",
    operation_id="update_entitlement",
    responses={
        200: TAGGED,
        **responses(InvalidRules, LastAdministratorOfSite, VersionChanged, VersionMissing, *COMMON),
    },
)
async def update_entitlement(
    response: Response, deps: Dependencies, caller: Manager, body: EntitlementChange, if_match: IfMatch = None
) -> EntitlementView:
    """Replace the rules. Accounts that are no longer allowed are revoked at the collectors."""
    found, version, changes = await deps.entitlement.replace(body.wish(force=body.force), if_match, caller)
    response.headers["ETag"] = f'"{version}"'
    return _rules(found, changes)


@router.post(
    "/entitlement/preview",
    operation_id="preview_entitlement",
    responses=responses(InvalidRules, *IDEMPOTENCY_PROBLEMS, *COMMON),
)
async def preview_entitlement(
    deps: Dependencies, _: Manager, body: EntitlementBody, __: IdempotencyKey = None
) -> PreviewView:
    """Show what a rule list would change, without changing anything."""
    return _preview(await deps.entitlement.preview(body.wish()))


@router.get("/policy", operation_id="get_mirror_policy", responses={200: TAGGED, **responses(*COMMON)})
async def get_policy(response: Response, deps: Dependencies, _: Reader) -> PolicyBody:
    """Get the leases."""
    leases, version = await deps.policy.read()
    response.headers["ETag"] = f'"{version}"'
    return PolicyBody(user_lease_s=leases.user_s, admin_lease_s=leases.admin_s)


@router.put(
    "/policy",
    operation_id="update_mirror_policy",
    responses={200: TAGGED, **responses(LeaseOutOfBounds, VersionChanged, VersionMissing, *COMMON)},
)
async def update_policy(
    response: Response, deps: Dependencies, caller: Manager, body: PolicyBody, if_match: IfMatch = None
) -> PolicyBody:
    """Change the leases. Every collector gets the changed records."""
    leases, version = await deps.policy.replace(Leases(body.user_lease_s, body.admin_lease_s), if_match, caller)
    response.headers["ETag"] = f'"{version}"'
    return PolicyBody(user_lease_s=leases.user_s, admin_lease_s=leases.admin_s)


def _rules(found: Entitlement, changes: int | None = None) -> EntitlementView:
    views = [
        RuleView(
            subject=rule.subject,
            place=rule.place,
            effect="allow" if rule.is_allowed else "deny",
            origin=rule.origin,
        )
        for rule in found.rules
    ]
    return EntitlementView(rules=views, changes=changes)


def _preview(preview: Preview) -> PreviewView:
    gained, lost = preview.difference.gained, preview.difference.lost
    given, taken = _count(gained), _count(lost)
    summary = (
        f"This would give {_plural(given.accounts, 'account')} to {_plural(given.collectors, 'collector')}, "
        f"and take {_plural(taken.accounts, 'account')} from {_plural(taken.collectors, 'collector')}."
    )
    return PreviewView(gained=given, lost=taken, locked_sites=preview.locked_sites, summary=summary)


def _count(pairs: frozenset[tuple[str, str]]) -> ChangeCount:
    listed = [PairView(device=device, account=UUID(account)) for device, account in sorted(pairs)[:_LISTED]]
    accounts, collectors = {account for _, account in pairs}, {device for device, _ in pairs}
    return ChangeCount(accounts=len(accounts), collectors=len(collectors), pairs=listed)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
