"""Terminal output: results go to standard output, everything else to standard error."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

OK, FAILED, BAD_SETTINGS, ALREADY_RUNNING, REFUSED = 0, 1, 2, 3, 4  # exit codes


class Step(Protocol):
    """Advances the progress bar by `n`."""

    def __call__(self, n: int) -> None: ...


def say(*lines: str) -> None:
    """Prints a result."""
    sys.stdout.write("\n".join(lines) + "\n")


def complain(*lines: str) -> None:
    """Prints a problem or a hint."""
    sys.stderr.write("\n".join(lines) + "\n")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a table. Columns of numbers are right-aligned, columns of text left-aligned."""
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
    """A time as ISO 8601 in UTC. A time that `datetime` cannot represent is shown in microseconds."""
    if micros is None:
        return "-"
    try:
        return datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return str(micros)


def confirm(question: str) -> bool:
    """Asks a question; only `yes` confirms. Returns False without a terminal."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"{question} Type yes to continue: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


@contextmanager
def progress(what: str, total: int) -> Iterator[Step]:
    """A progress bar on standard error if that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def advance(n: int) -> None:
            bar.update(task, advance=n)

        yield advance
