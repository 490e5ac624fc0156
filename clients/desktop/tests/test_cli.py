"""The command line in real processes, without a broker."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def cli(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pulse_desktop", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("PULSE_")} | env,
    )


@contextmanager
def running(folder: Path, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """A running collector whose broker's port is closed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"mqtt://127.0.0.1:{free.getsockname()[1]}"
        command = [sys.executable, "-m", "pulse_desktop", "run", "--state-dir", str(folder), "--device", "alpha"]
        command += ["--mqtt-url", url, "--log-format", "json", "--simulator-rate", "200", *more]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
            assert process.stderr is not None
            for line in process.stderr:
                if json.loads(line)["event"] == "collector_ready":
                    break
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                process.stderr.read()
                process.wait(10)


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["status", "--help"]])
def test_every_help_text_is_printed(command: list[str]) -> None:
    done = cli(*command)
    assert done.returncode == 0
    assert "pulse-collector" in done.stdout


def test_every_bad_setting_is_listed(tmp_path: Path) -> None:
    done = cli(
        "run", "--state-dir", str(tmp_path), "--simulator-rate", "fast", "--mqtt-url", "http://x", PULSE_DEVICE="No!"
    )
    assert done.returncode == 2
    for name in ("--device", "--simulator-rate", "--mqtt-url"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["24h", "1 day", "86400", "PT24H1", "P400D", "-PT1H"])
def test_a_bad_backup_interval_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    done = cli("run", "--state-dir", str(tmp_path), "--device", "a", PULSE_BACKUP_INTERVAL=text)
    assert done.returncode == 2
    assert "PULSE_BACKUP_INTERVAL / --backup-interval: " in done.stderr
    assert done.stderr.count("\n") == 2


def test_a_missing_password_file_is_reported_by_its_variable(tmp_path: Path) -> None:
    done = cli("run", "--state-dir", str(tmp_path), "--device", "a", PULSE_MQTT_PASSWORD_FILE="/nowhere")
    assert done.returncode == 2
    assert "PULSE_MQTT_PASSWORD_FILE" in done.stderr


def test_a_read_only_state_directory_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = cli("run", "--state-dir", str(tmp_path / "file" / "below"), "--device", "a")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr


def test_status_of_an_unused_directory_fails(tmp_path: Path) -> None:
    done = cli("status", "--state-dir", str(tmp_path))
    assert done.returncode == 1
    assert "no collector has run" in done.stderr


def test_a_second_collector_is_rejected_and_status_shows_the_first(tmp_path: Path) -> None:
    with running(tmp_path, "--no-host-metrics", "--journal", str(tmp_path / "journal")) as first:
        second = cli("run", "--state-dir", str(tmp_path), "--device", "alpha")
        assert second.returncode == 3
        assert f"already running (pid {first.pid})" in second.stderr
        while not (tmp_path / "status.json").exists() or json.loads(status(tmp_path))["produced"] == 0:
            assert first.poll() is None
        fields = json.loads(status(tmp_path))
        assert fields["running"] is True
        assert fields["pid"] == first.pid
        assert fields["delivering"] is False
    assert first.returncode == 0
    after = json.loads(status(tmp_path))
    assert after["running"] is False
    committed = [line.split(" ") for line in (tmp_path / "journal").read_text("ascii").splitlines() if line[0] == "c"]
    assert after["waiting"] == after["produced"] == int(committed[-1][2])
    table = cli("status", "--state-dir", str(tmp_path)).stdout
    assert f"{after['waiting']:,}" in table
    assert "not running" in table


def test_an_old_status_is_marked_as_stale(tmp_path: Path) -> None:
    with running(tmp_path, "--no-host-metrics") as first:
        while not (tmp_path / "status.json").exists():
            assert first.poll() is None
        first.send_signal(signal.SIGSTOP)
        old = json.loads((tmp_path / "status.json").read_text())
        (tmp_path / "status.json").write_text(json.dumps({**old, "written": old["written"] - 60_000_000}))
        table = cli("status", "--state-dir", str(tmp_path)).stdout
        assert "STALE" in table
        assert json.loads(status(tmp_path))["stale_seconds"] >= 60
        first.send_signal(signal.SIGCONT)


def status(folder: Path) -> str:
    done = cli("status", "--json", "--state-dir", str(folder))
    assert done.returncode == 0
    return done.stdout


def test_the_collector_runs_without_qt_or_any_server_package() -> None:
    forbidden = ["PySide6", "qasync", "fastapi", "asyncpg", "pulse_chassis", "pulse_postgres"]
    code = f"import sys, pulse_desktop.__main__; print([m for m in {forbidden} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
