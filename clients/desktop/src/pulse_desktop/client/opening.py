"""Chooses the client: the service that runs on the state directory, else an engine in this process."""

import socket
import time
from pathlib import Path

from pulse_desktop.client.attached import AttachedClient
from pulse_desktop.client.in_process import InProcessClient
from pulse_desktop.client.port import EngineClient
from pulse_desktop.client.wire import SOCKET
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.state_directory import lock

_POLL = 0.05


def open_client(settings: Settings, password: str) -> EngineClient:
    """A client that is not started. `password`: of the broker; only an engine in this process uses it."""
    if lock.is_held(settings.state_dir):
        return AttachedClient(settings.state_dir)
    return InProcessClient(settings, password)


def service_runs(folder: Path, seconds: float) -> bool:
    """Whether a service uses the state directory. Waits up to `seconds` for one that is restarting: it gives the lock
    back for about a second, and keeps its pid."""
    if lock.is_held(folder):
        return True
    deadline = time.monotonic() + seconds
    while lock.last_owner_lives(folder) and time.monotonic() < deadline:
        if _accepts(folder / SOCKET):  # looking at the lock again and again could get in the way of the service
            return True
        time.sleep(_POLL)
    return lock.is_held(folder)


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
