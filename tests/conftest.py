"""Chromium for the browser tests: an installed one, or Playwright's. The tests are never skipped silently."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

Launch = Callable[..., Browser]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_HOW = "no Chromium for the browser tests: apt-get install chromium, or set PULSE_CHROMIUM to its path"


def find_chromium(playwright: Playwright) -> str:
    """Returns an installed Chromium, or else the Debian package (installed as root), or else Playwright's. Fails with a
    hint if there is none."""
    for name in (os.environ.get("PULSE_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("· installing Chromium (Debian package)", flush=True)
        for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *words], stdout=subprocess.DEVNULL, check=False)
        if found := shutil.which("chromium"):
            return found
    print("· installing Chromium (Playwright's)", flush=True)
    done = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if done.returncode == 0 and Path(playwright.chromium.executable_path).exists():
        return playwright.chromium.executable_path
    pytest.exit(_HOW, returncode=1)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two workers of pytest must not install the same package at once."""
    with (Path(tempfile.gettempdir()) / f"pulse-chromium-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Starts a headless Chromium with further flags."""
    with sync_playwright() as playwright:
        with one_at_a_time():
            path = find_chromium(playwright)
        yield lambda *flags: playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Iterator[Browser]:
    """One headless Chromium for the whole run."""
    browser = launch()
    yield browser
    browser.close()
