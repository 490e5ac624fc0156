"""HTTP to actions: the caller's own profile, and the list of accounts for administrators."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from pulse_chassis.principal import Administrator, CurrentPrincipal
from pulse_users.actions import Directory
from pulse_users.model import Account, Position, read_cursor, write_cursor


class AccountView(BaseModel):
    id: str
    email: str
    name: str
    role: Literal["admin", "user"]
    active: bool
    created_at: datetime
    updated_at: datetime
    version: int


class AccountPage(BaseModel):
    """`next` is the cursor of the page that follows, None at the end."""

    items: list[AccountView]
    next: str | None


router = APIRouter(prefix="/api", tags=["users"])


def _directory(request: Request) -> Directory:
    directory: Directory = request.app.state.directory
    return directory


@router.get("/profile")
async def profile(request: Request, principal: CurrentPrincipal) -> AccountView:
    """The caller's own account."""
    return _view(await _directory(request).profile(principal))


@router.get("/users")
async def users(
    request: Request,
    principal: Administrator,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> AccountPage:
    """Accounts, oldest first. For administrators."""
    after = read_cursor(cursor) if cursor else None
    found = await _directory(request).page(principal, after, limit + 1)
    items, more = found[:limit], len(found) > limit
    following = write_cursor(Position(items[-1].created, items[-1].id)) if more else None
    return AccountPage(items=[_view(account) for account in items], next=following)


def _view(account: Account) -> AccountView:
    return AccountView(
        id=str(account.id),
        email=account.email,
        name=account.name,
        role=account.role,
        active=account.active,
        created_at=account.created,
        updated_at=account.updated,
        version=account.version,
    )
