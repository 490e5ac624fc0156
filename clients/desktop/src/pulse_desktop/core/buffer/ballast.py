"""The ballast: a 1 MiB file that reserves disk space. The buffer deletes it when the disk is full, because SQLite needs
free space even to delete rows."""

import shutil
from pathlib import Path

import structlog

from pulse_desktop.core.state_directory.privacy import open_private

log = structlog.get_logger("pulse.desktop.buffer")

FILE = "ballast"
SIZE = 1024 * 1024


class Ballast:
    """The ballast file of one state directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def is_there(self) -> bool:
        """Whether the file exists."""
        return (self._folder / FILE).exists()

    def fill(self) -> None:
        """Creates the file if it is missing and the disk has more than 4 MiB free."""
        try:
            if not self.is_there and shutil.disk_usage(self._folder).free > 4 * SIZE:
                with open_private(self._folder / FILE) as file:
                    file.write(b"\xa5" * SIZE)
        except OSError as error:
            log.debug("ballast_not_created", error=str(error))

    def free(self) -> bool:
        """Deletes the file; returns whether there was one."""
        try:
            (self._folder / FILE).unlink()
        except OSError:
            return False
        log.warning("ballast_freed", reason="disk_full", bytes=SIZE)
        return True
