"""A whole system with many enrolled collectors, each behind a proxy, and an administrator, for the campaign of the
mirror. See `tests.resilience.mirror_campaign`."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import asyncpg
import httpx

from pulse_desktop.cli.enrol import EnrolRequest, enrol
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_standalone.runner import die_with_parent
from tests.resilience.members import NoRecoveryError
from tests.resilience.proxy import Proxy
from tests.system import ROOT, System, run_in_thread, running_system

REFUSED: Final = 4
"""The exit code of a refused sign-in."""
_SITE: Final = ROOT / "tests/resilience/site"


@dataclass(frozen=True)
class MirrorSize:
    """Numbers of collectors and accounts."""

    collectors: int = 20
    accounts: int = 1_000


def wait_for(claim: Callable[[], bool], seconds: float, what: str, every: float = 0.1) -> float:
    """Waits for a state and returns the seconds that it took. Raises NoRecoveryError."""
    began = time.monotonic()
    while not claim():
        if time.monotonic() - began > seconds:
            raise NoRecoveryError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)  # outside observers can only poll
    return time.monotonic() - began


@dataclass
class Device:
    """An enrolled collector. Its connection to the broker goes through `proxy`."""

    name: str
    folder: Path
    proxy: Proxy
    env: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    own_ends: list[str] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """Its state directory."""
        return self.folder / "state"

    @property
    def trap(self) -> Path:
        """The file that names the point where the process dies (`site/sitecustomize.py`)."""
        return self.folder / "trap"

    def do(self, *words: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        """Runs a command of `pulse-collector`."""
        command = [sys.executable, "-m", "pulse_desktop", *words, "--state-dir", str(self.state)]
        plain = {name: value for name, value in self.env.items() if not name.startswith("PULSE_TRAP")}
        return subprocess.run(command, env=plain, input=text, capture_output=True, text=True, check=False)

    def enrol(self, server: str, code: str) -> None:
        """Enrols it as `pulse-collector enrol` does, in this process, and directs its connection to the broker through
        the proxy."""
        self.folder.mkdir(parents=True)
        enrol(Enrolled(self.state, keyring=None, credentials=None), EnrolRequest(server, code))
        file = self.state / "identity.json"
        identity = json.loads(file.read_text())
        identity["broker_url"] = f"mqtts://127.0.0.1:{self.proxy.port}"
        file.write_text(json.dumps(identity))

    def start(self) -> None:
        """Starts `pulse-collector run`."""
        command = [sys.executable, "-m", "pulse_desktop", "run", "--no-host-metrics", "--state-dir", str(self.state)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.env,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509  # it calls prctl only
            )

    @property
    def is_running(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends the process, and notes an end that nobody caused."""
        process = self.process
        if process is None:
            return
        if process.poll() not in {None, -signal.SIGKILL}:
            self.own_ends.append(f"{self.name} ended by itself with {process.returncode} (see {self.folder}/log)")
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        process.wait(20)

    def last_lines(self, number: int = 6) -> list[str]:
        """The end of its log."""
        return (self.folder / "log").read_text().splitlines()[-number:]

    def signs_in(self, email: str, password: str) -> int:
        """The exit code of `pulse-collector sign-in`."""
        return self.do("sign-in", "--email", email, "--password-stdin", text=f"{password}\n").returncode


class Administrator:
    """The HTTP API with the token of the first administrator, who signs in again when that is necessary."""

    def __init__(self, system: System) -> None:
        self._system, self._token = system, ""
        self.email, self.password = system.admin["email"], system.admin["password"]

    def call(self, method: str, path: str, body: object = None, *, tag: str = "") -> httpx.Response:
        """One request. `tag`: the ETag of what it changes. Raises httpx.HTTPError, also for an error status; the next
        call signs in again then."""
        try:
            self._token = self._token or self._system.token()
            answer = httpx.request(
                method,
                f"{self._system.url}{path}",
                json=body,
                headers={"authorization": f"Bearer {self._token}", **({"if-match": tag} if tag else {})},
                timeout=20,
            )
            answer.raise_for_status()
        except httpx.HTTPError:
            self._token = ""
            raise
        except (KeyError, ValueError) as error:  # the web server answered for a service that died
            raise httpx.ProtocolError(f"{path}: not the answer of a service") from error
        return answer

    def insist(self, method: str, path: str, body: object = None, *, tag: str = "", seconds: float = 60) -> Any:
        """Repeats a request until it succeeds, and returns its JSON. Raises NoRecoveryError."""
        end, last = time.monotonic() + seconds, ""
        while time.monotonic() < end:
            try:
                answer = self.call(method, path, body, tag=tag)
                return answer.json() if answer.content else None
            except httpx.HTTPStatusError as error:
                last = f"{error.response.status_code} {error.response.text[:200]}"
                time.sleep(float(error.response.headers.get("retry-after", 0.3)))
            except httpx.HTTPError as error:
                last = repr(error)
                time.sleep(0.3)
        raise NoRecoveryError(f"{method} {path}: {last}")


@dataclass
class MirrorWorld:
    """The running system and the collectors. `server`: the only way from the collectors to auth's HTTP API; it is cut
    after the enrolment, so that every sign-in at a collector is an offline one."""

    folder: Path
    system: System
    size: MirrorSize
    server: Proxy
    database_url: str
    auth_port: int
    trap: Path
    devices: list[Device] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.admin = Administrator(self.system)

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path, size: MirrorSize, points: tuple[str, ...]) -> Iterator[Self]:
        """Starts everything: accounts and collectors exist, and the rules give every user to every collector."""
        trap, traps = folder / "trap", ";".join(points)
        path = os.pathsep.join([str(_SITE), os.environ.get("PYTHONPATH", "")])
        env = {
            "PULSE_FIRST_COLLECTOR": "off",
            "PYTHONPATH": path,
            "PULSE_TRAP": str(trap),
            "PULSE_TRAP_POINTS": traps,
        }
        with running_system(folder / "system", env) as system, contextlib.ExitStack() as stack:
            auth_port = int(system.child("auth")["port"])
            server = stack.enter_context(Proxy(auth_port))
            world = cls(folder, system, size, server, system.database_url(), auth_port, trap)
            world._make_accounts()
            own = {name: text for name, text in os.environ.items() if not name.startswith("PULSE_")}
            broker = system.broker_port()
            for number in range(size.collectors):
                proxy, place = stack.enter_context(Proxy(broker)), folder / f"press-{number}"
                traps_of = {"PYTHONPATH": path, "PULSE_TRAP": str(place / "trap"), "PULSE_TRAP_POINTS": traps}
                world.devices.append(Device(place.name, place, proxy, own | {"PULSE_SECRETS": "file"} | traps_of))
            world._allow_users()
            world._enrol()
            server.cut()
            try:
                for device in world.devices:
                    device.start()
                yield world
            finally:
                for device in world.devices:
                    device.end()

    def _make_accounts(self) -> None:
        """Inserts users with the digest and the verifier of the first administrator. A change through the API follows,
        so that the other services request a replay at once."""
        statement = """
            WITH taken AS (UPDATE users.account_counter SET version = version + $1 RETURNING version - $1 AS base)
            INSERT INTO users.account (id, email, email_key, name, name_key, role, digest, created_at, updated_at,
                version, verifier)
            SELECT gen_random_uuid(), 'person-' || n || '@example.org', 'person-' || n || '@example.org',
                'Person ' || n, 'person ' || n, 'user', a.digest, now(), now(), base + n, a.verifier
            FROM taken, generate_series(1, $1) n, (SELECT digest, verifier FROM users.account WHERE role = 'admin') a
        """
        self.execute(statement, self.size.accounts)
        body = {"email": "first@example.org", "name": "First", "role": "user"}
        self.admin.insist("POST", "/api/users", body)

    def _allow_users(self) -> None:
        rules = {"rules": [{"subject": "role:user", "place": "everywhere", "effect": "allow"}]}
        tag = self.admin.call("GET", "/api/sync/entitlement").headers["etag"]
        self.admin.call("PUT", "/api/sync/entitlement", rules, tag=tag)

    def _enrol(self) -> None:
        for one in self.devices:
            code = self.admin.insist("POST", "/api/collectors", {"id": one.name, "name": one.name})["code"]
            one.enrol(f"http://127.0.0.1:{self.server.port}", code)

    def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """The rows of a query, as the superuser. Raises OSError, asyncpg.PostgresError, asyncpg.InterfaceError."""

        async def run() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.database_url, timeout=10)
            try:
                return list(await connection.fetch(query, *values))
            finally:
                await connection.close()

        return run_in_thread(run())

    def execute(self, statement: str, *values: object) -> None:
        """Executes a statement as the superuser. Raises like `fetch`."""
        self.fetch(statement, *values)

    def processes(self) -> dict[str, dict[str, Any]]:
        """The supervisor's processes by name. Empty while there is no status."""
        try:
            found = json.loads((self.system.state / "status.json").read_text())
        except (OSError, ValueError):
            return {}
        return {one["name"]: one for one in found["processes"]}

    def is_ready(self) -> bool:
        """Whether every process of the system and every collector runs."""
        found = self.processes()
        return bool(found) and all(one["ready"] for one in found.values()) and all(d.is_running for d in self.devices)

    def kill(self, name: str) -> int:
        """SIGKILL to a process of the system, which the supervisor starts again. Returns its pid."""
        pid = int(self.processes()[name]["pid"])
        os.kill(pid, signal.SIGKILL)
        return pid

    def await_restart(self, name: str, pid: int, seconds: float = 60) -> None:
        """Returns when the supervisor has a ready successor of a killed process. Raises NoRecoveryError."""

        def is_back() -> bool:
            found = self.processes().get(name, {})
            return bool(found.get("ready")) and found.get("pid") not in {None, pid}

        wait_for(is_back, seconds, f"{name} is ready again")

    def complaints(self) -> list[str]:
        """Collectors that ended although nothing killed them."""
        return [text for device in self.devices for text in device.own_ends]
