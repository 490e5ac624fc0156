"""The two kinds of failure that every layer tells apart: the world is down, or the request is impossible."""

from collections.abc import Mapping
from types import MappingProxyType


class Unavailable(Exception):  # a state of the world, named as HTTP 503 names it
    """The world is down (database, broker): worth trying again for as long as it takes."""


class DomainError(Exception):
    """The caller asked for something impossible or forbidden. `code` is stable snake_case, `status` the HTTP status.
    `headers` go with the HTTP answer, `members` into its problem document."""

    code = "invalid_request"
    status = 422
    headers: Mapping[str, str] = MappingProxyType({})
    members: Mapping[str, object] = MappingProxyType({})

    def __init__(self, detail: str = "", *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(detail or code or self.code)
        self.detail = detail
        self.code = code or self.code
        self.status = status or self.status
