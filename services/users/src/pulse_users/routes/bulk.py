"""Route for changes of many accounts, for administrators."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import AfterValidator, BaseModel, Field

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.principal import RevocationsUnknown
from pulse_contracts.permissions import Role
from pulse_users.actions.bulk import MAX_ROWS, Bulk, BulkRefused, Outcome, Row
from pulse_users.routes.dependencies import Dependencies, Manager, RequestBody

router = APIRouter(prefix="/api/users", tags=["accounts"], route_class=IdempotentRoute)
_EXPLANATIONS: dict[Outcome, str] = {
    "ok": "",
    "not_found": "The account does not exist.",
    "own_account": "You cannot delete, disable or demote your own account.",
    "last_administrator": "No active administrator would be left.",
    "precondition_failed": "The account was changed since you read it.",
}


def _distinct(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) != len(ids):
        raise ValueError("each id may occur only once")
    return ids


_Ids = Annotated[
    list[UUID],
    Field(min_length=1, max_length=MAX_ROWS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]
_Versions = Annotated[
    dict[UUID, Annotated[int, Field(ge=1, le=2**62)]],
    Field(
        max_length=MAX_ROWS,
        description="The versions that you read, by id. Other versions are rejected.",
    ),
]
_EXAMPLE: dict[str, Any] = {"ids": ["6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"], "versions": {}}


class BulkChange(RequestBody):
    """Enable, disable or delete accounts, or expire their passwords: a password then works nowhere, also not at a
    collector without a network, and its owner sets a new one by a link."""

    action: Literal["activate", "deactivate", "delete", "expire_password"]
    ids: _Ids
    versions: _Versions = Field(default_factory=dict)


class BulkRole(RequestBody):
    """Set the role of accounts."""

    action: Literal["set_role"]
    role: Role
    ids: _Ids
    versions: _Versions = Field(default_factory=dict)


class RowView(BaseModel):
    """One account. `outcome` is `ok` in every row of an answer 200. `version`: the new one, null if the account was
    deleted."""

    id: UUID
    outcome: Outcome
    detail: str
    version: int | None


class ForecastView(RowView):
    """What would happen to one account. `is_change`: false if the account is already as asked, or refused."""

    is_change: bool


class BulkForecast(BaseModel):
    """One row for each id, in order. `would_succeed`: every outcome is `ok`."""

    would_succeed: bool
    rows: list[ForecastView]


class BulkReport(BaseModel):
    """One row for each id, in order."""

    rows: list[RowView]


_Body = Annotated[
    BulkChange | BulkRole,
    Body(
        discriminator="action",
        openapi_examples={
            "deactivate": {"value": {"action": "deactivate"} | _EXAMPLE},
            "set_role": {"value": {"action": "set_role", "role": "user"} | _EXAMPLE},
        },
    ),
]


@router.post("/bulk-preview", operation_id="preview_bulk_users", responses=responses(RevocationsUnknown))
async def preview(deps: Dependencies, caller: Manager, body: _Body) -> BulkForecast:
    """Get what a change of up to 500 accounts would do to each of them. Changes nothing."""
    found = await deps.bulk.preview(caller, _bulk(body))
    rows = [ForecastView(**_view(one.row).model_dump(), is_change=one.is_change) for one in found]
    return BulkForecast(would_succeed=all(row.outcome == "ok" for row in rows), rows=rows)


@router.post(
    "/bulk",
    operation_id="bulk_users",
    responses=responses(BulkRefused, *IDEMPOTENCY_PROBLEMS, TooManyRequests, RevocationsUnknown),
)
async def bulk(
    deps: Dependencies,
    caller: Manager,
    body: _Body,
    _: IdempotencyKey = None,
) -> BulkReport:
    """Change up to 500 accounts: all of them, or none."""
    rows = await deps.bulk(caller, _bulk(body))
    return BulkReport(rows=[_view(row) for row in rows])


def _bulk(body: BulkChange | BulkRole) -> Bulk:
    role = body.role if isinstance(body, BulkRole) else None
    return Bulk(body.action, tuple(body.ids), role, body.versions)


def _view(row: Row) -> RowView:
    return RowView(id=row.id, outcome=row.outcome, detail=_EXPLANATIONS[row.outcome], version=row.version)
