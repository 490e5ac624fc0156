"""Many accounts at once, for administrators."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import AfterValidator, BaseModel, Field

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.principal import RevocationsUnknown
from pulse_contracts.permissions import Role
from pulse_users.actions.bulk import MAX_ROWS, Bulk, BulkRefused, Outcome, Row
from pulse_users.routes.dependencies import Asked, Dependencies, Manager

router = APIRouter(prefix="/api/users", tags=["accounts"], route_class=IdempotentRoute)
_SAID: dict[Outcome, str] = {
    "ok": "",
    "not_found": "there is no such account",
    "own_account": "nobody deletes, switches off or demotes themselves",
    "last_administrator": "nobody could administer the system any more",
    "precondition_failed": "the account has changed since it was read",
}


def _distinct(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) != len(ids):
        raise ValueError("each id may stand there once")
    return ids


_Ids = Annotated[
    list[UUID],
    Field(min_length=1, max_length=MAX_ROWS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]
_Versions = Annotated[
    dict[UUID, Annotated[int, Field(ge=1, le=2**62)]],
    Field(max_length=MAX_ROWS, description="versions that were seen, by id: others are refused"),
]
_EXAMPLE: dict[str, Any] = {"ids": ["6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"], "versions": {}}


class BulkChange(Asked):
    """Switch on, switch off, or delete."""

    action: Literal["activate", "deactivate", "delete"]
    ids: _Ids
    versions: _Versions = Field(default_factory=dict)


class BulkRole(Asked):
    """Give a role."""

    action: Literal["set_role"]
    role: Role
    ids: _Ids
    versions: _Versions = Field(default_factory=dict)


class RowView(BaseModel):
    """One account. `outcome` is `ok` in every row of an answer 200; `version` is the new one, None when it is gone."""

    id: UUID
    outcome: Outcome
    detail: str
    version: int | None


class BulkReport(BaseModel):
    """A row for each id, in order."""

    rows: list[RowView]


@router.post(
    "/bulk",
    operation_id="bulk_users",
    responses=responses(BulkRefused, *IDEMPOTENCY_PROBLEMS, TooManyRequests, RevocationsUnknown),
)
async def bulk(
    deps: Dependencies,
    caller: Manager,
    asked: Annotated[
        BulkChange | BulkRole,
        Body(
            discriminator="action",
            openapi_examples={
                "deactivate": {"value": {"action": "deactivate"} | _EXAMPLE},
                "set_role": {"value": {"action": "set_role", "role": "user"} | _EXAMPLE},
            },
        ),
    ],
    _: IdempotencyKey = None,
) -> BulkReport:
    """Changes up to 500 accounts: all of them, or none."""
    role = asked.role if isinstance(asked, BulkRole) else None
    rows = await deps.bulk(caller, Bulk(asked.action, tuple(asked.ids), role, asked.versions))
    return BulkReport(rows=[_view(row) for row in rows])


def _view(row: Row) -> RowView:
    return RowView(id=row.id, outcome=row.outcome, detail=_SAID[row.outcome], version=row.version)
