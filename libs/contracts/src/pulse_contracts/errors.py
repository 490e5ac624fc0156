"""The two kinds of expected failure: a dependency is unavailable, or the caller's request is impossible."""

from collections.abc import Mapping
from types import MappingProxyType


class Unavailable(Exception):  # named after HTTP 503
    """A dependency (database, broker) is unavailable. A retry may succeed, however long the outage lasts."""


class DomainError(Exception):
    """The caller requested something impossible or forbidden.

    code: a stable name in snake_case.
    status: the HTTP status.
    headers: further headers of the HTTP response.
    members: further members of the problem document.
    """

    code = "invalid_request"
    status = 422
    headers: Mapping[str, str] = MappingProxyType({})
    members: Mapping[str, object] = MappingProxyType({})

    def __init__(self, detail: str = "", *, code: str | None = None, status: int | None = None) -> None:
        super().__init__(detail or code or self.code)
        self.detail = detail
        self.code = code or self.code
        self.status = status or self.status
