"""Requests with a token that is renewed in time, waits when a service asks for it, and one kind of error."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from pulse_client.credentials import ApiKey, Password
from pulse_client.errors import PulseError, SecondFactorNeeded

_SAFE = frozenset({"GET", "PUT", "DELETE"})
"""May be sent again: they say the same twice, and changes name the version that they change."""
_RENEW_BEFORE_SECONDS = 30.0


class Transport:
    """One connection pool and one token. `patience`: for how many seconds in all a call waits out 429 and 503."""

    def __init__(self, url: str, credentials: ApiKey | Password, *, patience: float, http: httpx.AsyncClient) -> None:
        self._url, self._credentials, self._patience, self._http = url.rstrip("/"), credentials, patience, http
        self._token, self._ends = "", 0.0
        self._lock = asyncio.Lock()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON, None when it has no body. A POST is done once, however often it is sent. Raises
        PulseError."""
        given = dict(headers or {})
        if method == "POST":
            given.setdefault("Idempotency-Key", str(uuid.uuid4()))
        may_repeat = method in _SAFE or "Idempotency-Key" in given
        end = time.monotonic() + self._patience
        is_new = False
        while True:
            error: PulseError
            token = await self._bearer()
            try:
                answer = await self._http.request(
                    method, self._url + path, params=params, json=body, headers=given | _bearer(token)
                )
            except httpx.TransportError as failure:
                error = PulseError(0, "unreachable", f"{type(failure).__name__}: {failure}", retry_after=1.0)
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                error = problem_of(answer)
                if answer.status_code == 401 and not is_new:
                    self._token, is_new = "", True
                    continue
            if not may_repeat or error.retry_after is None or time.monotonic() + error.retry_after > end:
                raise error
            await asyncio.sleep(error.retry_after)

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """An answer that is read piece by piece. Raises PulseError."""
        headers = _bearer(await self._bearer())
        async with self._http.stream("GET", self._url + path, params=params, headers=headers) as answer:
            if not answer.is_success:
                await answer.aread()
                raise problem_of(answer)
            yield answer

    async def _bearer(self) -> str:
        async with self._lock:
            if not self._token or time.monotonic() > self._ends - _RENEW_BEFORE_SECONDS:
                began = time.monotonic()
                self._token, life = await self._sign_in()
                self._ends = began + life
            return self._token

    async def _sign_in(self) -> tuple[str, float]:
        credentials = self._credentials
        if isinstance(credentials, ApiKey):
            answer = await self._post("/api/auth/token", headers=_bearer(credentials.key))
            return str(answer["access_token"]), float(answer["expires_in"])
        account = {"email": credentials.email, "password": credentials.password, "remember": False}
        try:
            answer = await self._post("/api/auth/login", body=account)
        except SecondFactorNeeded as needed:
            if credentials.code is None:
                raise
            second = {"challenge": needed.challenge, "code": credentials.code()}
            answer = await self._post("/api/auth/login/second-factor", body=second)
        return str(answer["access_token"]), 240.0  # of five minutes

    async def _post(self, path: str, *, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        end = time.monotonic() + self._patience
        while True:
            try:
                answer = await self._http.post(self._url + path, json=body, headers={**(headers or {}), **_OWN})
            except httpx.TransportError as failure:
                error = PulseError(0, "unreachable", f"{type(failure).__name__}: {failure}", retry_after=1.0)
            else:
                if answer.is_success:
                    return answer.json()
                error = problem_of(answer)
            if error.retry_after is None or time.monotonic() + error.retry_after > end:
                raise error
            await asyncio.sleep(error.retry_after)


_OWN = {"X-Pulse-CSRF": "1"}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def problem_of(answer: httpx.Response) -> PulseError:
    """The problem document of an answer, or what comes nearest to one."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    wait = answer.headers.get("retry-after", "")
    retry_after = float(wait) if wait.isdecimal() else (1.0 if answer.status_code >= 502 else None)
    code = str(body.get("code") or ("unavailable" if answer.status_code >= 500 else "refused"))
    detail = str(body.get("detail") or answer.reason_phrase)
    request_id = body.get("request_id")
    if code == "second_factor_required":
        needed = SecondFactorNeeded(answer.status_code, code, detail, request_id=request_id)
        needed.challenge = str(body.get("challenge", ""))
        return needed
    return PulseError(answer.status_code, code, detail, retry_after=retry_after, request_id=request_id)
