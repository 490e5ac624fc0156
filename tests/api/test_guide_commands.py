"""Every command of a `console` block in the README and the guides works as written on a `make run` system.

The commands run in a folder that looks like the repository: `.venv` and `.pulse` are there, and `make` works on the
repository. Names that only the reader knows (an address, a code, an e-mail) are replaced.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from pulse_standalone.ports import service_ports
from tests.api.shell import commands, provide_curl, search_path, write_program
from tests.system import ROOT, System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
GUIDES = ROOT / "docs/guides"
IN_ORDER = ("collectors", "commands", "offline-accounts", "operations", "sql", "plain-devices", "api", "dashboard")
SKIPPED = {
    "make run": "the fixture of this test is this command",
    "make test": "it runs this test",
    "make stop": "it would stop the system of the other tests: standalone/tests/test_supervisor.py stops one",
    "cp -a .pulse": "it needs a stopped system and a folder for backups",
    "mosquitto_pub": "not every machine has this program: the Python example beside it is executed",
    "auth renew-keys": "it would end the sessions of the other tests: services/auth/tests/test_commands.py runs it",
}
"""Commands that are not executed, with the reason."""
FAILING = {
    "auth reset-second-factor": (1, "has no second factor"),
    "api/sync/users/accept": (22, "409"),  # users was not restored
}
"""Commands that are right to fail here, with the exit code and the reason that they must give."""
EVENTUAL = ("If-Match", "press-4/commands", "sync-publisher allow", "pulse-collector sign-in", "pulse-collector doctor")
"""Commands that need a state which arrives a moment later, by events."""
FOLLOWING = ("make logs",)
"""Commands that run until Ctrl-C and print something before."""
LAST = ('"$PULSE/api/collectors/press-4"',)
"""Commands that other guides must not find done: they delete what those use."""


@dataclass
class Reader:
    """A person who types the commands of the guides."""

    system: System
    folder: Path
    env: dict[str, str]
    names: dict[str, str]
    last_read: str = ""
    running: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def type(self, command: str) -> None:
        """Executes a command. Raises AssertionError when it does not do what the guide says."""
        if command.endswith("pulse-collector run"):
            self.running.append(self._start(command))
            status = ".venv/bin/pulse-collector status"
            wait_until(lambda: "connected" in self._run(status).stdout, seconds=60, what="the collector is connected")
        elif command.startswith(FOLLOWING):
            self._follow(command)
        elif assigned := re.match(r"([A-Z]+)=", command):
            self.env[assigned[1]] = self._run(f'{command}\nprintf %s "${assigned[1]}"').stdout
        else:
            self._complete(command)

    def _complete(self, command: str) -> None:
        failure = next((found for part, found in FAILING.items() if part in command), None)
        done = self._run(command)
        self._learn(command, done.stdout)
        first = f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"

        def is_done() -> bool:
            if failure is None:
                return done.returncode == 0
            return done.returncode == failure[0] and failure[1] in done.stderr

        def is_done_now() -> bool:
            nonlocal done
            if not is_done() and "If-Match" in command:  # somebody else changed the resource: read it again
                self._learn(self.last_read, self._run(self.last_read).stdout)
            done = done if is_done() else self._run(command)
            return is_done()

        if any(part in command for part in EVENTUAL):
            with contextlib.suppress(AssertionError):
                wait_until(is_done_now, seconds=30, what=command)
        assert is_done(), f"{command}\n{first}"

    def _learn(self, command: str, output: str) -> None:
        """Remembers what a reader would copy from the output into the next commands."""
        if etag := re.search(r'^etag: (".+?")', output, re.MULTILINE | re.IGNORECASE):
            self.last_read = command
            self.names['If-Match: "9"'] = self.names['If-Match: "2"'] = f"If-Match: {etag[1]}"
        if code := re.search(r'"code": ?"([^"]+)"', output):
            self.names["CODE"] = code[1]

    def _run(self, command: str) -> "subprocess.CompletedProcess[str]":
        typed = self.system.admin["password"] + "\n"
        command = self._written_out(command)
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.env,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )

    def _written_out(self, command: str) -> str:
        for name, value in self.names.items():
            command = command.replace(name, value)
        return command

    def _start(self, command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["sh", "-c", self._written_out(command)],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def _follow(self, command: str) -> None:
        process = self._start(command)
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), f"{command} printed nothing"
        finally:
            end(process)


def end(process: "subprocess.Popen[str]") -> None:
    """Stops a command and its children."""
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(20)
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture
def reader(system: System, tmp_path: Path) -> Iterator[Reader]:
    folder, programs = tmp_path / "repository", tmp_path / "programs"
    for each in (folder, programs):
        each.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / ".pulse").symlink_to(system.state)
    (folder / "secret").write_text("a-secret-of-a-device-that-was-configured-by-hand\n")
    write_program(programs / "make", f'#!/bin/sh\nexec "$MAKE" --no-print-directory -C "{ROOT}" "$@"\n')
    provide_curl(programs)
    found = subprocess.run(["sh", "-c", "command -v make"], capture_output=True, text=True, check=True)
    env = {
        **os.environ,
        "PATH": search_path(programs),
        "MAKE": found.stdout.strip(),
        "PULSE_STATE_DIR": str(system.state),
        "PULSE_COLLECTOR_STATE_DIR": str(tmp_path / "collector"),
        "PULSE_MQTT_CA_FILE": str(system.broker_ca),
        "PULSE_SECRETS": "file",
        "PULSE": system.url,
        "TOKEN": system.token(),
    }
    actual = {each["name"]: each["port"] for each in system.status()["processes"]}
    ports = {f":{port}": f":{actual[name]}" for name, port in service_ports(18_080, 1).items()}
    names = ports | {
        ":8080": f":{system.port}",
        "https://pulse.example.org": system.url,
        "admin@example.com": "guide@example.org",
        "sign-in --email eve@example.org": f"sign-in --password-stdin --email {system.admin['email']}",
        "eve@example.org": system.admin["email"],
    }
    made = Reader(system, folder, env, names)
    yield made
    for process in made.running:
        end(process)


@pytest.fixture
def _rules_stay(system: System) -> Iterator[None]:
    """Restores the rules of sync-publisher, which the guide replaces."""
    url = f"{system.url}/api/sync/entitlement"

    def ask(method: str, **headers: str) -> httpx.Response:
        given = {"authorization": f"Bearer {system.token()}", **headers}
        return httpx.request(method, url, headers=given, json=body if method == "PUT" else None, timeout=20)

    body: object = None
    before = ask("GET").json()["rules"]
    yield
    body = {"rules": [{key: rule[key] for key in ("subject", "place", "effect")} for rule in before]}
    ask("PUT", **{"if-match": ask("GET").headers["etag"]}).raise_for_status()


@pytest.mark.usefixtures("_rules_stay")
def test_every_command_of_the_guides_works_as_written(system: System, reader: Reader) -> None:
    token = system.token()
    wait_until(
        lambda: any(one["id"] == 1 and one["latest"] for one in system.get("/api/telemetry/series", token)["items"]),
        seconds=30,
        what="series 1, which a guide exports, has a reading",
    )
    reader.type(".venv/bin/pulse users create-admin --email guide@example.org")
    system.until_accounts_agree()
    assert {path.stem for path in GUIDES.glob("*.md")} == set(IN_ORDER)
    found = [*commands(ROOT / "README.md"), *(line for name in IN_ORDER for line in commands(GUIDES / f"{name}.md"))]
    skipped = {part: [line for line in found if part in line] for part in SKIPPED}
    assert all(skipped.values()), "a reason for a command that no guide has"
    late = [line for line in found if any(part in line for part in LAST)]
    typed = [line for line in found if line not in late and not any(line in lines for lines in skipped.values())]
    for line in [*typed, *late]:
        reader.type(line)
    assert len(typed) + len(late) > 40
    assert (reader.folder / "readings.csv").read_text().count("\n") > 1
    assert json.loads(reader._run("make status").stdout)["ready"]
