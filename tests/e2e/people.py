"""The people in browser tests: users with accounts, and administrators who create them."""

import time
from dataclasses import dataclass
from typing import Any

import httpx
import pyotp

from tests.system import System, wait_until

_STEP = 30


@dataclass
class Person:
    """A person with an account and an authenticator app."""

    email: str
    id: str
    password: str = ""
    secret: str = ""
    last_step: int = 0

    def code(self) -> str:
        """Returns a code that was not used before: of this half minute, or of the next one, which is already valid."""
        wait_until(lambda: self.last_step <= time.time() // _STEP, seconds=_STEP + 5, what="another code")
        self.last_step = max(int(time.time()) // _STEP, self.last_step + 1)
        return pyotp.TOTP(self.secret).at(self.last_step * _STEP)


class Office:
    """The actions of an administrator through the API."""

    def __init__(self, system: System) -> None:
        self._url, self._made, self.until_accounts_agree = system.url, 0, system.until_accounts_agree
        self._headers = {"authorization": f"Bearer {system.token()}"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Calls a service. A change is made whatever version the resource has."""
        headers = self._headers | ({"if-match": "*"} if method in {"PUT", "DELETE"} else {})
        answer = httpx.request(method, f"{self._url}{path}", json=body, headers=headers, timeout=20)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def create(self, password: str | None = None, role: str = "user") -> Person:
        """Creates an account."""
        self._made += 1
        email = f"person{self._made}-{time.time_ns()}@example.org"
        body = {"email": email, "name": "Ada Lovelace", "role": role, "password": password}
        made = Person(email, self.ask("POST", "/api/users", body)["id"], password or "")
        self.until_accounts_agree()
        return made

    def token_of(self, person: Person) -> str:
        """An access token of a person without a second factor."""
        body = {"email": person.email, "password": person.password}
        answer = httpx.post(f"{self._url}/api/auth/login", json=body, headers={"origin": self._url}, timeout=20)
        assert answer.is_success, answer.text
        return str(answer.json()["access_token"])

    def link(self, person: Person, kind: str) -> str:
        return str(self.ask("POST", f"/api/users/{person.id}/{kind}", {"mail": False})["link"])
