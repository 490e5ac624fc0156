"""Talking to a person at a terminal, and to a pipe: results on standard output, everything else on standard error."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

OK, FAILED, BAD_SETTINGS, ALREADY_RUNNING = 0, 1, 2, 3


class Step(Protocol):
    """Tells the progress bar that `n` more are done."""

    def __call__(self, n: int) -> None: ...


def say(*lines: str) -> None:
    """A result."""
    sys.stdout.write("\n".join(lines) + "\n")


def complain(*lines: str) -> None:
    """A problem, or what a person should know beside the result."""
    sys.stderr.write("\n".join(lines) + "\n")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned lines: numbers to the right, the rest to the left."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    right = [bool(rows) and all(row[i][:1].isdigit() or row[i] == "-" for row in rows) for i in range(len(head))]
    return [
        "  ".join(
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in (head, *rows)
    ]


def moment(micros: int | None) -> str:
    """A time as ISO 8601 in UTC; a clock that was wrong by more than a calendar holds is shown as its number."""
    if micros is None:
        return "-"
    try:
        return datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return str(micros)


def confirm(question: str) -> bool:
    """Asks; only `yes` is yes. Nobody at the terminal is no."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"{question} Type yes to go on: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


@contextmanager
def progress(what: str, total: int) -> Iterator[Step]:
    """A bar on standard error while it is a terminal; nothing otherwise."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def advance(n: int) -> None:
            bar.update(task, advance=n)

        yield advance
