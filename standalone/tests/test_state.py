"""The state directory and the commands around it: clear words, and nothing half-done."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pulse_standalone.files import SetupError
from pulse_standalone.state import AlreadyRunningError, State
from pulse_standalone.system import Options, check_port


def pulse(*arguments: str, state: Path, typed: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    """One command, as make calls it."""
    full = {**os.environ, "PULSE_STATE_DIR": str(state), **env}
    command = [sys.executable, "-m", "pulse_standalone", *arguments]
    return subprocess.run(command, env=full, input=typed, capture_output=True, text=True, check=False, timeout=30)


def test_secrets_are_made_once_and_are_for_the_owner_alone(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.prepare_secrets()
    first = {p: p.read_text() for p in (state.folder / "secrets").rglob("*") if p.is_file()}
    State(tmp_path / "state").prepare_secrets()
    assert {p: p.read_text() for p in first} == first
    assert all(p.stat().st_mode & 0o077 == 0 for p in first)
    assert state.secret("users", "pulse_accounts_key") == state.secret("auth", "pulse_accounts_key")
    assert len(set(first.values())) == len(first) - 1


def test_a_second_supervisor_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.owned():
        assert State(tmp_path).owner() == os.getpid()
        with pytest.raises(AlreadyRunningError, match=rf"pid {os.getpid()}"), State(tmp_path).owned():
            pass
    assert State(tmp_path).owner() is None


def test_a_state_directory_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="PULSE_STATE_DIR"):
        State(tmp_path / "file" / "state").create()


def test_a_taken_port_says_by_whom_and_how_to_choose_another() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"port {port} is taken by .*PULSE_PORT"):
            check_port(port)


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PULSE_PORT", port)
    if port == "":
        monkeypatch.setenv("PULSE_PORT", " ")
    with pytest.raises(SetupError, match="is no port"):
        Options.from_environment()


def test_reset_asks_and_deletes_nothing_without_a_yes(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.prepare_secrets()
    for typed in ("", "no\n", "y\n"):
        done = pulse("reset", state=state.folder, typed=typed)
        assert done.returncode == 1
        assert "nothing deleted" in done.stdout
    assert (state.folder / "secrets").exists()
    assert pulse("reset", state=state.folder, typed="yes\n").returncode == 0
    assert not state.folder.exists()


def test_reset_leaves_a_folder_alone_that_is_no_state_directory(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    done = pulse("reset", "--yes", state=tmp_path)
    assert done.returncode == 1
    assert "does not look like a state directory" in done.stderr
    assert (tmp_path / "mine.txt").exists()


def test_status_of_nothing_is_json_that_says_so(tmp_path: Path) -> None:
    done = pulse("status", state=tmp_path / "state")
    assert done.returncode == 1
    assert json.loads(done.stdout)["running"] is False


def test_stopping_nothing_is_no_error(tmp_path: Path) -> None:
    done = pulse("stop", state=tmp_path / "state")
    assert (done.returncode, done.stdout) == (0, "nothing runs here\n")


def test_help_names_every_command(tmp_path: Path) -> None:
    done = pulse("--help", state=tmp_path)
    assert all(word in done.stdout for word in ("run", "stop", "status", "logs", "reset", "PULSE_PORT"))
