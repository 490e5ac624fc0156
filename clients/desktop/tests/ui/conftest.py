"""Qt without a screen. Its system libraries are installed when root; otherwise the tests fail and name the packages."""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is imported

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from pulse_desktop.ui import needs


def _prepare() -> None:
    """In a process of its own: an import that failed once fails again in this one."""
    check = "import os, sys; from pulse_desktop.ui import needs; sys.exit(needs.missing(os.environ))"
    problem = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)  # noqa: S603
    if problem.returncode == 0:
        return
    if "apt-get" in problem.stderr and os.geteuid() == 0 and which("apt-get"):
        print("· installing the libraries of Qt (Debian packages)", flush=True)  # noqa: T201
        for words in (["update"], ["install", "-y", "--no-install-recommends", *needs.APT_PACKAGES.split()]):
            subprocess.run(["apt-get", "-qq", *words], stdout=subprocess.DEVNULL, check=False)  # noqa: S603, S607
        if subprocess.run([sys.executable, "-c", check], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return
    pytest.exit(problem.stderr.strip(), returncode=1)


_prepare()

from PySide6.QtCore import QCoreApplication, QEvent  # noqa: E402  # after the check
from PySide6.QtWidgets import QApplication  # noqa: E402  # after the check


@pytest.fixture(scope="session")
def application() -> QApplication:
    return QApplication(["tests"])


@pytest.fixture(autouse=True)
def closed_windows(application: QApplication) -> Iterator[None]:
    """No window of one test is alive in the next."""
    yield
    for widget in application.topLevelWidgets():
        widget.hide()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PULSE_SECRETS", "file")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
