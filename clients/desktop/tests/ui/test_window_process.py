"""The window as a process: smoke, missing parts, the lost references of a bad Qt, and a second start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pulse_desktop.ui import needs

LOSES_REFERENCES = """
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QLabel
class Emitter(QObject):
    told = Signal(int)
application, label, emitter = QApplication([]), QLabel(), Emitter()
emitter.told.connect(lambda number: None)
for number in range(20_000):
    label.setText(str(number))
    emitter.told.emit(number)
print("alive")
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
    own = {
        "PULSE_DEVICE": "alpha",
        "PULSE_COLLECTOR_STATE_DIR": str(folder),
        "PULSE_MQTT_URL": "mqtt://127.0.0.1:1",
        "PULSE_SIMULATOR_RATE": "50",
        "PULSE_SECRETS": "file",
    }
    return kept | own | more


def start(folder: Path, *arguments: str, **more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "pulse_desktop.ui", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(folder, **more))  # noqa: S603


@contextmanager
def running_service(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """`pulse-collector run`, when it is ready."""
    command = [sys.executable, "-m", "pulse_desktop", "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(folder)) as service:  # noqa: S603
        assert service.stderr is not None
        for line in service.stderr:
            if "collector_ready" in line:
                break
        try:
            yield service
        finally:
            service.send_signal(signal.SIGTERM)
            service.communicate(timeout=20)


def test_qt_does_not_lose_references() -> None:
    done = subprocess.run([sys.executable, "-c", LOSES_REFERENCES], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.stdout == "alive\n", done.stderr


def test_the_smoke_test_ends_well_when_the_window_shows_a_snapshot(tmp_path: Path) -> None:
    with start(tmp_path, "--smoke") as process:
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors
    assert (tmp_path / "window.json").exists()


def test_the_smoke_test_is_right_at_twice_the_size(tmp_path: Path) -> None:
    with start(tmp_path, "--smoke", QT_SCALE_FACTOR="2") as process:
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors


def test_a_second_start_raises_the_first_window_and_ends(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with start(folder) as first:
        deadline = time.monotonic() + 20
        while not (folder / "window-raise.sock").exists():
            assert first.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with start(folder) as second:
            _, errors = second.communicate(timeout=20)
        assert (second.returncode, "open already" in errors) == (0, True)
        first.send_signal(signal.SIGTERM)
        _, log = first.communicate(timeout=20)
    assert first.returncode == 0, log
    assert "collector_stopped" in log
    assert not (folder / "window-raise.sock").exists()


def test_a_window_attaches_to_the_running_service_and_leaves_it_running(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with running_service(folder) as service:
        with start(folder, "--smoke") as window:
            _, errors = window.communicate(timeout=40)
        assert (window.returncode, "collector_ready" in errors) == (0, False), errors
        assert service.poll() is None
    assert service.returncode == 0


def test_two_starts_at_once_open_one_window(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with start(folder) as first, start(folder) as second:
        processes = [first, second]
        deadline = time.monotonic() + 30
        while all(one.poll() is None for one in processes):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (gone,) = [one for one in processes if one.poll() is not None]
        (stays,) = [one for one in processes if one is not gone]
        _, errors = gone.communicate(timeout=20)
        assert (gone.returncode, "open already" in errors) == (0, True), errors
        stays.send_signal(signal.SIGHUP)
        _, log = stays.communicate(timeout=20)
    assert (stays.returncode, "collector_stopped" in log) == (0, True), log


def test_a_window_needs_no_settings_of_the_service_that_it_attaches_to(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    with running_service(folder):
        bare = environment(folder, PULSE_MQTT_PASSWORD_FILE=str(tmp_path / "unreadable"))
        del bare["PULSE_DEVICE"]
        smoke = [sys.executable, "-m", "pulse_desktop.ui", "--smoke"]
        done = subprocess.run(smoke, capture_output=True, text=True, env=bare, timeout=40, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr


def test_a_window_that_may_only_attach_says_that_nothing_runs(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    with start(folder, "--attach") as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors == (
        f"pulse-collector-window: no collector runs on {folder}: start it first (make run, or pulse-collector run)\n"
    )
    assert not folder.exists()


def test_invalid_settings_are_named(tmp_path: Path) -> None:
    with start(tmp_path, PULSE_DEVICE="No!") as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "PULSE_DEVICE" in errors


def test_without_a_display_one_line_says_what_to_set(tmp_path: Path) -> None:
    with start(tmp_path, QT_QPA_PLATFORM="", DISPLAY="", WAYLAND_DISPLAY="") as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert errors == "pulse-collector-window: no display: set DISPLAY, or QT_QPA_PLATFORM=offscreen\n"


def test_without_the_extra_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    hide = (
        "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n, *a: None if n == 'qasync' else f(n, *a)"
    )
    code = f"{hide}; import sys; from pulse_desktop.ui.__main__ import main; sys.exit(main([]))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment(tmp_path)
    )
    assert done.returncode == 2
    assert done.stderr == "pulse-collector-window: the window needs qasync: pip install 'pulse-desktop[window]'\n"


@pytest.mark.parametrize(
    ("qt", "python", "is_bad"),
    [
        ("6.12.0", (3, 11), True),
        ("6.12.0", (3, 12), False),
        ("6.11.3", (3, 11), False),
    ],
)
def test_the_qt_that_aborts_python_is_refused(qt: str, python: tuple[int, int], *, is_bad: bool) -> None:
    assert (needs.version_problem(qt, python) is not None) is is_bad


def test_a_missing_system_library_is_named_with_its_packages() -> None:
    text = needs.library_problem("libEGL.so.1: cannot open shared object file: No such file or directory")
    assert text.startswith("libEGL.so.1 is missing: apt-get install libegl1 ")
    assert "\n" not in text


def test_the_service_never_loads_qt() -> None:
    code = "import sys, pulse_desktop.__main__, pulse_desktop.client.opening; sys.exit('PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
