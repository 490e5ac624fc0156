"""The journal: an append-only text file of every reading that was produced, for an independent checker.

`p <epoch> <seq> <series> <type> <t> <value>` is written before the commit: the reading may be in the buffer.
`c <lo> <hi> <epoch>` is written after the commit: the readings are in the buffer. A second `p` line for the same
number, after a failed commit, replaces the first. Floats are written with `float.hex()`, so nothing is rounded.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.core.model import Reading


class Journal:
    """Each group is flushed to the operating system: it survives a killed process, but not always a power failure."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+", encoding="ascii")
        if self._file.tell() and not _ends_with_newline(path):
            self._file.write("\n")  # the last process was killed in the middle of a line

    def prepare(
        self, epoch: int, lo: int, readings: Sequence[Reading], series: Mapping[int, SeriesDeclaration]
    ) -> None:
        """Writes readings before their commit. Raises OSError."""
        lines = []
        for seq, reading in enumerate(readings, lo):
            spec = series[reading.series]
            value = reading.value.hex() if isinstance(reading.value, float) else str(reading.value).lower()
            lines.append(f"p {epoch} {seq} {spec.name} {spec.type} {reading.t} {value}\n")
        self._file.write("".join(lines))
        self._file.flush()

    def commit(self, epoch: int, lo: int, hi: int) -> None:
        """Writes a range after its commit. Raises OSError."""
        self._file.write(f"c {lo} {hi} {epoch}\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
