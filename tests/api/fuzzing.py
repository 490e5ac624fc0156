"""One run of schemathesis against one service of a running system."""

import os
import subprocess
import sys
from pathlib import Path

from tests.system import ROOT, System

SERVICES = ("auth", "users", "telemetry-gateway", "sync-publisher")
_NOT_CHECKED = "positive_data_acceptance"
"""Schemas cannot express rules between fields, such as from < to. A service may reject a request that matches its
schema, and documents that."""
_NOT_CHECKED_AT = {"telemetry-gateway": "use_after_free"}
"""A deleted device exists again as soon as its collector sends, and the collector of the system sends all the time."""
UNTOUCHED: dict[str, dict[str, str]] = {
    "auth": {
        "rotate_signing_keys": "an emergency ends every token, the run's own among them",
        "set_policy": "administrators without a second factor could do nothing any more",
    },
    "users": {},
    "telemetry-gateway": {},
    "sync-publisher": {},
}
"""Operations (by id) that would end the run itself, with the reason."""


def fuzz(system: System, service: str, *, examples: int, seed: int | None = None, log: Path | None = None) -> int:
    """Runs all phases and checks with this many examples per operation. Returns the exit code, 0 without findings."""
    schemathesis = Path(sys.executable).with_name("schemathesis")
    url = f"http://127.0.0.1:{system.child(service)['port']}/openapi.json"
    command = [str(schemathesis), "run", url, "--checks", "all", "--no-color"]
    excluded = [_NOT_CHECKED, *([_NOT_CHECKED_AT[service]] if service in _NOT_CHECKED_AT else [])]
    command += ["--exclude-checks", ",".join(excluded)]
    command += ["--max-examples", str(examples), "--continue-on-failure", "--warnings", "off"]
    command += ["--suppress-health-check", "all", "--request-timeout", "30"]
    for operation in UNTOUCHED[service]:
        command += ["--exclude-operation-id", operation]
    if seed is not None:
        command += ["--seed", str(seed)]
    env = {
        **os.environ,
        "PULSE_FUZZ_URL": system.url,
        "PULSE_FUZZ_EMAIL": system.admin["email"],
        "PULSE_FUZZ_PASSWORD": system.admin["password"],
        "SCHEMATHESIS_HOOKS": "tests.api.hooks",
    }
    if log is None:
        return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    with log.open("wb") as file:
        return subprocess.run(command, cwd=ROOT, env=env, stdout=file, stderr=file, check=False).returncode
