"""Routes that are reached without the framework's dependencies, for the few that have little time beside their work."""

import inspect
import typing
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import params
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from pulse_chassis.principal import Principal, SignedIn

_Guard = Callable[[Request], Awaitable[Principal]]


class DirectRoute(APIRoute):
    """For `async def endpoint(request: Request, given) -> Response`, where `given` is a `Model` of the body or the
    caller, `Annotated[Principal, require("…")]`. What is as it should be, a body of JSON that fits the model, goes
    straight there; everything else goes the framework's way, which says what is wrong with it as it does on every other
    route. Documented as they are. Use it as an `APIRouter`'s `route_class`, for routers that `create_app` takes over:
    what `include_router` would add is not seen here. Raises TypeError for another signature, for a status, which
    the answer has, and for dependencies: the endpoint has to do by itself what else guards it."""

    def __init__(self, path: str, endpoint: Any, **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        if self.dependencies or self.status_code is not None:
            raise TypeError(f"{path}: a direct route would pass its dependencies and its status over")
        self._model, self._guard = _given_to(endpoint)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `APIRoute.handle`."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
        elif self._guard is not None:
            request = Request(scope, receive)
            response: Response = await self.endpoint(request, await self._guard(request))
            await response(scope, receive, send)
        else:
            await self._handle_body(scope, receive, send)

    async def _handle_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.headers.get("content-type") != "application/json":
            await super().handle(scope, receive, send)
            return
        try:
            body = await request.body()
        except ClientDisconnect as error:
            raise HTTPException(400, "the body did not come") from error
        try:
            given = self._model.model_validate_json(body)
        except ValidationError:
            await super().handle(scope, _again(body, receive), send)
            return
        response: Response = await self.endpoint(request, given)
        await response(scope, receive, send)


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
