"""What schemathesis is told about our APIs: how to be signed in, again and again, for tokens live five minutes."""

import os
import time
from typing import Any

import httpx
import schemathesis

_REFRESH_SECONDS = 120
_PATIENCE_SECONDS = 400.0
"""Guesses at its own password make the fuzzer wait when it wants to sign in again, five minutes at most."""


class _Session:
    """The session of the administrator named by the environment: refreshed, and opened anew when it was ended."""

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
    """An access token, made anew every two minutes."""

    def get(self, _case: schemathesis.Case[Any], _context: schemathesis.AuthContext) -> str:
        """The token."""
        if not _session:
            _session.append(_Session())
        return _session[0].token()

    def set(self, case: schemathesis.Case[Any], data: Any, _context: schemathesis.AuthContext) -> None:
        """Puts it into the request."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def filter_query(_context: schemathesis.HookContext, query: Any) -> bool:
    """A head of more than 16 KiB never reaches the application: the server answers 431, which no operation documents. A
    byte takes three characters of a query."""
    return len(str(query).encode(errors="replace")) < 4_000
