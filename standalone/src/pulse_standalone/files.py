"""Errors of the machine, and the small files that must be whole: secrets, status, logs that do not grow without end."""

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Literal

_LOG_BYTES = 10_000_000


class SetupError(Exception):
    """The machine lacks something. The message is one line that says what to type."""


def explain(error: OSError, folder: Path) -> SetupError:
    """What a failed file operation in (or for) this state directory means to the person."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return SetupError(f"no space left in {folder}: free some, or set PULSE_STATE_DIR")
    where = error.filename if isinstance(error.filename, str) else folder
    return SetupError(f"{where}: {error.strerror or error}: mend that, or set PULSE_STATE_DIR")


def write_private(path: Path, text: str, *, owner: tuple[int, int] | None = None, is_durable: bool = True) -> None:
    """A 0600 file, whole or not at all; durable ones are on the disk when this returns. Raises OSError."""
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
    """Makes the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_secret(path: Path, remedy: str) -> str:
    """What a secret's file says. Raises SetupError that names the file and ends in `remedy`."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise SetupError(f"{path} cannot be read ({reason}): {remedy}") from error
    if not text.strip():
        raise SetupError(f"{path} is empty: {remedy}")
    return text


def rotate(log: Path) -> None:
    """Sets a log of more than 10 MB aside as `.1`, before its process starts."""
    with contextlib.suppress(OSError):
        if log.lstat().st_size > _LOG_BYTES:
            log.replace(log.with_name(log.name + ".1"))


def open_log(log: Path) -> BinaryIO:
    """To append to; a new one is 0600. Follows no link and opens no pipe: the folder may belong to an account that has
    fewer rights than we do. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(log, flags, 0o600)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise OSError(errno.EMLINK, "is a link or no plain file", str(log))
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "ab")


def cap(log: Path) -> None:
    """Keeps a log that its running process appends to within 10 MB: its end becomes `.1`, and it begins anew. What is
    written in between is lost; so is all of it when the disk is too full to keep it. Follows no link, as `open_log`."""
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
    """The end of a log, or nothing."""
    try:
        with _opened(log, os.O_RDONLY | os.O_NONBLOCK, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4_096))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][-300:] if lines else ""
