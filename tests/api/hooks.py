"""Hooks of schemathesis: they renew the access token, which is valid for five minutes."""

import os
import time
from typing import Any

import httpx
import schemathesis

_REFRESH_SECONDS = 120
_PATIENCE_SECONDS = 400.0
"""Wrong passwords from the fuzzer delay the next sign-in of the administrator, at most by five minutes."""


class _Session:
    """The session of the administrator from the environment. It is refreshed, and opened again after it was ended."""

    def __init__(self) -> None:
        self._url = os.environ["PULSE_FUZZ_URL"]
        self._http = httpx.Client(base_url=self._url, headers={"origin": self._url, "x-pulse-csrf": "1"}, timeout=30)

    def token(self) -> str:
        answer = self._http.post("/api/auth/refresh", json={})
        end = time.monotonic() + _PATIENCE_SECONDS
        while answer.is_error:
            account = {"email": os.environ["PULSE_FUZZ_EMAIL"], "password": os.environ["PULSE_FUZZ_PASSWORD"]}
            answer = self._http.post("/api/auth/login", json=account)
            wait = float(answer.headers.get("retry-after", "0"))
            if answer.is_error and (not wait or time.monotonic() + wait > end):
                raise RuntimeError(f"no token: {answer.status_code} {answer.text}")
            time.sleep(wait)
        return str(answer.json()["access_token"])


_session: list[_Session] = []


@schemathesis.auth(refresh_interval=_REFRESH_SECONDS)
class Administrator:
    """An access token, renewed every two minutes."""

    def get(self, _case: schemathesis.Case[Any], _context: schemathesis.AuthContext) -> str:
        """Returns the token."""
        if not _session:
            _session.append(_Session())
        return _session[0].token()

    def set(self, case: schemathesis.Case[Any], data: Any, _context: schemathesis.AuthContext) -> None:
        """Adds the token to the request."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def filter_query(_context: schemathesis.HookContext, query: Any) -> bool:
    """The server rejects a head of more than 16 KiB with 431 before the application gets it, and no operation documents
    431. Each byte may need three characters in a query."""
    return len(str(query).encode(errors="replace")) < 4_000
