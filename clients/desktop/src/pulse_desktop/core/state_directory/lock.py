"""One collector per state directory: a lock file with the pid, held until the process ends."""

import fcntl
import os
import time
from pathlib import Path
from typing import IO

FILE = "collector.lock"
_ATTEMPTS, _PAUSE = 5, 0.02
"""`is_held` of another process holds the lock for a moment."""


class AlreadyRunningError(Exception):
    """Another collector is using this state directory."""

    def __init__(self, pid: str) -> None:
        super().__init__(f"already running (pid {pid})")
        self.pid = pid


def acquire(folder: Path, name: str = FILE) -> IO[str]:
    """Locks the folder until the returned file is closed. `name`: another file for another purpose. Raises
    AlreadyRunningError, and OSError for a read-only folder."""
    file = (folder / name).open("a+", encoding="ascii")
    if not _lock(file):
        file.seek(0)
        pid = file.read(20).strip() or "unknown"
        file.close()
        raise AlreadyRunningError(pid)
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _lock(file: IO[str]) -> bool:
    for attempt in range(_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < _ATTEMPTS - 1:
                time.sleep(_PAUSE)
        else:
            return True
    return False


def last_owner_lives(folder: Path) -> bool:
    """Whether the process that held the lock last still runs. A collector that restarts itself keeps its pid."""
    try:
        os.kill(int((folder / FILE).read_text("ascii")), 0)
    except PermissionError:  # it lives, and belongs to another user
        return True
    except (OSError, ValueError, OverflowError):
        return False
    return True


def is_held(folder: Path) -> bool:
    """Whether a running collector is using this state directory."""
    try:
        with (folder / FILE).open("r", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
