"""Signs in at auth's HTTP API, to learn whether the server accepts a person. The server session is ended at once."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import structlog

from pulse_contracts.permissions import ROLES
from pulse_desktop.core.mirror.sessions import Person

log = structlog.get_logger("pulse.desktop.sign_in")

TIMEOUT: Final = 5.0
"""Seconds for one request. A server that does not answer in this time cannot be reached."""
_MAX_ANSWER: Final = 65_536

AskCode = Callable[[], Awaitable[str | None]]
"""Asks the person for the code of the second factor. None: the person gives up."""


class Unreachable(Exception):  # a state of the world
    """The server cannot be reached: the connection failed or timed out. Only this allows an offline sign-in."""


class ServerRefused(Exception):  # the server's answer
    """The server refuses the sign-in, or its answer cannot be used. It is final. `code`: stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class AuthServer:
    """auth of the server that enrolled this collector. `ca_file`: authorities of its certificate; None: those of the
    operating system. `failure`: why the server could not be reached; empty when it answered."""

    def __init__(self, server: str, ca_file: Path | None = None) -> None:
        parts = urlsplit(server if "://" in server else f"https://{server}")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._ca_file = ca_file
        self.failure = ""

    async def check(self, email: str, password: str, ask_code: AskCode) -> Person:
        """Returns the account that the server accepts. Raises Unreachable, ServerRefused."""
        async with httpx.AsyncClient(
            timeout=TIMEOUT, verify=self._verify(), follow_redirects=False, trust_env=True
        ) as http:
            body = {"email": email, "password": password, "remember": False}
            answer = await self._post(http, "/api/auth/login", body)
            if answer.status_code == httpx.codes.UNAUTHORIZED and _code(answer) == "second_factor_required":
                answer = await self._second_step(http, answer, ask_code)
            person = self._person(answer)
            await self._log_out(http, answer)
        return person

    def _verify(self) -> ssl.SSLContext | bool:
        if self._ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            reason = "does not exist" if isinstance(error, FileNotFoundError) else "has no certificate authority"
            text = f"{self._ca_file} {reason}: name another file with --ca"
            raise ServerRefused("bad_authorities", text) from error

    async def _post(self, http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            async with asyncio.timeout(TIMEOUT):
                return await http.post(self.url + path, json=body)
        except (TimeoutError, httpx.TimeoutException) as error:
            self.failure = f"{self.url} did not answer within {TIMEOUT:g} s"
            raise Unreachable(self.failure) from error
        except httpx.HTTPError as error:
            self.failure = _failure(self.url, error)
            raise Unreachable(self.failure) from error

    async def _second_step(self, http: httpx.AsyncClient, first: httpx.Response, ask_code: AskCode) -> httpx.Response:
        code = await ask_code()
        if not code:
            raise ServerRefused("no_code", "a code of the second factor is required")
        body = {"challenge": str(_member(first, "challenge")), "code": code.strip()}
        try:
            return await self._post(http, "/api/auth/login/second-factor", body)
        except Unreachable as error:  # the server demanded a code: the password alone is not enough any more
            raise ServerRefused("connection_lost", f"the connection was lost: try again ({error})") from error

    def _person(self, answer: httpx.Response) -> Person:
        status, code = answer.status_code, _code(answer)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            text = f"the server cannot check the sign-in ({status}): try again in a moment"
            raise ServerRefused("server_failed", text)
        if status != httpx.codes.OK:
            raise ServerRefused(code or f"http_{status}", self._refusal(answer, code))
        account = _member(answer, "account")
        if len(answer.content) > _MAX_ANSWER or not isinstance(account, dict) or account.get("role") not in ROLES:
            raise ServerRefused("not_our_server", f"{self.url} is not a PrecisionPulse server: enrol again")
        if _member(answer, "second_factor_enrolment_required"):
            text = f"your role requires a second factor: set it up at {self.url} first"
            raise ServerRefused("second_factor_not_set_up", text)
        return Person(str(account["id"]), str(account["email"]), str(account["name"]), account["role"])

    def _refusal(self, answer: httpx.Response, code: str) -> str:
        if code == "invalid_credentials":
            return "the e-mail or the password is wrong, or the account is disabled"
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return f"too many attempts: try again in {answer.headers.get('retry-after', 'some')} seconds"
        detail = _member(answer, "detail")
        if code and isinstance(detail, str):
            return detail[:300]
        return f"{self.url} is not a PrecisionPulse server ({answer.status_code}): enrol again"

    async def _log_out(self, http: httpx.AsyncClient, signed_in: httpx.Response) -> None:
        """Ends the server session, which nobody needs. A failure is only logged: the session expires by itself."""
        cookies = "; ".join(f"{name}={value}" for name, value in signed_in.cookies.items())
        headers = {"X-Pulse-CSRF": "1", "Cookie": cookies}
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await http.post(f"{self.url}/api/auth/logout", headers=headers)
            if answer.status_code != httpx.codes.NO_CONTENT:
                log.info("server_session_not_ended", status=answer.status_code)
        except (TimeoutError, httpx.HTTPError) as error:
            log.info("server_session_not_ended", error=type(error).__name__)


def _failure(url: str, error: httpx.HTTPError) -> str:
    text = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" not in text:
        return f"{url} cannot be reached ({text})"
    reason = text.rpartition("certificate verify failed: ")[2].partition(" (_ssl")[0]
    return (
        f"the certificate of {url} is not trusted ({reason}): name the file of its authority with --ca, or check the "
        "clock of this machine"
    )


def _member(answer: httpx.Response, name: str) -> object:
    try:
        parsed = answer.json()
    except ValueError:
        return None
    return parsed.get(name) if isinstance(parsed, dict) else None


def _code(answer: httpx.Response) -> str:
    code = _member(answer, "code")
    return code if isinstance(code, str) else ""
