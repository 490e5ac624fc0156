"""Routes that are reached without the framework's dependencies, for the few that have little time beside their work."""

import typing
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send


class DirectRoute(APIRoute):
    """For `async def endpoint(request: Request, given: Model) -> Response`. What is as it should be, a body of JSON
    that fits the model, goes straight there; everything else goes the framework's way, which says what is wrong with it
    as it does on every other route. Documented as they are. Use it as an `APIRouter`'s `route_class`. Raises TypeError
    for another signature, for a status, which the answer has, and for dependencies: the endpoint has to do by itself
    what guards it."""

    def __init__(self, path: str, endpoint: Any, **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        if self.dependencies or self.status_code is not None:
            raise TypeError(f"{path}: a direct route would pass its dependencies and its status over")
        self._model = _model_of(endpoint)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `APIRoute.handle`."""
        request = Request(scope, receive)
        if scope["method"] not in (self.methods or ()) or request.headers.get("content-type") != "application/json":
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


def _model_of(endpoint: Any) -> type[BaseModel]:
    match list(typing.get_type_hints(endpoint).values()):
        case [request, type() as model, answer]:
            if request is Request and issubclass(model, BaseModel) and answer is Response:
                return model
    raise TypeError(f"{endpoint.__name__} is not (Request, model) -> Response")


def _again(body: bytes, rest: Receive) -> Receive:
    """The body that was read, once, for whoever reads it next; then whatever else comes."""
    unread = [body]

    async def receive() -> Message:
        return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await rest()

    return receive
