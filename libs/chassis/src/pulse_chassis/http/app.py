"""The HTTP app of a service: its routes with request ids, body limits, problem documents, health and metrics."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pulse_chassis.http import problems
from pulse_chassis.http.openapi import document
from pulse_chassis.identity.caller import address_of
from pulse_chassis.identity.principal import CALLER_FIELDS
from pulse_chassis.observability.metrics import CONTENT_TYPE, Metrics

log = structlog.get_logger("pulse.http")
MAX_BODY = 64 * 1024
"""Bytes of a request body, where a service sets no other limit."""
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
"""A response may override these defaults. There are no CORS headers, so pages of other origins cannot read
responses."""
_READING = frozenset({"GET", "HEAD"})
_METHODS = _READING | {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""The methods that metrics distinguish. A client may send any word as a method, and each label value stays in
memory."""
_SLOW_SECONDS = 1.0
"""Successful read requests are logged only if they take longer. Logging them all would double their cost."""
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""Disables OpenTelemetry: an OTEL_ variable must not export request data, and looking for providers costs time."""
_QUIET = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})

Check = Callable[[], Awaitable[bool]]


@dataclass
class Health:
    """The state behind the health endpoints: named checks, and whether the process has started or is stopping."""

    checks: Mapping[str, Check] = field(default_factory=dict)
    is_started: bool = False
    is_stopping: bool = False

    async def report(self) -> dict[str, bool]:
        """Runs every check and returns its result by name."""
        return {name: await check() for name, check in self.checks.items()}


class _BodyTooLarge(HTTPException):  # FastAPI re-raises an HTTPException while it reads the body
    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The request body is too large. The limit is {limit} bytes.")


class RequestMiddleware:
    """ASGI middleware: request ids for logs and responses, the limit on bodies, metrics, and log events.

    A request is logged if it is not a read request, fails, or is slow. The line names the client's address and, when
    the caller is known, the id of the account and of the API key. HEAD is answered like GET without the body
    (RFC 9110, 9.3.2). `body_limits`: the largest body in bytes by the start of the path, where it is not MAX_BODY.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, body_limits: Mapping[str, int] = MappingProxyType({})) -> None:
        self._app, self._metrics, self._body_limits = app, metrics, body_limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        client_id = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = client_id if _REQUEST_ID.match(client_id) else secrets.token_hex(8)
        started, status, size, has_response = time.perf_counter(), 500, 0, False
        is_head = scope["method"] == "HEAD"
        limit = self._body_limit(scope["path"])
        inner = {**scope, "method": "GET"} if is_head else scope

        async def receive_limited() -> Message:
            nonlocal size
            message = await (_disconnected() if is_head and has_response else receive())
            size += len(message.get("body", b""))
            if size > limit:
                raise _BodyTooLarge(limit)
            return message

        async def send_response(message: Message) -> None:
            nonlocal status, has_response
            if message["type"] == "http.response.start":
                has_response = True
                status = message["status"]
                message["headers"] = _with_default_headers(message.get("headers", []), request_id)
            await send({**message, "body": b""} if is_head and "body" in message else message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            length = headers.get(b"content-length", b"0")
            try:
                if not length.isdigit() or int(length) > limit:
                    raise _BodyTooLarge(limit)  # noqa: TRY301  # handled below, like a body that turns out to be too large
                await self._app(inner, receive_limited, send_response)
            except _BodyTooLarge as error:
                await problems.problem(413, "too_large", error.detail)(scope, receive, send_response)
            except Exception:
                if not has_response:
                    raise
                # `problems` has answered and logged it; Starlette raises it again so that the server can log it
            route = getattr(inner.get("route"), "path", "other")
            duration = time.perf_counter() - started
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self._metrics.observe_request(method, route, status, duration)
            is_logged = status >= 400 or scope["method"] not in _READING or duration > _SLOW_SECONDS
            if is_logged and scope["path"] not in _QUIET:
                ms, client = round(duration * 1000, 1), _client(inner)
                log.info("request", method=scope["method"], route=route, status=status, ms=ms, client=client)
        finally:
            structlog.contextvars.unbind_contextvars(*CALLER_FIELDS)
            structlog.contextvars.reset_contextvars(**bound)

    def _body_limit(self, path: str) -> int:
        found = (limit for start, limit in self._body_limits.items() if path == start or path.startswith(f"{start}/"))
        return next(found, MAX_BODY)


def _client(scope: Scope) -> str | None:
    """The client's address. The peer's address if the app did not see the request."""
    app, peer = scope.get("app"), scope.get("client")
    if app is None or not hasattr(app.state, "proxies"):
        return peer[0] if peer else None
    return address_of(Request(scope))


async def _disconnected() -> Message:
    """Stops a streaming response to HEAD, whose body is not sent."""
    return {"type": "http.disconnect"}


def _with_default_headers(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    own = list(headers)
    names = {name.lower() for name, _ in own}
    defaults = [(name, value) for name, value in _SECURITY_DEFAULTS.items() if name not in names]
    return [*own, *_SECURITY_HEADERS, *defaults, (b"x-request-id", request_id.encode())]


def create_app(name: str, version: str, routers: Sequence[APIRouter], *, health: Health, metrics: Metrics) -> FastAPI:
    """Returns the HTTP app of a service. Its OpenAPI document is at `/openapi.json`. There are no interactive pages."""
    title = f"PrecisionPulse {name}"
    app = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        redirect_slashes=False,  # a redirect would show the service's own address to clients behind a proxy
    )
    problems.install(app)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI documents this way to change the document
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
