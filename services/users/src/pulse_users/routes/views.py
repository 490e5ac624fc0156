"""Accounts as HTTP shows them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from pulse_contracts.permissions import Role
from pulse_users.model.accounts import MAX_NAME, Account, State
from pulse_users.model.emails import EMAIL, MAX_EMAIL, email_problem
from pulse_users.model.passwords import MAX_PASSWORD


def _fit_email(email: str) -> str:
    """As a sentence: a pattern's own error is the pattern."""
    if problem := email_problem(email):
        raise PydanticCustomError("email_malformed", "{problem}", {"problem": problem})
    return email


Email = Annotated[
    str,
    StringConstraints(max_length=MAX_EMAIL),
    AfterValidator(_fit_email),
    Field(examples=["ada@example.org"], json_schema_extra={"pattern": EMAIL}),
]
KnownEmail = Annotated[
    str,
    StringConstraints(max_length=MAX_EMAIL),
    Field(examples=["ada@example.org"], json_schema_extra={"pattern": EMAIL}),
]
"""An account's e-mail beside what is changed: `changed_email` judges it."""
Name = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=MAX_NAME,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
    ),
    Field(examples=["Ada Lovelace"]),
]
NewPassword = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2 * MAX_PASSWORD),
    Field(description="Counted after NFC; the rules are in the README of users", examples=["violet-harbour-candle-7"]),
]
CurrentPassword = Annotated[str, StringConstraints(min_length=1, max_length=512), Field(examples=["the one that is"])]
ETAG: dict[str, Any] = {"description": "the account's version, for `If-Match`", "schema": {"type": "string"}}
TAGGED: dict[str, Any] = {"headers": {"ETag": ETAG}}


class AccountView(BaseModel):
    """One account. `state`: `invited` until a password was set."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c",
                    "email": "ada@example.org",
                    "name": "Ada Lovelace",
                    "role": "user",
                    "active": True,
                    "state": "active",
                    "created_at": "2026-01-01T09:00:00Z",
                    "updated_at": "2026-01-01T09:00:00Z",
                    "version": 42,
                }
            ]
        }
    )

    id: UUID
    email: str
    name: str
    role: Role
    active: bool
    state: State
    created_at: datetime
    updated_at: datetime
    version: int


def view(account: Account) -> AccountView:
    """Without the digest."""
    return AccountView(
        id=account.id,
        email=account.email,
        name=account.name,
        role=account.role,
        active=account.active,
        state=account.state,
        created_at=account.created,
        updated_at=account.updated,
        version=account.version,
    )


def changed_email(asked: str, stored: Account) -> str | None:
    """None for the stored address, which may be from before today's rules: who keeps it changes something else. Raises
    RequestValidationError for another one that is unfit."""
    if asked == stored.email:
        return None
    if problem := email_problem(asked):
        raise RequestValidationError([{"type": "email_malformed", "loc": ("body", "email"), "msg": problem}])
    return asked


def location(request: Request, account: Account) -> str:
    """Where a new account is found."""
    return f"{request.url.path.rstrip('/')}/{account.id}"
