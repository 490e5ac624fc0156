"""One collector per state directory: a lock file with the pid, held until the process ends."""

import fcntl
import os
from pathlib import Path
from typing import IO

FILE = "collector.lock"


class AlreadyRunningError(Exception):
    """Another collector is using this state directory."""

    def __init__(self, pid: str) -> None:
        super().__init__(f"already running (pid {pid})")
        self.pid = pid


def acquire(folder: Path, name: str = FILE) -> IO[str]:
    """Locks the folder until the returned file is closed. `name`: another file for another purpose. Raises
    AlreadyRunningError, and OSError for a read-only folder."""
    file = (folder / name).open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        pid = file.read(20).strip() or "unknown"
        file.close()
        raise AlreadyRunningError(pid) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


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
