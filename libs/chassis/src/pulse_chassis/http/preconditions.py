"""`If-Match`: a change is made only if the client has seen the newest version (RFC 9110 §13.1.1)."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Response

from pulse_chassis.http.problems import CurrentVersion
from pulse_contracts.errors import DomainError

_TAG = re.compile(r'"([1-9][0-9]{0,18})"')
_TAGS = 20


class PreconditionRequired(DomainError):
    """The header `If-Match` is missing. Send the `ETag` of the resource as you read it, or `*`."""

    code, status = "precondition_required", 428


class PreconditionFailed(DomainError):
    """The resource was changed since you read it. Read it again and send its new `ETag` in `If-Match`. `current` says
    which version it has, and who saved it."""

    code, status = "precondition_failed", 412

    def __init__(self, current: CurrentVersion) -> None:
        who = f" by {current.updated_by_name}" if current.updated_by_name else ""
        super().__init__(f"It was changed{who} since you read it. Read it again, then repeat your change.")
        self.headers = {"ETag": etag(current.version)}
        self.members = {"current": current.model_dump(mode="json")}


@dataclass(frozen=True)
class Precondition:
    """The versions that `If-Match` accepts; None accepts any."""

    versions: frozenset[int] | None

    def require(self, current: CurrentVersion) -> None:
        """Raises PreconditionFailed."""
        if self.versions is not None and current.version not in self.versions:
            raise PreconditionFailed(current)


def read_if_match(header: str | None) -> Precondition:
    """`*`, or a list of tags. Weak and malformed tags match nothing. Raises PreconditionRequired without a header."""
    if header is None or not header.strip():
        raise PreconditionRequired("Send the ETag of the resource in the If-Match header.")
    if header.strip() == "*":
        return Precondition(None)
    found = (_TAG.fullmatch(part.strip()) for part in header.split(",", _TAGS)[:_TAGS])
    return Precondition(frozenset(int(match.group(1)) for match in found if match))


def etag(version: int) -> str:
    """The strong tag of a version."""
    return f'"{version}"'


def tag(response: Response, version: int) -> None:
    """Sets the ETag of a response."""
    response.headers["ETag"] = etag(version)


async def _precondition(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=500,
            description="The ETag of the resource as you read it, or `*`. Required.",
            examples=['"42"'],
        ),
    ] = None,
) -> Precondition:
    return read_if_match(if_match)


IfMatch = Annotated[Precondition, Depends(_precondition)]
"""A parameter type of routes: the header, read."""
_ETAG: Final[dict[str, Any]] = {
    "description": "The version of the resource, for `If-Match`",
    "schema": {"type": "string"},
}
TAGGED: Final[dict[str, Any]] = {"headers": {"ETag": _ETAG}}
"""A response with an ETag, for `responses=`."""
PRECONDITION_PROBLEMS = (PreconditionFailed, PreconditionRequired)
"""The problems of every route with `IfMatch`, for its documentation."""
