"""Routes for accounts, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, StringConstraints

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.problems import Overloaded, TooManyRequests, responses
from pulse_chassis.identity.principal import RevocationsUnknown
from pulse_contracts.permissions import Role
from pulse_users.model.accounts import (
    AccountNotFound,
    Edit,
    EmailTaken,
    InvalidName,
    LastAdministrator,
    NewAccount,
    OwnAccount,
    PreconditionFailed,
    PreconditionRequired,
    State,
)
from pulse_users.model.emails import email_problem
from pulse_users.model.listing import (
    MAX_CURSOR,
    InvalidCursor,
    Listing,
    Sort,
    position_of,
    read_cursor,
    write_cursor,
)
from pulse_users.model.passwords import InvalidPassword
from pulse_users.routes.dependencies import AccountId, Dependencies, IfMatch, Manager, Reader, RequestBody, tag
from pulse_users.routes.views import (
    TAGGED,
    AccountView,
    Email,
    KnownEmail,
    Name,
    NewPassword,
    changed_email,
    location,
    view,
)

router = APIRouter(prefix="/api/users", tags=["accounts"], route_class=IdempotentRoute)
_CHANGES = (
    AccountNotFound,
    OwnAccount,
    LastAdministrator,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
    RevocationsUnknown,
)


class AccountPage(BaseModel):
    """`next`: the cursor of the next page, null on the last page. `total`: on all pages."""

    items: list[AccountView]
    next: str | None
    total: int


class AccountCreate(RequestBody):
    """Without a password the account is invited: `POST /api/users/{id}/invitation` creates the link to set one."""

    email: Email
    name: Name
    role: Role = "user"
    password: NewPassword | None = None


class AccountUpdate(RequestBody):
    """The new values. A new role ends the account's sessions."""

    email: KnownEmail
    name: Name
    role: Role


async def _listing(
    search: Annotated[
        str | None,
        Query(
            max_length=100,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="Part of the name or e-mail, in any case",
            examples=["ada"],
        ),
    ] = None,
    role: Annotated[Role | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    sort: Annotated[Sort, Query(description="A leading `-` reverses the order")] = "created",
) -> Listing:
    return Listing(search or None, role, state, sort)


@router.get(
    "",
    operation_id="list_users",
    responses=responses(InvalidCursor, TooManyRequests, RevocationsUnknown),
)
async def list_accounts(
    deps: Dependencies,
    caller: Reader,
    listing: Annotated[Listing, Depends(_listing)],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[
        Annotated[str, StringConstraints(max_length=MAX_CURSOR)] | None,
        Query(description="`next` of the previous page, with the same search, filters and sort"),
    ] = None,
) -> AccountPage:
    """List accounts, in pages."""
    after = read_cursor(cursor, listing) if cursor else None
    page = await deps.directory.page(caller, listing, after, limit)
    following = write_cursor(position_of(page.accounts[-1], listing), listing) if page.has_more else None
    return AccountPage(items=[view(account) for account in page.accounts], next=following, total=page.total)


@router.post(
    "",
    operation_id="create_user",
    status_code=201,
    responses={
        201: TAGGED | {"description": "Created"},
        **responses(
            EmailTaken,
            *IDEMPOTENCY_PROBLEMS,
            InvalidName,
            InvalidPassword,
            TooManyRequests,
            Overloaded,
            RevocationsUnknown,
        ),
    },
)
async def create_account(
    request: Request,
    response: Response,
    deps: Dependencies,
    caller: Manager,
    body: AccountCreate,
    _: IdempotencyKey = None,
) -> AccountView:
    """Create an account."""
    new = NewAccount(body.email, body.name, body.role)
    if body.password is not None:
        hashes = await deps.passwords.hashes(body.password, new.email, new.name)
        new = NewAccount(body.email, body.name, body.role, hashes)
    account = await deps.accounts.create(caller, new)
    tag(response, account)
    response.headers["Location"] = location(request, account)
    return view(account)


@router.get(
    "/{id:uuid}",
    operation_id="get_user",
    responses={200: TAGGED, **responses(AccountNotFound, TooManyRequests, RevocationsUnknown)},
)
async def get_account(response: Response, deps: Dependencies, caller: Reader, account: AccountId) -> AccountView:
    """Get an account."""
    found = await deps.directory.one(caller, account)
    tag(response, found)
    return view(found)


@router.put(
    "/{id:uuid}",
    operation_id="update_user",
    responses={200: TAGGED, **responses(EmailTaken, InvalidName, *_CHANGES)},
)
async def update_account(
    response: Response,
    deps: Dependencies,
    caller: Manager,
    precondition: IfMatch,
    account: AccountId,
    body: AccountUpdate,
) -> AccountView:
    """Change e-mail, name and role. You cannot change your own role."""
    email: str | None = body.email
    if email_problem(body.email):
        email = changed_email(body.email, await deps.directory.one(caller, account))
    made = await deps.accounts.edit(caller, account, Edit(email, body.name, body.role), precondition)
    tag(response, made)
    return view(made)


@router.put(
    "/{id:uuid}/toggle-status",
    operation_id="toggle_user_status",
    responses={200: TAGGED, **responses(*_CHANGES)},
)
async def toggle_status(
    response: Response,
    deps: Dependencies,
    caller: Manager,
    precondition: IfMatch,
    account: AccountId,
) -> AccountView:
    """Disable an enabled account, which ends its sessions, or enable a disabled one."""
    made = await deps.accounts.toggle(caller, account, precondition)
    tag(response, made)
    return view(made)


@router.delete("/{id:uuid}", operation_id="delete_user", status_code=204, responses=responses(*_CHANGES))
async def delete_account(
    deps: Dependencies,
    caller: Manager,
    precondition: IfMatch,
    account: AccountId,
) -> Response:
    """Delete an account and end its sessions. Its e-mail can be used again."""
    await deps.accounts.delete(caller, account, precondition)
    return Response(status_code=204)
