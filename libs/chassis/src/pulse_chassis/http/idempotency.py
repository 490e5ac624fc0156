"""`Idempotency-Key`: a POST that is sent again with the same key is not done again; its first answer comes back.

After the IETF draft "The Idempotency-Key HTTP Header Field". Answers may hold what is shown only once, such as an API
key: they are stored sealed with the caller's key, of which we keep only the hash. Refusals are not kept, for they
changed nothing. That a request was carried out is noted in the transaction of its change, together with the audit
trail: who asks again after a process has died in between is told that the answer is lost, and nothing is done twice. A
process that dies before the change leaves a key that is held for a minute.
"""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from pulse_chassis.identity.principal import Principal, Principals, bearer
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import EVERYBODY, PERMISSIONS
from pulse_contracts.times import from_micros
from pulse_jose import MAX_PAYLOAD_BYTES, KeySet, SealingKey, TokenError, seal, unseal
from pulse_postgres import Connection, Database, marked

_KEEP = timedelta(hours=24)
_HELD = timedelta(minutes=1)
_SHORTEST, _LONGEST = 16, 128
_DONE, _REFUSED = range(200, 300), range(400, 500)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=_SHORTEST,
        max_length=_LONGEST,
        pattern=r"^[\x21-\x7e]+$",
        description="A random text of your own, such as a UUID: the same request with the same key is done once",
        examples=["0b6f6a52-5f2e-4f43-9d51-2f4a1c0f8f6e"],
    ),
]
"""For a route's signature, so that the documentation shows the header."""


class IdempotencyKeyUnfit(DomainError):
    """An `Idempotency-Key` has 16 to 128 visible ASCII characters."""

    code, status = "idempotency_key_unfit", 422


class IdempotencyKeyReused(DomainError):
    """This `Idempotency-Key` came with another request before: use a new one."""

    code, status = "idempotency_key_reused", 422


class IdempotencyInProgress(DomainError):
    """The first request with this `Idempotency-Key` has not been answered yet."""

    code, status = "idempotency_in_progress", 409

    def __init__(self) -> None:
        super().__init__("the first request with this key is still at work")
        self.retry_after = timedelta(seconds=2)


class IdempotencyAnswerLost(DomainError):
    """The first request with this `Idempotency-Key` was carried out, and its answer was lost: look what is there."""

    code, status = "idempotency_answer_lost", 409


ONCE = (IdempotencyKeyUnfit, IdempotencyKeyReused, IdempotencyInProgress, IdempotencyAnswerLost)
"""What a route that takes a key may refuse, for its documentation."""


class _Answer(BaseModel):
    status: int
    media_type: str | None
    headers: dict[str, str]
    body: str


class IdempotentRoute(APIRoute):
    """A route class for routers whose POSTs make something: `APIRouter(route_class=IdempotentRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, with the key looked at before."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if key is None or request.method != "POST":
                return await handle(request)
            if not (_SHORTEST <= len(key) <= _LONGEST and key.isascii() and key.isprintable() and " " not in key):
                raise IdempotencyKeyUnfit(f"an Idempotency-Key has {_SHORTEST} to {_LONGEST} visible ASCII characters")
            principals: Principals = request.app.state.principals
            principal = principals.verify(bearer(request))
            is_everybodys = not any(principal.may(name) for name in PERMISSIONS if name not in EVERYBODY)
            return await _Once(request, key, principal).answer(
                handle, lambda: None if is_everybodys else principals.require_fresh()
            )

        return once


class _Once:
    def __init__(self, request: Request, key: str, principal: Principal) -> None:
        self._request = request
        self._database: Database = request.app.state.database
        self._run = uuid4()
        # Whoever may less than the one who asked first does not get the answer, which was given without asking again.
        may = " ".join(sorted(name for name in PERMISSIONS if principal.may(name)))
        whose = f"{principal.account}\0{may}\0{request.url.path}\0{key}".encode()
        self._name = hashlib.sha256(b"name\0" + whose).digest()
        self._seal = SealingKey("idempotency", hashlib.sha256(b"seal\0" + whose).digest())

    async def answer(
        self, handle: Callable[[Request], Coroutine[Any, Any, Response]], permit: Callable[[], None]
    ) -> Response:
        """The first answer again once `permit` has not raised, for the route itself is not asked; else what `handle`
        answers."""
        body = hashlib.sha256(await self._request.body()).digest()
        before = await self._begin(body)
        if before is not None:
            permit()
            return before
        try:
            with marked(self._carried_out):
                response = await handle(self._request)
        except DomainError as error:
            await self._forget(is_refused=error.status in _REFUSED)
            raise
        except BaseException:
            await self._forget(is_refused=False)
            raise
        if response.status_code not in _DONE or not await self._keep(response):
            await self._forget(is_refused=response.status_code in _REFUSED)
        return response

    async def _carried_out(self, connection: Connection) -> None:
        """In the transaction of the change. Raises IdempotencyInProgress when another request took over meanwhile."""
        query = "UPDATE idempotency SET done = true WHERE key = $1 AND run = $2 RETURNING 1"
        if await connection.fetchval(query, self._name, self._run) is None:
            raise IdempotencyInProgress

    async def _begin(self, body: bytes) -> Response | None:
        """None when this request is the first."""
        now = self._now()
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM idempotency WHERE started < $1", now - _KEEP)
            row = await connection.fetchrow(
                "INSERT INTO idempotency AS i (key, request, started, run) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (key) DO UPDATE SET (started, run) = (SELECT * FROM (VALUES ($3::timestamptz, $4::uuid)) "
                "AS v WHERE i.answer IS NULL AND NOT i.done AND i.started < $5 "
                "UNION ALL SELECT i.started, i.run LIMIT 1) "
                "RETURNING request, answer, run = $4 AS is_mine, done AND started < $5 AS is_lost",
                self._name,
                body,
                now,
                self._run,
                now - _HELD,
            )
        if row is None:
            raise LookupError("an upsert gave no row")
        if bytes(row["request"]) != body:
            raise IdempotencyKeyReused("this Idempotency-Key came with another request before")
        if row["is_mine"]:
            return None
        if row["answer"] is None:
            if row["is_lost"]:
                raise IdempotencyAnswerLost("the request was carried out, and its answer was lost: look what is there")
            raise IdempotencyInProgress
        return self._opened(str(row["answer"]))

    async def _keep(self, response: Response) -> bool:
        headers = {name: value for name, value in response.headers.items() if name in {"etag", "location"}}
        answer = _Answer(
            status=response.status_code,
            media_type=response.headers.get("content-type"),
            headers=headers,
            body=bytes(response.body).decode(),
        )
        payload = answer.model_dump_json().encode()
        if len(payload) > MAX_PAYLOAD_BYTES:
            return False
        sealed = seal(payload, self._seal, self._seconds)
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE idempotency SET answer = $2 WHERE key = $1 AND run = $3", self._name, sealed, self._run
            )
        return True

    async def _forget(self, *, is_refused: bool) -> None:
        """A refusal changed nothing, though it may have been noted; what failed may be done all the same."""
        async with self._database.connection() as connection:
            await connection.execute(
                "DELETE FROM idempotency WHERE key = $1 AND answer IS NULL AND run = $2 AND ($3 OR NOT done)",
                self._name,
                self._run,
                is_refused,
            )

    def _opened(self, sealed: str) -> Response:
        try:
            answer = _Answer.model_validate_json(unseal(sealed, KeySet([self._seal]), self._seconds))
        except TokenError as error:
            raise IdempotencyKeyReused("this Idempotency-Key cannot open what is stored") from error
        headers = answer.headers | {"Idempotency-Replayed": "true"}
        return Response(answer.body, answer.status, headers, answer.media_type)

    def _seconds(self) -> float:
        return float(self._request.app.state.clock()) / 1e6

    def _now(self) -> datetime:
        return from_micros(self._request.app.state.clock())
