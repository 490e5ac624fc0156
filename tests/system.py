"""A whole `make run` for tests and benchmarks, with its own state directory and port, and collectors beside it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx

from pulse_standalone.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
READY = "PrecisionPulse is ready: "
_START_SECONDS = 120
T = TypeVar("T")


def wait_until(claim: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Polls for a state. Raises AssertionError at the timeout."""
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def run_in_thread(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine in a thread. Playwright's synchronous API occupies the loop of this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


@dataclass
class System:
    """A running system. `admin` is the e-mail and the password of the first administrator."""

    state: Path
    port: int
    process: "subprocess.Popen[str]"
    start_seconds: float
    lines: list[str] = field(default_factory=list)
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def admin(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.state / "admin.json").read_text())
        return found

    def status(self) -> dict[str, Any]:
        """The output of `make status`."""
        command = [sys.executable, "-m", "pulse_standalone", "status"]
        env = {**os.environ, "PULSE_STATE_DIR": str(self.state)}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def child(self, name: str) -> dict[str, Any]:
        """One process of the status."""
        return next(entry for entry in self.status()["processes"] if entry["name"] == name)

    def kill(self, name: str) -> None:
        """SIGKILL to one process. Returns when the supervisor has a new one ready."""
        before = self.child(name)
        os.kill(before["pid"], signal.SIGKILL)
        wait_until(
            lambda: (now := self.child(name))["ready"] and now["pid"] not in {None, before["pid"]},
            seconds=40,
            what=f"{name} is back",
        )

    def database_url(self) -> str:
        """The superuser's URL of the system's database."""
        password = (self.state / "postgres/password").read_text()
        return f"postgresql://pulse:{password}@127.0.0.1:{self.child('postgres')['port']}/pulse?sslmode=disable"

    def broker_port(self) -> int:
        return int(self.child("mosquitto")["port"])

    @property
    def broker_ca(self) -> Path:
        """The certificate authority of the broker's certificate."""
        return self.state / "tls/authority.pem"

    def token(self) -> str:
        """An access token of the administrator."""
        answer = httpx.post(f"{self.url}/api/auth/login", json=self.admin, headers={"origin": self.url}, timeout=20)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def get(self, path: str, token: str) -> Any:
        """A response of the HTTP API."""
        answer = httpx.get(f"{self.url}{path}", headers={"authorization": f"Bearer {token}"}, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def forget_preferences(self) -> None:
        """Deletes the preferences of all accounts: a choice of one test must not change the pages of the next."""

        async def delete() -> None:
            connection = await asyncpg.connect(self.database_url())
            try:
                await connection.execute("DELETE FROM users.preferences")
            finally:
                await connection.close()

        run_in_thread(delete())

    def until_accounts_agree(self) -> None:
        """Returns when auth has the same accounts as users, so that changes apply to sign-ins."""
        query = (
            "SELECT count(*) FROM users.account u LEFT JOIN auth.account a USING (id) "
            "WHERE a.version IS DISTINCT FROM u.version"
        )

        async def differing() -> int:
            connection = await asyncpg.connect(self.database_url())
            try:
                return int(await connection.fetchval(query))
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as pool:  # a browser test has its own loop
            wait_until(
                lambda: pool.submit(asyncio.run, differing()).result() == 0, seconds=20, what="auth knows the accounts"
            )

    def stop(self) -> float:
        """Stops the system like Ctrl-C does. Returns the seconds it took."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
        return time.monotonic() - began


@contextlib.contextmanager
def running_system(state: Path, env: Mapping[str, str] | None = None) -> Iterator[System]:
    """Starts the built system like `make run`, and stops it at the end."""
    open_path(state)
    port = free_port()
    full = {**os.environ, "PULSE_STATE_DIR": str(state), "PULSE_PORT": str(port), "PULSE_SERVICE_PORT_BASE": "0"}
    full |= env or {}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "pulse_standalone", "run"],
        cwd=ROOT,
        env=full,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith(READY):
            break
        if time.monotonic() - began > _START_SECONDS:
            break
    else:
        raise AssertionError("the system did not start:\n" + "\n".join(lines))
    system = System(state, port, process, time.monotonic() - began, lines)
    try:
        yield system
    finally:
        system.stop()
        process.stdout.close()


def open_path(path: Path) -> None:
    """pytest makes its folders private, but the servers run as another account."""
    path.mkdir(parents=True, exist_ok=True)
    for folder in (path, *path.parents):
        if folder.stat().st_uid != os.getuid() or folder == folder.parent or folder.name == "tmp":
            break
        folder.chmod(folder.stat().st_mode | 0o111)


@dataclass
class Collector:
    """A separate collector beside the system."""

    device: str
    state: Path
    mqtt_url: str
    password_file: Path
    journal: Path
    rate: int = 2_000
    series: int = 20
    ca_file: Path | None = None
    process: "subprocess.Popen[bytes] | None" = None

    def start(self, *, rate: int | None = None) -> None:
        command = [sys.executable, "-m", "pulse_desktop", "run", "--no-host-metrics"]
        command += ["--state-dir", str(self.state), "--journal", str(self.journal)]
        command += ["--simulator-rate", str(self.rate if rate is None else rate)]
        command += ["--simulator-series", str(self.series), "--simulator-seed", "7"]
        env = {
            **os.environ,
            "PULSE_DEVICE": self.device,
            "PULSE_COLLECTOR_NAME": self.device,
            "PULSE_MQTT_URL": self.mqtt_url,
            "PULSE_MQTT_PASSWORD_FILE": str(self.password_file),
        }
        if self.ca_file:
            env["PULSE_MQTT_CA_FILE"] = str(self.ca_file)
        self.state.mkdir(parents=True, exist_ok=True)
        with (self.state / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log)

    def status(self) -> dict[str, Any]:
        """The output of `pulse-collector status --json`. Empty while there is none."""
        command = [sys.executable, "-m", "pulse_desktop", "status", "--json", "--state-dir", str(self.state)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)
