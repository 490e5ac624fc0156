"""Small files that must never be half-written (secrets, status), logs of limited size, and errors of the machine."""

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Literal

_LOG_BYTES = 10_000_000


class SetupError(Exception):
    """This machine cannot run the system. The message is one line with the problem and the remedy."""


def explain(error: OSError, folder: Path) -> SetupError:
    """The SetupError for a failed file operation in this state directory."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return SetupError(f"no space left in {folder}: free disk space, or set PULSE_STATE_DIR")
    where = error.filename if isinstance(error.filename, str) else folder
    return SetupError(f"{where}: {error.strerror or error}: fix this, or set PULSE_STATE_DIR")


def write_private(path: Path, text: str, *, owner: tuple[int, int] | None = None, is_durable: bool = True) -> None:
    """Writes a file with mode 0600 atomically. With `is_durable`, it is on disk when this returns. Raises OSError."""
    fresh = path.with_name(path.name + ".new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            if is_durable:
                os.fsync(file.fileno())
        if owner is not None:
            os.chown(fresh, *owner)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    if is_durable:
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Makes created and renamed files of a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_secret(path: Path, remedy: str) -> str:
    """Reads a secret. Raises SetupError with the file name and `remedy`."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise SetupError(f"{path} cannot be read ({reason}): {remedy}") from error
    if not text.strip():
        raise SetupError(f"{path} is empty: {remedy}")
    return text


def rotate(log: Path) -> None:
    """Renames a log of more than 10 MB to `.1`. Call this before its process starts."""
    with contextlib.suppress(OSError):
        if log.lstat().st_size > _LOG_BYTES:
            log.replace(log.with_name(log.name + ".1"))


def open_log(log: Path) -> BinaryIO:
    """Opens a log for appending; a new file has mode 0600. Follows no links and opens no pipes, because the folder may
    belong to an account with fewer privileges. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(log, flags, 0o600)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise OSError(errno.EMLINK, "is a link or not a regular file", str(log))
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "ab")


def cap(log: Path) -> None:
    """Limits a log to 10 MB while its process is running: copies its last 10 MB to `.1` and truncates it. Lines written
    in between are lost; on a full disk the whole log is lost. Follows no links, as `open_log`."""
    with contextlib.suppress(OSError), _opened(log, os.O_RDWR | os.O_NONBLOCK) as file:
        found = os.fstat(file.fileno())
        if found.st_size <= _LOG_BYTES or found.st_nlink != 1 or not stat.S_ISREG(found.st_mode):
            return
        kept = log.with_name(log.name + ".1")
        with contextlib.suppress(OSError):
            kept.unlink(missing_ok=True)
            with _opened(kept, os.O_RDWR | os.O_CREAT | os.O_EXCL) as aside:
                file.seek(found.st_size - _LOG_BYTES)
                aside.write(file.read(_LOG_BYTES))
        os.ftruncate(file.fileno(), 0)


def _opened(path: Path, flags: int, mode: Literal["rb", "r+b"] = "r+b") -> BinaryIO:
    return os.fdopen(os.open(path, flags | os.O_NOFOLLOW, 0o600), mode)


def last_line(log: Path) -> str:
    """The last line of a log, at most 300 characters; empty when there is none."""
    try:
        with _opened(log, os.O_RDONLY | os.O_NONBLOCK, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4_096))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][-300:] if lines else ""
