"""HTTP requests: renews the access token, retries when a service asks for it, and turns failures into PulseError."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from pulse_client.credentials import ApiKey, Password
from pulse_client.errors import PulseError, SecondFactorRequired

_SAFE = frozenset({"GET", "PUT", "DELETE"})
"""Methods that may be repeated: they are idempotent, and updates name the version they are based on."""
_RENEW_BEFORE_SECONDS = 30.0


class Transport:
    """One connection pool and one token. `retry_seconds`: how long one call retries after 429 and 503."""

    def __init__(
        self, url: str, credentials: ApiKey | Password, *, retry_seconds: float, http: httpx.AsyncClient
    ) -> None:
        self._url, self._credentials, self._retry_seconds, self._http = (
            url.rstrip("/"),
            credentials,
            retry_seconds,
            http,
        )
        self._token, self._expires_at = "", 0.0
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
        """The JSON of the response; None without a body. A POST has an idempotency key, so that retries do not repeat
        its effect. Raises PulseError."""
        sent_headers = dict(headers or {})
        if method == "POST":
            sent_headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        may_repeat = method in _SAFE or "Idempotency-Key" in sent_headers
        end = time.monotonic() + self._retry_seconds
        is_renewed = False
        while True:
            error: PulseError
            token = await self._bearer()
            try:
                answer = await self._http.request(
                    method, self._url + path, params=params, json=body, headers=sent_headers | _bearer(token)
                )
            except httpx.TransportError as failure:
                error = PulseError(0, "unreachable", f"{type(failure).__name__}: {failure}", retry_after=1.0)
            else:
                if answer.is_success:
                    return answer.json() if answer.content else None
                error = problem_of(answer)
                if answer.status_code == 401 and not is_renewed:
                    self._token, is_renewed = "", True
                    continue
            if not may_repeat or error.retry_after is None or time.monotonic() + error.retry_after > end:
                raise error
            await asyncio.sleep(error.retry_after)

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, Any]) -> AsyncIterator[httpx.Response]:
        """A response that the caller reads in chunks. Raises PulseError."""
        headers = _bearer(await self._bearer())
        async with self._http.stream("GET", self._url + path, params=params, headers=headers) as answer:
            if not answer.is_success:
                await answer.aread()
                raise problem_of(answer)
            yield answer

    async def _bearer(self) -> str:
        async with self._lock:
            if not self._token or time.monotonic() > self._expires_at - _RENEW_BEFORE_SECONDS:
                started = time.monotonic()
                self._token, lifetime = await self._sign_in()
                self._expires_at = started + lifetime
            return self._token

    async def _sign_in(self) -> tuple[str, float]:
        credentials = self._credentials
        if isinstance(credentials, ApiKey):
            answer = await self._post("/api/auth/token", headers=_bearer(credentials.key))
            return str(answer["access_token"]), float(answer["expires_in"])
        account = {"email": credentials.email, "password": credentials.password, "remember": False}
        try:
            answer = await self._post("/api/auth/login", body=account)
        except SecondFactorRequired as required:
            if credentials.code is None:
                raise
            second = {"challenge": required.challenge, "code": credentials.code()}
            answer = await self._post("/api/auth/login/second-factor", body=second)
        return str(answer["access_token"]), 240.0  # the token is valid for five minutes

    async def _post(self, path: str, *, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        end = time.monotonic() + self._retry_seconds
        while True:
            try:
                answer = await self._http.post(self._url + path, json=body, headers={**(headers or {}), **_CSRF})
            except httpx.TransportError as failure:
                error = PulseError(0, "unreachable", f"{type(failure).__name__}: {failure}", retry_after=1.0)
            else:
                if answer.is_success:
                    return answer.json()
                error = problem_of(answer)
            if error.retry_after is None or time.monotonic() + error.retry_after > end:
                raise error
            await asyncio.sleep(error.retry_after)


_CSRF = {"X-Pulse-CSRF": "1"}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def problem_of(answer: httpx.Response) -> PulseError:
    """The problem document of a response, or an error derived from the status when there is none."""
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
        required = SecondFactorRequired(answer.status_code, code, detail, request_id=request_id)
        required.challenge = str(body.get("challenge", ""))
        return required
    return PulseError(answer.status_code, code, detail, retry_after=retry_after, request_id=request_id)
