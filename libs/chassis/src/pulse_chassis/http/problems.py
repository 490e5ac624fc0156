"""Every HTTP failure is a problem document (RFC 9457) with a stable `code`, and nothing of ours leaks in it."""

import math
from collections.abc import Mapping
from datetime import timedelta
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
    """The caller has to wait; `retry_after` says how long."""

    code, status = "rate_limited", 429

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("too many requests: wait, then try again")
        self.retry_after = retry_after


class Overloaded(DomainError):
    """More work than this process takes at once; `retry_after` says when to come back."""

    code, status = "unavailable", 503

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("busy: try again in a moment")
        self.retry_after = retry_after


class FieldProblem(BaseModel):
    """What is wrong with one field of a request."""

    loc: list[str]
    msg: str


class Problem(BaseModel):
    """A problem document (RFC 9457). `code` is stable: programs go by it and not by the text. `request_id` finds the
    request in the service's log. `problems` are the codes of the rules that a password breaks; `rows` says for each row
    of a bulk request why nothing was done. `challenge` is what a second factor answers."""

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


def responses(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: what it may refuse, by status, each code with an example."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = found.setdefault(error.status, response(error.status))
        summary = " ".join((error.__doc__ or error.code).split())
        shown = example(error.status, error.code, summary)
        entry["content"][MEDIA_TYPE]["examples"][error.code] = {"summary": summary, "value": shown}
        if error.status in {429, 503}:
            entry["headers"] = RETRY_HEADER
    return found


RETRY_HEADER: Final = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}}
SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}


def response(status: int) -> dict[str, Any]:
    """One response of an OpenAPI operation that is a problem document, still without examples."""
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": SCHEMA, "examples": {}}}}


def example(status: int, code: str, detail: str) -> dict[str, Any]:
    """A problem document as an example."""
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
    """One problem document. The request id comes from the log's context."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Error"
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    body = {"type": "about:blank", "title": phrase, "status": status, "detail": detail or phrase, "code": code}
    return JSONResponse(
        body | {"request_id": request_id} | more, status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Registers the handlers for everything that a route can raise."""

    @app.exception_handler(DomainError)
    async def domain(_: Request, error: DomainError) -> Response:
        headers = dict(error.headers)
        wait = getattr(error, "retry_after", None)
        if isinstance(wait, timedelta):
            headers["Retry-After"] = str(max(1, math.ceil(wait.total_seconds())))
        return problem(error.status, error.code, error.detail, headers=headers, **error.members)

    @app.exception_handler(Unavailable)
    async def unavailable(_: Request, error: Unavailable) -> Response:
        log.info("unavailable", reason=str(error))
        text = "temporarily unavailable: try again"
        return problem(503, "unavailable", text, headers={"Retry-After": str(_RETRY_AFTER)})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        errors = [{"loc": [str(p) for p in e["loc"]], "msg": str(e["msg"])[:300]} for e in error.errors()[:20]]
        return problem(422, "invalid_request", "the request does not fit its schema", errors=errors)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods(app, request.scope)))
        return problem(error.status_code, codes.get(error.status_code, "refused"), str(error.detail), headers=headers)

    @app.exception_handler(Exception)
    async def ours(_: Request, error: Exception) -> Response:
        log.error("request_failed", exc_info=error)
        return problem(500, "internal", "something went wrong on our side; the request id finds it in the log")


def _methods(app: FastAPI, scope: Scope) -> set[str]:
    """What the address can do (RFC 9110 §15.5.6); Starlette tells the methods of the first of several routes."""
    tried = ((method, {**scope, "method": method}) for method in _METHODS)
    return {method for method, asked in tried if any(r.matches(asked)[0] is Match.FULL for r in app.routes)}
