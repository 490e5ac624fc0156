"""The journal: an append-only text file of everything that was produced, for an independent checker.

`p <epoch> <seq> <series> <type> <t> <value>` is written before the commit that gives the seq ("may be there"),
`c <lo> <hi> <epoch>` after it ("is there"). A sequence number that is prepared again after a failed commit replaces
the earlier line. Floats are in `float.hex()` form, so nothing is rounded.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.core.model import Reading


class Journal:
    """Flushed to the operating system per group: a killed process keeps it, a power cut may cost its end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+", encoding="ascii")
        if self._file.tell() and not _ends_with_newline(path):
            self._file.write("\n")  # the last process was killed in the middle of a line: it stands alone

    def prepare(
        self, epoch: int, lo: int, readings: Sequence[Reading], series: Mapping[int, SeriesDeclaration]
    ) -> None:
        """Before the commit. Raises OSError."""
        lines = []
        for seq, reading in enumerate(readings, lo):
            of = series[reading.series]
            value = reading.value.hex() if isinstance(reading.value, float) else str(reading.value).lower()
            lines.append(f"p {epoch} {seq} {of.name} {of.type} {reading.t} {value}\n")
        self._file.write("".join(lines))
        self._file.flush()

    def commit(self, epoch: int, lo: int, hi: int) -> None:
        """After the commit. Raises OSError."""
        self._file.write(f"c {lo} {hi} {epoch}\n")
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
