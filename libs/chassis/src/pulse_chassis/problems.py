"""Every HTTP failure is a problem document (RFC 9457) with a stable `code`, and nothing of ours leaks in it."""

import math
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from pulse_contracts.errors import DomainError, Unavailable

log = structlog.get_logger("pulse.http")
MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER = 2


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
        headers = {}
        wait = getattr(error, "retry_after", None)
        if isinstance(wait, timedelta):
            headers["Retry-After"] = str(max(1, math.ceil(wait.total_seconds())))
        return problem(error.status, error.code, error.detail, headers=headers)

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
    async def http(_: Request, error: HTTPException) -> Response:
        codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
        return problem(
            error.status_code, codes.get(error.status_code, "refused"), str(error.detail), headers=error.headers
        )

    @app.exception_handler(Exception)
    async def ours(_: Request, error: Exception) -> Response:
        log.error("request_failed", exc_info=error)
        return problem(500, "internal", "something went wrong on our side; the request id finds it in the log")
