"""Routes for the mirrors of collectors: progress, contents and repairs; and for incidents."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import responses
from pulse_contracts.permissions import Role
from pulse_contracts.times import from_micros
from pulse_sync_publisher.actions.pages import Summary
from pulse_sync_publisher.model.collectors import Collector
from pulse_sync_publisher.model.errors import (
    CollectorNotManaged,
    CollectorUnknown,
    CollectorWiped,
    ConfirmationWrong,
)
from pulse_sync_publisher.model.leases import Leases
from pulse_sync_publisher.model.records import Account
from pulse_sync_publisher.model.status import Shown, shown_state
from pulse_sync_publisher.routes.dependencies import (
    COMMON,
    DEVICE_PATTERN,
    Dependencies,
    DeviceId,
    Manager,
    Reader,
    RequestBody,
)
from pulse_sync_publisher.store.page_rows import HeldRow

router = APIRouter(prefix="/api/sync", tags=["mirror"], route_class=IdempotentRoute)
_ORDERS = (CollectorUnknown, CollectorNotManaged, CollectorWiped, *IDEMPOTENCY_PROBLEMS, *COMMON)


class MirrorView(BaseModel):
    """The mirror of one collector.

    behind: changes that it has not acknowledged. since: time of the oldest of them.
    held: accounts that it holds with a verifier for offline sign-in.
    state_since: since when it has this state. seen: when its last report arrived.
    is_rekeying: a new sealing key waits for its confirmation.
    checked: when the digests were last compared and the positions were equal.
    """

    device: str
    name: str
    site: str
    tags: list[str]
    state: Shown
    state_since: datetime
    behind: int
    since: datetime | None
    held: int
    seen: datetime | None
    is_rekeying: bool
    checked: datetime | None


class FleetPage(BaseModel):
    """`up_to_date` of `total`: managed collectors that have acknowledged every change. `counts`: collectors by state,
    unmanaged ones included. key_trusted_since: since when auth's list of trusted keys has the key of this service;
    collectors accept nothing before."""

    items: list[MirrorView]
    next: str | None
    up_to_date: int
    total: int
    counts: dict[str, int]
    key_trusted_since: datetime | None


class ContentView(BaseModel):
    """One account in a mirror. version: of the newest entry. is_acknowledged: the collector has it. has: the version
    that the collector has; null if it has none, or a revocation."""

    account: UUID
    email: str | None
    name: str | None
    role: Role | None
    state: Literal["live", "revoked"]
    version: int
    has_verifier: bool
    changed: datetime
    is_acknowledged: bool
    acknowledged: datetime | None
    has: int | None


class LeaseView(BaseModel):
    """How long accounts may still sign in at this collector if it loses its connection now. Seconds; an estimate, since
    only the collector knows when it received a heartbeat."""

    user_s: int
    admin_s: int


class MirrorDetail(MirrorView):
    """last_heartbeat: when the last heartbeat was sent to the collector."""

    last_heartbeat: datetime | None
    lease_left: LeaseView
    accounts: list[ContentView]
    next: UUID | None


class HeldAccount(BaseModel):
    """An account whose verifier the collector held."""

    account: UUID
    email: str
    name: str
    role: Role
    is_active: bool


class HeldList(BaseModel):
    """The accounts whose verifiers a collector holds, or held when it was lost. generation: of its enrolment."""

    device: str
    generation: int
    items: list[HeldAccount]
    next: UUID | None
    total: int


class Ordered(BaseModel):
    """An order was stored. The mirror has this state."""

    device: str
    state: Shown


class WipeOrder(RequestBody):
    """`confirm` repeats the id of the collector."""

    confirm: Annotated[str, Field(min_length=1, max_length=32, examples=["press-4"])]


class IncidentView(BaseModel):
    """Something that should not happen. The service repaired it, or it needs attention. device: empty if it concerns no
    single collector, such as `users_restored`."""

    id: int
    at: datetime
    device: str
    kind: str
    detail: str


class IncidentPage(BaseModel):
    """Newest first. `next`: the parameter `before` of the next page."""

    items: list[IncidentView]
    next: int | None


@router.get("/collectors", operation_id="list_mirrors", responses=responses(*COMMON))
async def list_mirrors(
    deps: Dependencies,
    _: Reader,
    state: Annotated[Shown | None, Query()] = None,
    after: Annotated[str | None, Query(pattern=DEVICE_PATTERN, description="`next` of the previous page")] = None,
    limit: Annotated[int, Query(ge=1, le=2_000)] = 50,
) -> FleetPage:
    """List the mirrors of collectors by id, in pages."""
    fleet, has_more = await deps.pages.fleet(state, after, limit)
    return FleetPage(
        items=[_view(one) for one in fleet.items],
        next=fleet.items[-1].collector.device if has_more else None,
        up_to_date=fleet.up_to_date,
        total=fleet.total,
        counts=fleet.counts,
        key_trusted_since=_time(deps.signing.trusted_since),
    )


@router.get("/collectors/{device}", operation_id="get_mirror", responses=responses(CollectorUnknown, *COMMON))
async def get_mirror(
    deps: Dependencies,
    _: Reader,
    device: DeviceId,
    after: Annotated[UUID | None, Query(description="`next` of the previous page of accounts")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> MirrorDetail:
    """Get the mirror of a collector with the accounts that it holds, in pages."""
    summary = await deps.pages.collector(device)
    rows = await deps.pages.contents(device, str(after) if after else None, limit + 1)
    leases, _version = await deps.policy.read()
    beat_at = summary.collector.beat_at
    return MirrorDetail(
        **_view(summary).model_dump(),
        last_heartbeat=_time(beat_at),
        lease_left=_lease_left(leases, beat_at, deps.clock()),
        accounts=[_content(row) for row in rows[:limit]],
        next=UUID(rows[limit - 1].account) if len(rows) > limit else None,
    )


@router.get("/collectors/{device}/held", operation_id="list_held", responses=responses(CollectorUnknown, *COMMON))
async def list_held(
    deps: Dependencies,
    _: Reader,
    device: DeviceId,
    after: Annotated[UUID | None, Query(description="`next` of the previous page")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 500,
) -> HeldList:
    """List the accounts whose verifiers a collector holds, also after it was lost, by id."""
    found, generation = await deps.pages.held(device)
    left = [one for one in found if after is None or one.id > str(after)]
    items = [_held(one) for one in left[:limit]]
    following = items[-1].account if len(left) > limit else None
    return HeldList(device=device, generation=generation, items=items, next=following, total=len(found))


@router.post(
    "/collectors/{device}/resync", operation_id="resync_mirror", status_code=202, responses=responses(*_ORDERS)
)
async def resync(deps: Dependencies, caller: Manager, device: DeviceId, _: IdempotencyKey = None) -> Ordered:
    """Send the whole set to a collector, and compare the digests again."""
    return _ordered(await deps.repairs.resync(device, caller))


@router.post("/collectors/{device}/rekey", operation_id="rekey_mirror", status_code=202, responses=responses(*_ORDERS))
async def rekey(deps: Dependencies, caller: Manager, device: DeviceId, _: IdempotencyKey = None) -> Ordered:
    """Give a collector a new sealing key. The whole set follows under the new key."""
    return _ordered(await deps.repairs.rekey(device, caller))


@router.post(
    "/collectors/{device}/wipe",
    operation_id="wipe_mirror",
    status_code=202,
    responses=responses(CollectorUnknown, CollectorNotManaged, ConfirmationWrong, *IDEMPOTENCY_PROBLEMS, *COMMON),
)
async def wipe(
    deps: Dependencies, caller: Manager, device: DeviceId, body: WipeOrder, _: IdempotencyKey = None
) -> Ordered:
    """Delete the mirror of a collector. Only a new enrolment ends this."""
    return _ordered(await deps.repairs.wipe(device, body.confirm, caller))


@router.get("/incidents", operation_id="list_incidents", responses=responses(*COMMON))
async def list_incidents(
    deps: Dependencies,
    _: Reader,
    device: Annotated[str | None, Query(pattern=DEVICE_PATTERN)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> IncidentPage:
    """List incidents, newest first, in pages."""
    found = await deps.pages.incidents(device, before, limit + 1)
    items = [
        IncidentView(id=one.id, at=one.at, device=one.device, kind=one.kind, detail=one.detail) for one in found[:limit]
    ]
    return IncidentPage(items=items, next=items[-1].id if len(found) > limit else None)


def _view(summary: Summary) -> MirrorView:
    collector = summary.collector
    progress = collector.progress
    return MirrorView(
        device=collector.device,
        name=collector.name,
        site=collector.site,
        tags=list(collector.tags),
        state=summary.state,
        state_since=from_micros(collector.shown.since),
        behind=summary.behind,
        since=summary.since,
        held=summary.held,
        seen=_time(progress.seen),
        is_rekeying=progress.next_key is not None,
        checked=_time(collector.checked),
    )


def _content(row: HeldRow) -> ContentView:
    return ContentView(
        account=UUID(row.account),
        email=row.email,
        name=row.name,
        role=row.role,
        state=row.state,
        version=row.src,
        has_verifier=row.has_verifier,
        changed=row.at,
        is_acknowledged=row.is_acked,
        acknowledged=row.acked_at,
        has=(row.src if row.state == "live" else None) if row.is_acked else row.had_src,
    )


def _held(account: Account) -> HeldAccount:
    return HeldAccount(
        account=UUID(account.id),
        email=account.email,
        name=account.name,
        role=account.role,
        is_active=account.active and not account.deleted,
    )


def _ordered(collector: Collector) -> Ordered:
    return Ordered(device=collector.device, state=shown_state(collector.progress))


def _lease_left(leases: Leases, beat_at: int | None, now: int) -> LeaseView:
    passed = None if beat_at is None else timedelta(microseconds=max(0, now - beat_at)) // timedelta(seconds=1)
    left = [0 if passed is None else max(0, lease - passed) for lease in (leases.user_s, leases.admin_s)]
    return LeaseView(user_s=left[0], admin_s=left[1])


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
