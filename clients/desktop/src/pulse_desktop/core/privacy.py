"""The state directory is its owner's alone: the folder and every file in it."""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def keep_private(folder: Path) -> None:
    """Files that this process makes from now on, and those that are there, are for their owner only. Raises OSError."""
    os.umask(0o077)
    for path in folder.iterdir():
        mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() and not path.is_symlink() else 0
        if mode & 0o077:
            path.chmod(mode & 0o700)


def open_private(path: Path) -> BinaryIO:
    """A new file for its owner only, whatever the process's umask is."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def open_to_others(folder: Path) -> list[str]:
    """Names of the files that others may read or write."""
    return sorted(
        path.name for path in folder.iterdir() if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    )
