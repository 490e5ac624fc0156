"""Accounts as JSON, and fields of request bodies."""

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


def _valid_email(email: str) -> str:
    """Raises a sentence: the error of a pattern would be a regular expression."""
    if problem := email_problem(email):
        raise PydanticCustomError("email_malformed", "{problem}", {"problem": problem})
    return email


Email = Annotated[
    str,
    StringConstraints(max_length=MAX_EMAIL),
    AfterValidator(_valid_email),
    Field(examples=["ada@example.org"], json_schema_extra={"pattern": EMAIL}),
]
KnownEmail = Annotated[
    str,
    StringConstraints(max_length=MAX_EMAIL),
    Field(examples=["ada@example.org"], json_schema_extra={"pattern": EMAIL}),
]
"""The e-mail of an existing account: `changed_email` validates it."""
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
    Field(
        description="Counted after NFC. The README of users has the rules.",
        examples=["violet-harbour-candle-7"],
    ),
]
CurrentPassword = Annotated[
    str, StringConstraints(min_length=1, max_length=512), Field(examples=["correct horse battery"])
]
ETAG: dict[str, Any] = {"description": "The version of the account, for `If-Match`", "schema": {"type": "string"}}
TAGGED: dict[str, Any] = {"headers": {"ETag": ETAG}}


class AccountView(BaseModel):
    """An account. `state`: `invited` until a password was set."""

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
    """An account as JSON."""
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


def changed_email(email: str, stored: Account) -> str | None:
    """None for the stored address, which may be older than the current rules. Raises RequestValidationError for
    another, invalid one."""
    if email == stored.email:
        return None
    if problem := email_problem(email):
        raise RequestValidationError([{"type": "email_malformed", "loc": ("body", "email"), "msg": problem}])
    return email


def location(request: Request, account: Account) -> str:
    """The path of a new account."""
    return f"{request.url.path.rstrip('/')}/{account.id}"
