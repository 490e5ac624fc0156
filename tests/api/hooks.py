"""What schemathesis is told about our APIs: how to sign in, again and again, for tokens live five minutes."""

import os
from typing import Any

import httpx
import schemathesis

_REFRESH_SECONDS = 120


@schemathesis.auth(refresh_interval=_REFRESH_SECONDS)
class Administrator:
    """An access token of the administrator named by the environment, made anew every two minutes."""

    def get(self, _case: schemathesis.Case[Any], _context: schemathesis.AuthContext) -> str:
        """The token."""
        url = os.environ["PULSE_FUZZ_URL"]
        account = {"email": os.environ["PULSE_FUZZ_EMAIL"], "password": os.environ["PULSE_FUZZ_PASSWORD"]}
        answer = httpx.post(f"{url}/api/auth/login", json=account, headers={"origin": url}, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def set(self, case: schemathesis.Case[Any], data: Any, _context: schemathesis.AuthContext) -> None:
        """Puts it into the request."""
        case.headers["Authorization"] = f"Bearer {data}"
