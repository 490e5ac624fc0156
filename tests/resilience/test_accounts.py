"""A change of an account survives the death of any process between any two steps. Within ten seconds after the recovery
auth has the same accounts as users, no confirmed change is missing, and none was applied twice."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.system import ROOT, System, run_in_thread, running_system, wait_until

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(400)]
HEALED_WITHIN = 10.0
SEED = 20261123

POINTS = {
    "users: in the transaction, the event written": "pulse_postgres.outbox Outbox.put after",
    "users: committed, nothing published": "pulse_postgres.outbox Relay.publish_next before",
    "users: published, the outbox still full": "pulse_bus.mqtt.bus MqttBus.publish after",
    "auth: the event has arrived": "pulse_auth.actions.mirror Mirror.apply before",
    "auth: in the transaction, the copy written": "pulse_auth.store.sessions AccountCopy.put after",
    "auth: committed, not acknowledged to the broker": "pulse_auth.actions.mirror Mirror.apply after",
    "auth: sessions ended, not yet published": "pulse_auth.actions.ending SessionRevoker.end_all after",
    "auth: acknowledged to the broker": "pulse_bus.mqtt.connection Receipt._done after",
}
SERVERS = ("users", "auth", "mosquitto", "postgres")


@dataclass
class Changes:
    """An administrator who changes accounts continuously and records the confirmed changes."""

    system: System
    rng: random.Random
    confirmed: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    """E-mail addresses of changes without an answer. Either outcome is correct."""
    wrong: list[str] = field(default_factory=list)
    count: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Makes changes until stopped."""
        token, number = "", 0
        while not self.stop.is_set():
            try:
                token = token or self.system.token()
                number += 1
                self._one(token, number)
            except httpx.HTTPStatusError as error:
                if error.response.status_code == 429:
                    self.stop.wait(float(error.response.headers["retry-after"]))
                elif error.response.status_code in {401, 503} or _died_under_the_web_server(error.response):
                    token = ""
                else:
                    self.wrong.append(f"{error.request.method} {error.request.url}: {error.response.text}")
            except (httpx.TransportError, KeyError):
                token = ""

    def _one(self, token: str, number: int) -> None:
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=self.system.url, headers=headers, timeout=10) as http:
            known = [email for email in self.confirmed if email not in self.doubtful]
            if len(known) < 5 or self.rng.random() < 0.3:
                self._create(http, f"p{number}-{self.rng.getrandbits(32):08x}@example.org")
            else:
                self._change(http, self.rng.choice(known))

    def _create(self, http: httpx.Client, email: str) -> None:
        self.doubtful.add(email)
        body = {"email": email, "name": "Somebody", "role": "user", "password": "an unlikely sentence 93"}
        made = http.post("/api/users", json=body)
        made.raise_for_status()
        self._confirm(email, made.json())

    def _change(self, http: httpx.Client, email: str) -> None:
        account = self.confirmed[email]
        self.doubtful.add(email)
        path, headers = f"/api/users/{account['id']}", {"if-match": f'"{account["version"]}"'}
        if self.rng.random() < 0.2:
            http.delete(path, headers=headers).raise_for_status()
            del self.confirmed[email]
            self.gone.add(email)
            self.doubtful.discard(email)
            self.count += 1
            return
        if self.rng.random() < 0.5:
            answer = http.put(f"{path}/toggle-status", headers=headers)
        else:
            body = {"email": email, "name": f"Somebody {self.count}", "role": self.rng.choice(["user", "admin"])}
            answer = http.put(path, json=body, headers=headers)
        answer.raise_for_status()
        self._confirm(email, answer.json())

    def _confirm(self, email: str, account: dict[str, Any]) -> None:
        self.confirmed[email] = account
        self.doubtful.discard(email)
        self.count += 1


def _died_under_the_web_server(answer: httpx.Response) -> bool:
    """The web server's own response when a service dies during a request: a 500 that is not a problem document."""
    return answer.status_code == 500 and "json" not in answer.headers.get("content-type", "")


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    return tmp_path / "trap"


@pytest.fixture
def system(tmp_path_factory: pytest.TempPathFactory, trap: Path) -> Iterator[System]:
    path = os.pathsep.join([str(ROOT / "tests/resilience/site"), os.environ.get("PYTHONPATH", "")])
    env = {
        "PULSE_FIRST_COLLECTOR": "off",
        "PYTHONPATH": path,
        "PULSE_TRAP": str(trap),
        "PULSE_TRAP_POINTS": ";".join(POINTS.values()),
    }
    with running_system(tmp_path_factory.mktemp("accounts") / "state", env) as running:
        yield running


async def tables(system: System) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]], int]:
    """The accounts of users and of auth by id, and the number of pending events."""
    connection = await asyncpg.connect(system.database_url())
    try:
        theirs = await connection.fetch("SELECT * FROM users.account")
        ours = await connection.fetch("SELECT * FROM auth.account")
        waiting = await connection.fetchval(
            "SELECT (SELECT count(*) FROM users.outbox) + (SELECT count(*) FROM auth.outbox)"
        )
    finally:
        await connection.close()
    return {str(r["id"]): dict(r) for r in theirs}, {str(r["id"]): dict(r) for r in ours}, int(waiting)


def differences(system: System) -> list[str]:
    """Returns the differences of auth's copy, and pending events. Empty when both hold the same."""
    try:
        theirs, ours, waiting = run_in_thread(tables(system))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [f"the database does not answer: {error}"]
    found = [f"{waiting} events wait"] if waiting else []
    for id_ in theirs.keys() | ours.keys():
        their, our = theirs.get(id_, {}), ours.get(id_, {})
        for name in ("version", "role", "digest", "name"):
            if their.get(name) != our.get(name):
                found.append(f"{name} of {id_} differs")  # noqa: PERF401  # easier to read
        if bool(their.get("active")) != bool(our.get("active")):
            found.append(f"active of {id_}")
    return found


def is_ready(system: System) -> bool:
    return bool(system.status()["ready"])


def test_both_sides_agree_within_ten_seconds_after_any_process_died_during_a_change(system: System, trap: Path) -> None:
    changes = Changes(system, random.Random(SEED))
    worker = threading.Thread(target=changes.run)
    worker.start()
    slowest = 0.0
    try:
        for name, point in POINTS.items():
            before = changes.count
            trap.write_text(point)
            wait_until(lambda: not trap.exists(), seconds=30, what=f"a process reaches: {name}")
            slowest = max(slowest, healed(system, changes, before, name))
        for server in SERVERS:
            before = changes.count
            os.kill(system.child(server)["pid"], signal.SIGKILL)
            slowest = max(slowest, healed(system, changes, before, f"{server} killed"))
    finally:
        changes.stop.set()
        worker.join(30)
        assert changes.wrong == []
    print(f"{changes.count} confirmed changes, {len(POINTS) + len(SERVERS)} faults, slowest agreement {slowest:.1f} s")
    final(system, changes)


def healed(system: System, changes: Changes, before: int, name: str) -> float:
    """Waits until everything runs and changes succeed again, then pauses them. Returns the seconds until both sides
    agreed."""
    wait_until(lambda: is_ready(system), seconds=60, what=f"everything is ready again after: {name}")
    began = time.monotonic()
    wait_until(lambda: changes.count >= before + 3, seconds=30, what=f"changes succeed again after: {name}")
    agreed = 0.0

    def agree() -> bool:
        nonlocal agreed
        agreed = time.monotonic() - began
        return stale(system, changes) == []

    wait_until(agree, seconds=HEALED_WITHIN, what=f"auth holds what users holds after: {name}")
    return agreed


def stale(system: System, changes: Changes) -> list[str]:
    """Returns changes that were confirmed before the check and that auth does not have. Changes continue meanwhile."""
    confirmed = {account["id"]: int(account["version"]) for account in list(changes.confirmed.values())}
    try:
        _, ours, _ = run_in_thread(tables(system))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [str(error)]
    return [id_ for id_, version in confirmed.items() if ours.get(id_, {}).get("version", -1) < version]


def final(system: System, changes: Changes) -> None:
    """After the changes have stopped, both sides are equal, and every confirmed change is there."""
    wait_until(lambda: differences(system) == [], seconds=HEALED_WITHIN, what="both hold the same and nothing waits")
    theirs, _, _ = run_in_thread(tables(system))
    by_email = {row["email"]: row for row in theirs.values() if row["email"]}
    for email, account in changes.confirmed.items():
        if email not in changes.doubtful:
            row = by_email[email]
            assert (row["version"], row["active"], row["role"]) == (
                account["version"],
                account["active"],
                account["role"],
            )
    assert not changes.gone & by_email.keys()
    versions = [row["version"] for row in theirs.values()]
    assert len(set(versions)) == len(versions)
    assert changes.count > 40
