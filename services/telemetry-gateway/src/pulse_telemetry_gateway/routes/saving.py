"""Shared by the routes of dashboards, saved questions and annotations."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_chassis.http.preconditions import PRECONDITION_PROBLEMS, tag
from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import Caller, caller_of
from pulse_chassis.identity.principal import Forbidden, Principal, RevocationsUnknown, record_refusal, require
from pulse_contracts.message import PRINTABLE
from pulse_contracts.permissions import Permission
from pulse_telemetry_gateway.model.authors import Author
from pulse_telemetry_gateway.model.errors import ForeignCursor
from pulse_telemetry_gateway.model.saved_objects import SavedObject, TooManyShared, UnknownSavedObject
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


def writer(own: Permission, wide: Permission) -> Any:
    """Returns a dependency that requires the permission to write, limits the rate, and gives the writer. Some changes
    need the permission `wide`: when an action raises Forbidden, the audit trail records that it was missing."""

    async def _writer(
        request: Request, deps: Dependencies, principal: Annotated[Principal, require(own)]
    ) -> AsyncIterator[Writing]:
        if principal.may(wide):
            request.app.state.principals.require_fresh()
        await deps.limits.check(own, _RATE, principal.account)
        try:
            yield Writing(author_of(principal), caller_of(request, principal))
        except Forbidden:
            await record_refusal(request, principal, wide)
            raise

    return Depends(_writer)


Reader = Annotated[Author, Depends(_reader)]
Writer = Annotated[Writing, writer("dashboards.own", "dashboards.share")]


def author_of(principal: Principal) -> Author:
    """The caller as an author. The name is that of the account, or its e-mail if it has no name."""
    return Author(principal.account, principal.name or principal.email, principal.may)


def read_key(after: str | None) -> ListKey | None:
    """The position of a cursor: the id of the last object of the previous page, and the number of the version that the
    page showed. A name would be readable in the logs of proxies. Raises ForeignCursor."""
    if after is None:
        return None
    id_, _, version = after.partition("/")
    try:
        key = int(version), UUID(id_)
    except ValueError as error:
        raise ForeignCursor("the cursor is invalid: start again without one") from error
    if not 1 <= key[0] < 2**62:
        raise ForeignCursor("the cursor is invalid: start again without one")
    return key


def next_of(found: list[SavedObject], limit: int) -> str | None:
    """The cursor of the next page, if more than `limit` objects were found."""
    return f"{found[limit - 1].id}/{found[limit - 1].newest.number}" if len(found) > limit else None


def tag_of(response: Response, found: SavedObject) -> None:
    """Sets the ETag of the newest version."""
    tag(response, found.newest.number)
