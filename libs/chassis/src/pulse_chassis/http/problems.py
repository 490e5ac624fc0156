"""Problem documents (RFC 9457) for every HTTP failure: a stable `code`, and no internal details."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import Scope

from pulse_contracts.errors import DomainError, Unavailable

log = structlog.get_logger("pulse.http")
MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER = 2
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class TooManyRequests(DomainError):
    """Too many requests. Wait for the time in `Retry-After`, then try again."""

    code, status = "rate_limited", 429

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("Too many requests. Wait a moment, then try again.")
        self.retry_after = retry_after


class Overloaded(DomainError):
    """The service is busy. Try again after the time in `Retry-After`."""

    code, status = "unavailable", 503

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("The service is busy. Try again in a moment.")
        self.retry_after = retry_after


class FieldProblem(BaseModel):
    """One invalid field of a request: its location and the reason."""

    loc: list[str]
    msg: str


class CurrentVersion(BaseModel):
    """The version that a resource has, and who saved it, when and under which name. null: nobody has saved it yet."""

    version: int
    updated_at: datetime | None
    updated_by: str | None
    updated_by_name: str


class Problem(BaseModel):
    """A problem document (RFC 9457).

    code: stable name of the problem. Programs should use it, not the texts.
    request_id: identifies the request in the service's log.
    errors: invalid fields of the request.
    problems: codes of the rules that a password breaks.
    rows: for each row of a bulk request, the reason why nothing was changed.
    challenge: the challenge to send back together with a second factor.
    current: the version of a resource that was changed since the client read it.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None
    errors: list[FieldProblem] | None = None
    problems: list[str] | None = None
    rows: list[dict[str, str]] | None = None
    challenge: str | None = None
    current: CurrentVersion | None = None


def responses(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """Returns the value of a route's `responses=`: the problems by status, with an example for each code."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = by_status.setdefault(error.status, response(error.status))
        summary = " ".join((error.__doc__ or error.code).split())
        value = example(error.status, error.code, summary)
        entry["content"][MEDIA_TYPE]["examples"][error.code] = {"summary": summary, "value": value}
        if error.status in {429, 503}:
            entry["headers"] = RETRY_HEADER
    return by_status


RETRY_HEADER: Final = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}}
SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}


def response(status: int) -> dict[str, Any]:
    """Returns an OpenAPI response that is a problem document, without examples."""
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": SCHEMA, "examples": {}}}}


def example(status: int, code: str, detail: str) -> dict[str, Any]:
    """Returns an example of a problem document."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "5f2e4f439d512f4a",
    }


def problem(
    status: int, code: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Returns a problem document as a response. The request id comes from the log context."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    body = {"type": "about:blank", "title": phrase, "status": status, "detail": detail or phrase, "code": code}
    return JSONResponse(
        body | {"request_id": request_id} | more, status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Registers exception handlers that answer every exception of a route with a problem document."""

    @app.exception_handler(DomainError)
    async def domain(_: Request, error: DomainError) -> Response:
        headers = dict(error.headers)
        wait = getattr(error, "retry_after", None)
        if isinstance(wait, timedelta):
            headers["Retry-After"] = str(max(1, math.ceil(wait.total_seconds())))
        return problem(error.status, error.code, error.detail, headers=headers, **error.members)

    @app.exception_handler(Unavailable)
    async def unavailable(_: Request, error: Unavailable) -> Response:
        log.info("dependency_unavailable", reason=str(error))
        text = "The service is temporarily unavailable. Try again in a moment."
        return problem(503, "unavailable", text, headers={"Retry-After": str(_RETRY_AFTER)})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        errors = [{"loc": [str(p) for p in e["loc"]], "msg": str(e["msg"])[:300]} for e in error.errors()[:20]]
        return problem(422, "invalid_request", "The request does not match its schema.", errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods(app, request.scope)))
        return problem(error.status_code, codes.get(error.status_code, "refused"), str(error.detail), headers=headers)

    @app.exception_handler(Exception)
    async def internal(_: Request, error: Exception) -> Response:
        log.error("request_failed", exc_info=error)
        text = "An internal error occurred. Report the request id to your administrator."
        return problem(500, "internal", text)


def _methods(app: FastAPI, scope: Scope) -> set[str]:
    """Returns all methods of a path (RFC 9110 §15.5.6). Starlette reports only those of its first matching route."""
    scopes = ((method, {**scope, "method": method}) for method in _METHODS)
    return {method for method, tried in scopes if any(r.matches(tried)[0] is Match.FULL for r in app.routes)}
