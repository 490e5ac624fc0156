"""Starts the window: settings, engine, theme, tray. Ends it in order: the engine stops before the process does."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from pulse_desktop.cli.credentials import broker_password, general_settings, load_settings
from pulse_desktop.client.attached import AttachedClient
from pulse_desktop.client.opening import open_client, service_runs
from pulse_desktop.client.port import EngineClient
from pulse_desktop.core import logs
from pulse_desktop.core.settings import BadSettingsError
from pulse_desktop.core.state_directory import lock
from pulse_desktop.ui import loop, single
from pulse_desktop.ui.appearance import Appearance, theme_named
from pulse_desktop.ui.poller import Poller
from pulse_desktop.ui.remembered import Remembered
from pulse_desktop.ui.translation import language_named, use_language
from pulse_desktop.ui.tray import Tray
from pulse_desktop.ui.window import Window

log = structlog.get_logger("pulse.desktop.window")

OK, FAILED, BAD_SETTINGS = 0, 1, 2
_SMOKE_SECONDS = 20.0
_RAISE_SECONDS = 5.0
_RESTART_SECONDS = 3.0


@dataclass(frozen=True)
class Options:
    """The flags of the command line. `theme`, `language`: None for the last choice. `only_attaches`: never runs the
    collector in this process."""

    state_dir: Path | None
    theme: str | None
    language: str | None
    is_smoke: bool
    only_attaches: bool


def main(options: Options) -> int:
    """Returns the exit code."""
    flags = {} if options.state_dir is None else {"state_dir": options.state_dir}
    os.umask(0o077)
    try:
        general = general_settings(flags)
        folder = general.state_dir
        if not options.only_attaches:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A window that attaches needs neither the settings nor the secrets of the service.
        is_running = service_runs(folder, _RESTART_SECONDS)
        if options.only_attaches and not is_running:
            _complain(f"no collector runs on {folder}: start it first (make run, or pulse-collector run)")
            return FAILED
        client = AttachedClient(folder) if is_running else _own_client(flags)
        logs.configure(general.log_format)
        application = QApplication(["pulse-collector-window"])
        application.setApplicationName("pulse-collector-window")
        with lock.acquire(folder, single.LOCK):
            remembered = Remembered.load(folder)
            theme = theme_named(options.theme or remembered.theme)
            use_language(application, language_named(options.language or remembered.language))
            shell = Shell(client, Appearance(application, theme), folder, options.language)
            return loop.run(application, lambda: shell.run(is_smoke=options.is_smoke))
    except lock.AlreadyRunningError:
        return _raise_other(folder)
    except BadSettingsError as error:
        _complain("invalid settings: " + "; ".join(error.lines))
        return BAD_SETTINGS
    except OSError as error:
        _complain(f"the state directory cannot be used: {error}")
        return BAD_SETTINGS


def _own_client(flags: dict[str, Any]) -> EngineClient:
    settings = load_settings(flags)
    return open_client(settings, broker_password(settings))


def _raise_other(folder: Path) -> int:
    """Another process has the window, or is about to open it."""
    deadline = time.monotonic() + _RAISE_SECONDS
    while not single.raise_other(folder):
        if time.monotonic() > deadline:
            _complain("another window of this state directory does not answer: end its process, and start again")
            return FAILED
        time.sleep(0.1)
    _complain("the window of this state directory is open already; it was brought to the front")
    return OK


class Shell:
    """The window with everything around it. Call `run` once."""

    def __init__(self, client: EngineClient, appearance: Appearance, folder: Path, language: str | None = None) -> None:
        """`language`: a choice to remember; None keeps the last one."""
        self._client, self._appearance, self._folder, self._language = client, appearance, folder, language

    async def run(self, *, is_smoke: bool = False) -> int:
        """Returns the exit code when a person quits, a signal or the end of the session asks for it, or the smoke test
        ended."""
        ended, code = asyncio.Event(), OK
        poller = Poller(self._client, lambda: time.time_ns() // 1_000)
        window = Window(poller, self._appearance, self._folder)
        if self._language is not None:
            window.remember_language(self._language)
        instance = single.SingleInstance(self._folder)
        instance.asked.connect(window.raise_window)
        tray = self._tray(poller, window, ended.set) if QSystemTrayIcon.isSystemTrayAvailable() else None
        window.closing.connect(ended.set if tray is None else window.hide)
        window.session_ending.connect(ended.set)
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            running.add_signal_handler(number, ended.set)
        window.show()
        try:
            async with asyncio.TaskGroup() as group:
                polling = group.create_task(poller.run())
                if is_smoke:
                    code = await self._smoke(poller, window)
                else:
                    await ended.wait()
                polling.cancel()
        finally:
            try:
                _remember(window)
                instance.close()
                if tray is not None:
                    tray.hide()
                window.hide()
            finally:
                await self._client.stop()
            window.deleteLater()
        return code

    def _tray(self, poller: Poller, window: Window, quit_: Callable[[], None]) -> Tray:
        tray = Tray(self._appearance)
        tray.opened.connect(window.raise_window)
        tray.quit_chosen.connect(quit_)
        poller.seen.connect(tray.show_seen)
        return tray

    async def _smoke(self, poller: Poller, window: Window) -> int:
        has_shown = asyncio.Event()
        poller.seen.connect(lambda _seen: has_shown.set() if window.has_snapshot else None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SMOKE_SECONDS):
                await has_shown.wait()
                return OK
        _complain(poller.last.problem or "the collector gave no snapshot within 20 s")
        return FAILED


def _remember(window: Window) -> None:
    try:
        window.remember()
    except (OSError, ValueError) as error:
        log.warning("window_not_remembered", error=str(error))


def _complain(text: str) -> None:
    sys.stderr.write(f"pulse-collector-window: {text}\n")
