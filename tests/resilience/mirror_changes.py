"""An administrator who changes and revokes accounts during the faults of the mirror's campaign."""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import asyncpg
import httpx

from tests.resilience.members import NoRecoveryError
from tests.resilience.mirror_judge import Book
from tests.resilience.mirror_world import Administrator, MirrorWorld, wait_for

_PAUSE = 0.05
_CONTROLS = 5
_EXPECTED = {401, 404, 409, 412, 429, 503}
"""Answers that a fault explains: an ended session, an account that a restore took away, a version that a change without
an answer has raised, a limit, and a service that waits for its database."""


@dataclass
class Changes:
    """`people`: accounts (id, e-mail) that change. `victims`: accounts that are revoked and never allowed again.
    `controls`: accounts that never change. A change without an answer may
    have happened: the judge reads the accounts."""

    world: MirrorWorld
    rng: random.Random
    book: Book
    people: list[tuple[str, str]] = field(default_factory=list)
    victims: list[tuple[str, str]] = field(default_factory=list)
    controls: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        rows = self.world.fetch("SELECT id, email FROM users.account WHERE email LIKE 'person-%' ORDER BY version")
        known = [(str(row["id"]), str(row["email"])) for row in rows]
        self.controls = [email for _, email in known[:_CONTROLS]]
        half = _CONTROLS + (len(known) - _CONTROLS) // 2
        self.people, self.victims = known[_CONTROLS:half], known[half:]
        self._admin = Administrator(self.world.system)

    @property
    def count(self) -> int:
        """Number of confirmed changes."""
        return sum(self.done.values())

    def start(self) -> None:
        """Changes accounts in a thread until `pause`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Returns when the last change has ended."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(60)
            self._thread = None

    def make(self, number: int, seconds: float = 60) -> None:
        """Returns when this many more changes are confirmed. `start` was called before. Raises NoRecoveryError."""
        goal = self.count + number
        wait_for(lambda: self.count >= goal, seconds, f"{number} changes succeed")

    def revoke(self) -> str:
        """Disables or deletes a victim, and returns its id. Raises NoRecoveryError."""
        id_, email = self.victims.pop()
        self.book.emails[id_] = email
        method, path = ("DELETE", "") if self.rng.random() < 0.4 else ("PUT", "/toggle-status")

        def is_revoked() -> bool:
            try:
                (row,) = self.world.fetch("SELECT active, version FROM users.account WHERE id = $1", id_)
                if not row["active"]:
                    return True
                self._admin.call(method, f"/api/users/{id_}{path}", tag=f'"{row["version"]}"')
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, httpx.HTTPError):
                return False
            return True

        wait_for(is_revoked, 60, f"{email} is revoked", every=0.5)
        self.done["revoke"] += 1
        self.revoked.append(id_)
        return id_

    def note_acknowledged(self) -> None:
        """Every collector has acknowledged every revocation so far."""
        for device in self.world.devices:
            self.book.acknowledged[device.name].update(self.revoked)

    def _run(self) -> None:
        while not self._stop.wait(_PAUSE):
            try:
                self._one()
            except httpx.HTTPStatusError as error:
                answer = error.response
                is_json = "json" in answer.headers.get("content-type", "")
                if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                    self._stop.wait(float(answer.headers["retry-after"]))
                elif answer.status_code not in _EXPECTED and is_json:
                    self.wrong.append(f"{error.request.method} {error.request.url.path}: {answer.text[:300]}")
            except (httpx.HTTPError, NoRecoveryError):
                continue  # a service is down

    def _one(self) -> None:
        draw = self.rng.random()
        if draw < 0.1:
            self._create()
            return
        id_, email = self.rng.choice(self.people)
        account = self._admin.call("GET", f"/api/users/{id_}")
        tag, now = account.headers["etag"], account.json()
        path = f"/api/users/{id_}"
        if draw < 0.45:
            self._admin.call("PUT", f"{path}/toggle-status", tag=tag)
            self.done["toggle"] += 1
        elif draw < 0.6:
            role = "admin" if now["role"] == "user" else "user"
            self._admin.call("PUT", path, {"email": email, "name": now["name"], "role": role}, tag=tag)
            self.done["change role"] += 1
        elif draw < 0.84:
            body = {"email": email, "name": f"Somebody {self.count}", "role": now["role"]}
            self._admin.call("PUT", path, body, tag=tag)
            self.done["rename"] += 1
        elif draw < 0.9:
            self._set_password(id_)
        else:
            self._admin.call("DELETE", path, tag=tag)
            self.people.remove((id_, email))
            self.done["delete"] += 1

    def _create(self) -> None:
        email = f"new-{self.rng.getrandbits(40):010x}@example.org"
        made = self._admin.call("POST", "/api/users", {"email": email, "name": "Somebody new", "role": "user"}).json()
        self.people.append((made["id"], email))
        self.done["create"] += 1

    def _set_password(self, id_: str) -> None:
        link = self._admin.call("POST", f"/api/users/{id_}/reset", {"mail": False}).json()["link"]
        password = f"an unlikely sentence {self.rng.getrandbits(32)}"
        body = {"token": urlsplit(link).fragment, "password": password}
        self._admin.call("POST", "/api/users/set-password", body)
        self.book.passwords[id_] = password
        self.done["set password"] += 1
