"""`pulse SERVICE COMMAND`: the settings of the service, exit code and standard input, and clear errors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pulse_standalone.state import State

USERS = """
import json, os, sys
sys.stdout.write(json.dumps([sys.argv[1:], sys.stdin.readline(), dict(os.environ), os.getcwd()]))
sys.exit(7)
"""
"""A fake of a service's program that shows what it got."""
SETTINGS = {"PULSE_DATABASE_URL": "postgresql://pulse_users@127.0.0.1:5/pulse", "PULSE_SECRETS_DIR": "/secrets/users"}


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "state")
    made.create()
    return made


def pulse(state: State, *words: str, typed: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    modules = state.folder.parent / "modules/pulse_users"
    modules.mkdir(parents=True, exist_ok=True)
    (modules / "__init__.py").write_text("")
    (modules / "__main__.py").write_text(USERS)
    full = {**os.environ, "PULSE_STATE_DIR": str(state.folder), "PYTHONPATH": str(modules.parent), **env}
    command = [sys.executable, "-m", "pulse_standalone", *words]
    folder = state.folder.parent
    return subprocess.run(command, cwd=folder, env=full, input=typed, capture_output=True, text=True, check=False)


def write_settings(state: State, *, embedded: bool) -> None:
    found = {"embedded_database": embedded, "services": {"users": SETTINGS}}
    state.service_settings_file.write_text(json.dumps(found))


def test_a_command_gets_the_settings_of_the_service_and_its_exit_code_is_passed_on(state: State) -> None:
    write_settings(state, embedded=False)
    done = pulse(
        state, "users", "set-password", "--email", "a@b.c", typed="hush\n", DATABASE_URL="postgresql://x:y@z/a"
    )
    words, typed, env, folder = json.loads(done.stdout)
    assert done.returncode == 7
    assert (words, typed) == (["set-password", "--email", "a@b.c"], "hush\n")
    assert env.items() >= SETTINGS.items()
    assert "DATABASE_URL" not in env
    assert folder == str(state.folder.parent)


def test_a_command_needs_the_embedded_database_to_run(state: State) -> None:
    write_settings(state, embedded=True)
    done = pulse(state, "users", "verify-audit")
    expected = "pulse: the database is not running: start the system with `make run`\n"
    assert (done.returncode, done.stderr) == (1, expected)
    with state.owned():
        state.status_file.write_text(json.dumps({"processes": [{"name": "postgres", "port": 5, "ready": False}]}))
        starting = pulse(state, "users", "verify-audit")
        state.status_file.write_text(json.dumps({"processes": [{"name": "postgres", "port": 5, "ready": True}]}))
        running = pulse(state, "users", "verify-audit")
    assert starting.stderr == "pulse: the database is not ready: see `make status`\n"
    assert running.returncode == 7


def test_a_state_directory_without_a_run_is_reported_with_the_remedy(state: State) -> None:
    done = pulse(state, "users", "verify-audit")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "start it with `make run`" in done.stderr
    state.service_settings_file.write_text("{")
    assert "is damaged: `make stop` and `make run` write it again" in pulse(state, "users", "verify-audit").stderr
    assert pulse(state, "users", "verify-audit", "--help").returncode == 7
    assert pulse(state, "psql").stderr == "pulse: the database is not running: start the system with `make run`\n"


def test_serve_is_left_to_the_supervisor(state: State) -> None:
    assert "`make run` starts users" in pulse(state, "users", "serve").stderr


def test_the_help_names_every_service_with_its_commands(state: State) -> None:
    shown = pulse(state, "--help").stdout
    for word in ("telemetry-gateway", "verify", "set-password", "adopt-collector", "list-rules", "psql"):
        assert word in shown
