"""Shared by the routes of dashboards and saved questions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_chassis.http.preconditions import PRECONDITION_PROBLEMS, tag
from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import Caller, caller_of
from pulse_chassis.identity.principal import Forbidden, Principal, RevocationsUnknown, record_refusal, require
from pulse_contracts.message import PRINTABLE
from pulse_telemetry_gateway.model.errors import ForeignCursor
from pulse_telemetry_gateway.model.saved_objects import Author, SavedObject, TooManyShared, UnknownSavedObject
from pulse_telemetry_gateway.routes.dependencies import Dependencies
from pulse_telemetry_gateway.store.saved_objects import ListKey

_RATE = "120/minute"
CHANGES = (UnknownSavedObject, TooManyShared, TooManyRequests, RevocationsUnknown, *PRECONDITION_PROBLEMS)
"""The problems of every change of an object that exists."""

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80, strip_whitespace=True, pattern=PRINTABLE),
    Field(examples=["Press hall"]),
]
Shared = Annotated[bool, Field(strict=True)]
ObjectId = Annotated[UUID, Path(alias="id", examples=["6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"])]
Version = Annotated[int, Path(ge=1, lt=2**62)]
After = Annotated[str | None, Query(max_length=256, description="`next` of the previous page")]
PageSize = Annotated[int, Query(ge=1, le=250)]


class RequestBody(BaseModel):
    """The body of a request. Unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Writing:
    """A caller who may change own objects."""

    author: Author
    caller: Caller


async def _reader(principal: Annotated[Principal, require("telemetry.read")]) -> Author:
    return author_of(principal)


async def _writer(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("dashboards.own")]
) -> AsyncIterator[Writing]:
    author = author_of(principal)
    if author.may_share:
        request.app.state.principals.require_fresh()
    await deps.limits.check("saved-objects", _RATE, principal.account)
    async with _recorded_refusals(request, principal):
        yield Writing(author, caller_of(request, principal))


@asynccontextmanager
async def _recorded_refusals(request: Request, principal: Principal) -> AsyncIterator[None]:
    try:
        yield
    except Forbidden:
        await record_refusal(request, principal, "dashboards.share")
        raise


Reader = Annotated[Author, Depends(_reader)]
Writer = Annotated[Writing, Depends(_writer)]


def author_of(principal: Principal) -> Author:
    """The caller as an author. The name is that of the account, or its e-mail if it has no name."""
    return Author(principal.account, principal.name or principal.email, principal.may("dashboards.share"))


def read_key(after: str | None) -> ListKey | None:
    """The position of a cursor: the id and the name of the last object of the previous page. Raises ForeignCursor."""
    if after is None:
        return None
    id_, _, name = after.partition("/")
    try:
        key = name, UUID(id_)
    except ValueError as error:
        raise ForeignCursor("the cursor is invalid: start again without one") from error
    if not name or "\x00" in name:
        raise ForeignCursor("the cursor is invalid: start again without one")
    return key


def next_of(found: list[SavedObject], limit: int) -> str | None:
    """The cursor of the next page, if more than `limit` objects were found."""
    return f"{found[limit - 1].id}/{found[limit - 1].newest.draft.name}" if len(found) > limit else None


def tag_of(response: Response, found: SavedObject) -> None:
    """Sets the ETag of the newest version."""
    tag(response, found.newest.number)
