"""Commands and offline sign-in in a whole system: an administrator's request, the real broker, the real collector."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.system import System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
PASSWORD = "an unlikely sentence 93"
EMAIL = "offline@example.org"


class Administrator:
    """The HTTP APIs with an administrator's token, and the collector of the system."""

    def __init__(self, system: System) -> None:
        self.system = system
        headers = {"authorization": f"Bearer {system.token()}"}
        self.http = httpx.Client(base_url=system.url, headers=headers, timeout=30)
        self.device = (system.state / "device").read_text().strip()
        self.folder = system.state / "collector"

    def command(self, action: str, **arguments: object) -> dict[str, Any]:
        """Sends a command and returns it with its final state."""
        path = f"/api/telemetry/devices/{self.device}/commands"
        sent = self.http.post(path, json={"action": action, **arguments})
        assert sent.status_code == 202, sent.text
        found: dict[str, Any] = {}

        def is_over() -> bool:
            found.update(self.http.get(f"{path}/{sent.json()['id']}").json())
            return found["state"] in {"done", "failed", "refused"}

        wait_until(is_over, seconds=30, what=f"the outcome of {action}")
        return found

    def status(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.folder / "status.json").read_text())
        return read

    def run(self, *words: str, stdin: str = "", dead_server: bool = False) -> "subprocess.CompletedProcess[str]":
        """A command of `pulse-collector` on the collector's machine. `dead_server`: the server cannot be reached."""
        env = dict(os.environ)
        if dead_server:  # through a proxy that does not exist
            env |= {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
        command = [sys.executable, "-m", "pulse_desktop", *words, "--state-dir", str(self.folder)]
        return subprocess.run(command, input=stdin, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def administrator(system: System) -> Iterator[Administrator]:
    made = Administrator(system)
    with made.http:
        wait_until(lambda: bool(made.status().get("delivering")), seconds=30, what="the collector delivers")
        yield made


def test_each_command_is_executed_by_the_collector(administrator: Administrator) -> None:
    assert "checks passed" in administrator.command("run_doctor")["output"]
    log = administrator.command("fetch_log", lines=50)["output"]
    assert "command_accepted" in log
    assert administrator.command("collect_now")["state"] == "done"
    assert administrator.command("resync_mirror")["state"] == "done"
    assert administrator.command("set_interval", seconds=0.5)["state"] == "done"
    assert administrator.command("pause_replay")["state"] == "done"
    wait_until(lambda: "paused" in administrator.status()["replay"], seconds=30, what="the replay is paused")
    assert administrator.command("resume_replay")["state"] == "done"
    wait_until(lambda: administrator.status()["replay"] == "no limit", seconds=30, what="the replay goes on")
    assert administrator.command("set_interval", seconds=1)["state"] == "done"


def test_a_restarted_collector_is_the_same_process_and_repeats_no_command(administrator: Administrator) -> None:
    before = administrator.status()
    assert administrator.command("restart")["state"] == "done"
    wait_until(
        lambda: administrator.status()["started"] > before["started"] and administrator.status()["delivering"],
        seconds=30,
        what="the collector delivers again",
    )
    after = administrator.status()
    assert after["pid"] == before["pid"], "the supervisor saw no end"
    assert administrator.command("collect_now")["state"] == "done"
    assert administrator.status()["started"] == after["started"], "the restart was executed once"


def test_an_allowed_account_signs_in_without_the_server_and_a_revoked_one_does_not(
    administrator: Administrator,
) -> None:
    http, device = administrator.http, administrator.device
    made = http.post("/api/users", json={"email": EMAIL, "name": "Off Line", "role": "user", "password": PASSWORD})
    assert made.status_code == 201, made.text
    account = made.json()["id"]

    def known() -> bool:
        return http.get(f"/api/sync/accounts/{account}").status_code == 200

    wait_until(known, seconds=20, what="sync-publisher knows the account")
    refused = administrator.run("sign-in", "--email", EMAIL, "--password-stdin", stdin=PASSWORD, dead_server=True)
    assert refused.returncode == 4, refused.stdout + refused.stderr

    now = http.get("/api/sync/entitlement")
    rules = [{name: rule[name] for name in ("subject", "place", "effect")} for rule in now.json()["rules"]]
    rules.append({"subject": f"account:{account}", "place": f"device:{device}", "effect": "allow"})
    changed = http.put("/api/sync/entitlement", json={"rules": rules}, headers={"If-Match": now.headers["etag"]})
    assert changed.status_code == 200, changed.text

    def is_mirrored() -> bool:
        seen = http.get(f"/api/sync/accounts/{account}").json()
        return bool(seen["can_sign_in_offline"] and seen["up_to_date"] == seen["total"] == 1)

    wait_until(is_mirrored, seconds=20, what="the account is mirrored")
    signed_in = administrator.run("sign-in", "--email", EMAIL, "--password-stdin", stdin=PASSWORD, dead_server=True)
    assert signed_in.returncode == 0, signed_in.stderr
    who = json.loads(administrator.run("whoami", "--json").stdout)
    assert (who["email"], who["how"], who["role"]) == (EMAIL, "offline", "user")
    wrong = administrator.run("sign-in", "--email", EMAIL, "--password-stdin", stdin="wrong", dead_server=True)
    assert wrong.returncode == 4

    tag = http.get(f"/api/users/{account}").headers["etag"]
    assert http.put(f"/api/users/{account}/toggle-status", headers={"If-Match": tag}).status_code == 200
    wait_until(
        lambda: administrator.run("whoami").returncode == 1,
        seconds=10,
        what="the local session of a disabled account ends",
    )
    again = administrator.run("sign-in", "--email", EMAIL, "--password-stdin", stdin=PASSWORD, dead_server=True)
    assert again.returncode == 4, again.stdout

    def is_uploaded() -> bool:
        entries = http.get("/api/sync/audit?limit=100").json()["items"]
        return any("signed_in_offline" in json.dumps(entry) for entry in entries)

    wait_until(is_uploaded, seconds=90, what="the local audit trail is uploaded")
