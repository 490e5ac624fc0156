"""`Idempotency-Key`: a repeated POST with the same key is not executed again. The client gets the first response.

It follows the IETF draft "The Idempotency-Key HTTP Header Field". Responses may hold secrets that are shown only once,
such as an API key. They are therefore stored sealed with the client's key, of which only the hash is stored. Refusals
(4xx) are not stored, because they changed nothing.

The row is marked as done in the transaction of the change. If the process dies after the commit, a repeated request
gets an error that says that the response is lost, and the change is not executed twice. If the process dies before the
commit, the key is locked for a minute.
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
from pulse_contracts.permissions import COMMON_PERMISSIONS, PERMISSIONS
from pulse_contracts.times import from_micros
from pulse_jose import MAX_PAYLOAD_BYTES, KeySet, SealingKey, TokenError, seal, unseal
from pulse_postgres import Connection, Database, audit_hook

_RETENTION = timedelta(hours=24)
_LOCK_TIMEOUT = timedelta(minutes=1)
_MIN_LENGTH, _MAX_LENGTH = 16, 128
_SUCCESS, _REFUSED = range(200, 300), range(400, 500)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=_MIN_LENGTH,
        max_length=_MAX_LENGTH,
        pattern=r"^[\x21-\x7e]+$",
        description="A random text, for example a UUID. A repeated request with the same key is executed only once.",
        examples=["0b6f6a52-5f2e-4f43-9d51-2f4a1c0f8f6e"],
    ),
]
"""A parameter type for the signature of a route, so that the documentation shows the header."""


class IdempotencyKeyUnfit(DomainError):
    """The `Idempotency-Key` is invalid. It must have 16 to 128 visible ASCII characters."""

    code, status = "idempotency_key_unfit", 422


class IdempotencyKeyReused(DomainError):
    """This `Idempotency-Key` was already used for a different request. Use a new key."""

    code, status = "idempotency_key_reused", 422


class IdempotencyInProgress(DomainError):
    """The first request with this `Idempotency-Key` is still in progress. Try again in a moment."""

    code, status = "idempotency_in_progress", 409

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still in progress. Try again in a moment.")
        self.retry_after = timedelta(seconds=2)


class IdempotencyAnswerLost(DomainError):
    """The first request with this `Idempotency-Key` succeeded, but its response was lost. Check the current state."""

    code, status = "idempotency_answer_lost", 409


IDEMPOTENCY_PROBLEMS = (IdempotencyKeyUnfit, IdempotencyKeyReused, IdempotencyInProgress, IdempotencyAnswerLost)
"""The problems of every route that accepts a key, for its documentation."""


class _StoredResponse(BaseModel):
    status: int
    media_type: str | None
    headers: dict[str, str]
    body: str


class IdempotentRoute(APIRoute):
    """A route class for routers whose POST requests create something: `APIRouter(route_class=IdempotentRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Returns the route's handler, extended by the check of the key."""
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if key is None or request.method != "POST":
                return await handle(request)
            is_valid_length = _MIN_LENGTH <= len(key) <= _MAX_LENGTH
            if not (is_valid_length and key.isascii() and key.isprintable() and " " not in key):
                limits = f"{_MIN_LENGTH} to {_MAX_LENGTH}"
                raise IdempotencyKeyUnfit(f"The Idempotency-Key must have {limits} visible ASCII characters.")
            principals: Principals = request.app.state.principals
            principal = principals.verify(bearer(request))
            is_privileged = any(principal.may(name) for name in PERMISSIONS if name not in COMMON_PERMISSIONS)
            return await _IdempotentRequest(request, key, principal).respond(
                handle, principals.require_fresh if is_privileged else lambda: None
            )

        return handle_once


class _IdempotentRequest:
    """One request with a key. Its row in the database is named by a hash of account, permissions, path and key."""

    def __init__(self, request: Request, key: str, principal: Principal) -> None:
        self._request = request
        self._database: Database = request.app.state.database
        self._run = uuid4()
        # A replayed response is not authorised again, so a caller with fewer permissions must not get it.
        permissions = " ".join(sorted(name for name in PERMISSIONS if principal.may(name)))
        identity = f"{principal.account}\0{permissions}\0{request.url.path}\0{key}".encode()
        self._name = hashlib.sha256(b"name\0" + identity).digest()
        self._seal = SealingKey("idempotency", hashlib.sha256(b"seal\0" + identity).digest())

    async def respond(
        self, handle: Callable[[Request], Coroutine[Any, Any, Response]], authorise: Callable[[], None]
    ) -> Response:
        """Returns the stored response if `authorise` does not raise, or else the response of `handle`."""
        body = hashlib.sha256(await self._request.body()).digest()
        stored = await self._begin(body)
        if stored is not None:
            authorise()
            return stored
        try:
            with audit_hook(self._mark_done):
                response = await handle(self._request)
        except DomainError as error:
            await self._forget(is_refused=error.status in _REFUSED)
            raise
        except BaseException:
            await self._forget(is_refused=False)
            raise
        if response.status_code not in _SUCCESS or not await self._store(response):
            await self._forget(is_refused=response.status_code in _REFUSED)
        return response

    async def _mark_done(self, connection: Connection) -> None:
        """Marks the row within the transaction of the change. Raises IdempotencyInProgress when another request has
        taken over the key."""
        query = "UPDATE idempotency SET done = true WHERE key = $1 AND run = $2 RETURNING 1"
        if await connection.fetchval(query, self._name, self._run) is None:
            raise IdempotencyInProgress

    async def _begin(self, body: bytes) -> Response | None:
        """Returns the stored response, or None if this request is the first. Raises the problems of a key in use."""
        now = self._now()
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM idempotency WHERE started < $1", now - _RETENTION)
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
                now - _LOCK_TIMEOUT,
            )
        if row is None:
            raise LookupError("an upsert returned no row")
        if bytes(row["request"]) != body:
            raise IdempotencyKeyReused("This Idempotency-Key was already used for a different request. Use a new key.")
        if row["is_mine"]:
            return None
        if row["answer"] is None:
            if row["is_lost"]:
                text = "The first request succeeded, but its response was lost. Check the current state."
                raise IdempotencyAnswerLost(text)
            raise IdempotencyInProgress
        return self._open(str(row["answer"]))

    async def _store(self, response: Response) -> bool:
        """Stores the sealed response. Returns False when it is too large."""
        headers = {name: value for name, value in response.headers.items() if name in {"etag", "location"}}
        stored = _StoredResponse(
            status=response.status_code,
            media_type=response.headers.get("content-type"),
            headers=headers,
            body=bytes(response.body).decode(),
        )
        payload = stored.model_dump_json().encode()
        if len(payload) > MAX_PAYLOAD_BYTES:
            await self._unlock()
            return False
        sealed = seal(payload, self._seal, self._seconds)
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE idempotency SET answer = $2 WHERE key = $1 AND run = $3", self._name, sealed, self._run
            )
        return True

    async def _unlock(self) -> None:
        """Ends the lock of a row that is marked as done, so that a repeated request need not wait to get
        IdempotencyAnswerLost."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE idempotency SET started = $3 WHERE key = $1 AND run = $2 AND done",
                self._name,
                self._run,
                self._now() - 2 * _LOCK_TIMEOUT,
            )

    async def _forget(self, *, is_refused: bool) -> None:
        """Deletes the row, so that the key can be used again. A row that is marked as done stays, unless the request
        was refused: a refusal changes nothing, even if the audit trail has an entry for it."""
        async with self._database.connection() as connection:
            await connection.execute(
                "DELETE FROM idempotency WHERE key = $1 AND answer IS NULL AND run = $2 AND ($3 OR NOT done)",
                self._name,
                self._run,
                is_refused,
            )

    def _open(self, sealed: str) -> Response:
        try:
            stored = _StoredResponse.model_validate_json(unseal(sealed, KeySet([self._seal]), self._seconds))
        except TokenError as error:
            raise IdempotencyKeyReused(
                "This Idempotency-Key cannot open the stored response. Use a new key."
            ) from error
        headers = stored.headers | {"Idempotency-Replayed": "true"}
        return Response(stored.body, stored.status, headers, stored.media_type)

    def _seconds(self) -> float:
        return float(self._request.app.state.clock()) / 1e6

    def _now(self) -> datetime:
        return from_micros(self._request.app.state.clock())
