"""File permissions of the state directory: only its owner can read it."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def keep_private(folder: Path) -> None:
    """Removes access of other users from existing files, and from every file that this process creates. Raises
    OSError."""
    os.umask(0o077)
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process may delete its files
            mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() and not path.is_symlink() else 0
            if mode & 0o077:
                path.chmod(mode & 0o700)


def open_private(path: Path) -> BinaryIO:
    """Creates a file with mode 0600, whatever the umask is. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def shared_files(folder: Path) -> list[str]:
    """Names of the files that other users may read or write."""
    return sorted(
        path.name for path in folder.iterdir() if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077
    )
