"""Routes that are reached without the framework's dependencies, for the few that have little time beside their work."""

import inspect
import typing
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, params
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from pulse_chassis.identity.principal import Principal, SignedIn

log = structlog.get_logger("pulse.http")
_Guard = Callable[[Request], Awaitable[Principal]]
_LEFT = "pulse.left"
"""In a scope: the body that was read and is to be read again, or the error that the endpoint raised."""


class DirectRoute(APIRoute):
    """For `async def endpoint(request: Request, given) -> Response`, where `given` is a `Model` of the body or the
    caller, `Annotated[Principal, require("…")]`. What is as it should be, a body of JSON that fits the model, goes
    straight there, past middleware and router; everything else goes the framework's way, which says what is wrong with
    it as it does on every other route. Documented as they are. Use it as an `APIRouter`'s `route_class`, for routers
    that `create_app` takes over: what `include_router` would add is not seen here. Raises TypeError for another
    signature, for a path with parameters, for a status, which the answer has, and for dependencies: the endpoint has
    to do by itself what else guards it. It answers with a `Response` itself and no kind of it, nor with something left
    to do behind it: nothing of ours can fail any more when the answer has begun."""

    def __init__(self, path: str, endpoint: Any, **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        if self.dependencies or self.status_code is not None or self.param_convertors:
            raise TypeError(f"{path}: a direct route would pass its dependencies, status and parameters over")
        self._model, self._guard = _given_to(endpoint)

    async def answer(self, scope: Scope, receive: Receive) -> Response | None:
        """What the endpoint answers; or None, and then the framework is to go on with this scope."""
        request = Request(scope, receive)
        try:
            if self._guard is not None:
                return _plain(await self.endpoint(request, await self._guard(request)))
            if request.headers.get("content-type") != "application/json":
                return None
            body = await _body_of(request)
            try:
                given = self._model.model_validate_json(body)
            except ValidationError:
                scope[_LEFT] = body
                return None
            return _plain(await self.endpoint(request, given))
        except Exception as error:  # noqa: BLE001  # raised again by `handle`, in the middle of the framework
            scope[_LEFT] = error
            return None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `APIRoute.handle`: what `answer` has left, if it was asked."""
        left = scope.pop(_LEFT, None)
        if isinstance(left, Exception):
            raise left
        await super().handle(scope, receive if left is None else _again(left, receive), send)


class DirectApp(FastAPI):
    """An app whose direct routes are found by method and path, before its middleware."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._direct: dict[tuple[str, str], DirectRoute] = {}

    def take_over(self, router: APIRouter) -> None:
        """The router's routes as if they were written here: `include_router` has each matched twice. Raises TypeError
        for a direct route that another one would answer for, being there before."""
        for route in router.routes:
            if isinstance(route, DirectRoute):
                for method in route.methods or ():
                    asked = {"type": "http", "method": method, "path": route.path, "root_path": ""}
                    if any(other.matches(asked)[0] is Match.FULL for other in self.routes):
                        raise TypeError(f"{route.path}: there is a route for it already")
                    self._direct[method, route.path] = route
            self.router.routes.append(route)

    def add_middleware(self, middleware_class: Any, *_: Any, **__: Any) -> None:
        """Raises TypeError: direct routes would pass it over. Wrap the app."""
        raise TypeError(f"{middleware_class}: direct routes would pass it over; wrap the app in it")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `FastAPI.__call__`."""
        route = self._direct.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is not None and not scope.get("root_path"):
            scope["app"], scope["route"] = self, route
            answer = await route.answer(scope, receive)
            if answer is not None:
                try:
                    await answer(scope, receive, send)
                except Exception:
                    log.exception("request_failed")  # as `problems` says it; for another answer it is too late
                    raise
                return
        await super().__call__(scope, receive, send)


def _plain(answer: object) -> Response:
    if type(answer) is not Response or answer.background is not None:
        raise TypeError(f"a direct route answers with a plain Response, not with {type(answer).__name__}")
    return answer


async def _body_of(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise HTTPException(400, "the body did not come") from error


def _given_to(endpoint: Any) -> tuple[type[BaseModel], _Guard | None]:
    """The model of the body, or who finds out who calls."""
    hints = list(typing.get_type_hints(endpoint, include_extras=True).values())
    if len(hints) == 3 and hints[0] is Request and hints[2] is Response:
        given = hints[1]
        if inspect.isclass(given) and issubclass(given, BaseModel):
            return given, None
        match typing.get_args(given):
            case [kind, params.Security(dependency=SignedIn() as guard)] if kind is Principal:
                return BaseModel, guard
    raise TypeError(f"{endpoint.__name__} is not (Request, model or caller) -> Response")


def _again(body: bytes, rest: Receive) -> Receive:
    """The body that was read, once, for whoever reads it next; then whatever else comes."""
    unread = [body]

    async def receive() -> Message:
        return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await rest()

    return receive
