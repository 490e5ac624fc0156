"""The ballast: 1 MB of disk kept for the day when the disk is full, because a full disk cannot even delete."""

import shutil
from pathlib import Path

import structlog

from pulse_desktop.core.privacy import open_private

log = structlog.get_logger("pulse.desktop.buffer")

FILE = "ballast"
SIZE = 1024 * 1024


class Ballast:
    """One file of the state directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_there(self) -> bool:
        """Whether there is something to give back."""
        return (self._folder / FILE).exists()

    def fill(self) -> None:
        """Puts it back when the disk has room for four of it."""
        try:
            if not self.is_there and shutil.disk_usage(self._folder).free > 4 * SIZE:
                with open_private(self._folder / FILE) as file:
                    file.write(b"\xa5" * SIZE)
        except OSError as error:
            log.debug("no_ballast", why=str(error))

    def free(self) -> bool:
        """Gives it back; whether there was any."""
        try:
            (self._folder / FILE).unlink()
        except OSError:
            return False
        log.warning("ballast_freed", why="the disk is full: deleting needs room", bytes=SIZE)
        return True
