"""The HTTP app of a service: request ids, body limits, problems, health and metrics around the service's own routes."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pulse_chassis.http import problems
from pulse_chassis.http.openapi import document
from pulse_chassis.observability.metrics import CONTENT_TYPE, Metrics

log = structlog.get_logger("pulse.http")
MAX_BODY = 64 * 1024
_REQUEST_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_SECURITY_DEFAULTS = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cache-control": b"no-store",
}
"""An answer may say better for itself. There are no CORS headers: other origins' pages read nothing."""
_READING = frozenset({"GET", "HEAD"})
_METHODS = _READING | {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""What metrics tell apart: servers pass on whatever word a client invents, and each would be kept for ever."""
_SLOW_SECONDS = 1.0
"""A question that was answered in time is counted by the metrics and not logged: the line would cost as much again."""
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""What requests carry goes nowhere because of an OTEL_ variable; and looking for providers costs every request."""
_QUIET = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})

Check = Callable[[], Awaitable[bool]]


@dataclass
class Health:
    """What `/readyz` asks: each check by name, and whether the process is on its way out."""

    checks: Mapping[str, Check] = field(default_factory=dict)
    is_started: bool = False
    is_stopping: bool = False

    async def report(self) -> dict[str, bool]:
        """Every check and its answer."""
        return {name: await check() for name, check in self.checks.items()}


class _BodyTooLarge(HTTPException):  # an HTTPException, so that a framework that reads the body passes it on
    def __init__(self) -> None:
        super().__init__(413, f"the body may have {MAX_BODY} bytes at most")


class Envelope:
    """ASGI middleware: a request id for logs and answers, a limit on bodies, one metric a request, and a log line for
    each that changes something, is refused or takes long. HEAD is answered as GET is, without the body (RFC 9110,
    9.3.2)."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
        started, status, size, is_answered = time.perf_counter(), 500, 0, False
        is_head = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if is_head else scope

        async def limited() -> Message:
            nonlocal size
            message = await (_gone() if is_head and is_answered else receive())
            size += len(message.get("body", b""))
            if size > MAX_BODY:
                raise _BodyTooLarge
            return message

        async def answered(message: Message) -> None:
            nonlocal status, is_answered
            if message["type"] == "http.response.start":
                is_answered = True
                status = message["status"]
                message["headers"] = _furnished(message.get("headers", []), request_id)
            await send({**message, "body": b""} if is_head and "body" in message else message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            length = headers.get(b"content-length", b"0")
            try:
                if not length.isdigit() or int(length) > MAX_BODY:
                    raise _BodyTooLarge  # noqa: TRY301  # one answer for what was announced and for what came
                await self._app(inner, limited, answered)
            except _BodyTooLarge as error:
                await problems.problem(413, "too_large", error.detail)(scope, receive, answered)
            except Exception:
                if not is_answered:
                    raise
                # answered and logged by `problems`; Starlette raises it again for servers that want to log it too
            route = getattr(inner.get("route"), "path", "other")
            duration = time.perf_counter() - started
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self._metrics.observe_request(method, route, status, duration)
            is_news = status >= 400 or scope["method"] not in _READING or duration > _SLOW_SECONDS
            if is_news and scope["path"] not in _QUIET:
                log.info("request", method=scope["method"], route=route, status=status, ms=round(duration * 1000, 1))
        finally:
            structlog.contextvars.reset_contextvars(**bound)


async def _gone() -> Message:
    """Nobody reads a body after HEAD: whatever streams one may stop."""
    return {"type": "http.disconnect"}


def _furnished(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    given = list(headers)
    names = {name.lower() for name, _ in given}
    defaults = [(name, value) for name, value in _SECURITY_DEFAULTS.items() if name not in names]
    return [*given, *_SECURITY_HEADERS, *defaults, (b"x-request-id", request_id.encode())]


def create_app(name: str, version: str, routers: Sequence[APIRouter], *, health: Health, metrics: Metrics) -> FastAPI:
    """The service's HTTP app. Its documentation is at `/openapi.json`; there are no interactive pages."""
    title = f"PrecisionPulse {name}"
    app = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        redirect_slashes=False,  # such a redirect names our own address, which callers behind a proxy must not see
    )
    problems.install(app)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to change the document
    for router in routers:
        app.include_router(router)

    @app.get("/livez", include_in_schema=False)
    async def livez() -> JSONResponse:
        return JSONResponse({"alive": True})

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        checks = await health.report()
        ready = all(checks.values()) and not health.is_stopping
        return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503)

    @app.get("/startupz", include_in_schema=False)
    async def startupz() -> JSONResponse:
        return JSONResponse({"started": health.is_started}, 200 if health.is_started else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics_text() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return app
