"""The output of `make run`: a live table in a terminal, plain lines elsewhere."""

import contextlib
import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Discards further output and keeps running after the reader has closed the pipe (`make run | head`)."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


class Screen:
    """The standard output of the supervisor."""

    def __init__(self) -> None:
        self._console = _Console(highlight=False)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if sys.stdout.isatty():
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes the table. Lines can still be printed."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, line: str) -> None:
        """Prints one line above the table."""
        self._line(f"· {line}")

    def ready(self, url: str, admin: dict[str, str] | None, seconds: float) -> None:
        """Prints that the system is ready, and the first administrator's credentials if `admin` has them."""
        if admin is not None:
            self._line("")
            self._line("The first administrator (stored in admin.json of the state directory):")
            self._line(f"  e-mail    {admin['email']}")
            self._line(f"  password  {admin['password']}")
            self._line("")
        self._line(f"· started in {seconds:.1f} s; Ctrl-C stops everything")
        self._line(f"PrecisionPulse is ready: {url}")

    def show(self, rows: Sequence[dict[str, object]]) -> None:
        """Updates the table of processes, in a terminal only."""
        if self._live is None:
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in ("process", "state", "pid", "port", "restarts", "memory"):
            table.add_column(title, justify="left" if title in {"process", "state"} else "right")
        for row in rows:
            state = Text("ready", "green") if row["ready"] else Text("not ready", "yellow")
            memory = f"{row['memory_mb']} MB" if row["memory_mb"] is not None else ""
            cells = (str(row[k]) if row[k] is not None else "" for k in ("pid", "port", "restarts"))
            table.add_row(str(row["name"]), state, *cells, memory)
        self._live.update(table, refresh=True)

    def _line(self, text: str) -> None:
        with contextlib.suppress(OSError):  # standard output may be a file on a full disk
            self._console.print(text, markup=False, soft_wrap=True)
            if not sys.stdout.isatty():
                sys.stdout.flush()
