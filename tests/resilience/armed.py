"""Runs a program with a trap at a named point: `python -m tests.resilience.armed MODULE [ARGUMENT …]`. At SIGUSR1 it
reads a command from the file in PULSE_TRAP: `kill POINT` ends the process with SIGKILL at the next visit of that point,
`stop POINT` stops it there with SIGSTOP, and `clock SECONDS` shifts the collector's wall clock. The program does not
know about it. PULSE_MUTANT adds a known bug to the gateway, to show that the checker finds it."""

import functools
import importlib
import inspect
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.resilience.mutants import MUTANTS
from tests.resilience.points import POINTS, Point


class _Trap:
    """The last command of the process."""

    point = ""
    signal = signal.SIGKILL
    clock_offset = 0


def main() -> None:
    """Installs the traps, then runs the program."""
    module, *arguments = sys.argv[1:]
    for name, point in POINTS.items():
        if point.is_in(module):
            _set(name, point)
    if module == "pulse_desktop":
        _offset_clock()
    MUTANTS[os.environ.get("PULSE_MUTANT", "none")]()
    signal.signal(signal.SIGUSR1, _told)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _told(*_: object) -> None:
    word, _space, rest = Path(os.environ["PULSE_TRAP"]).read_text().partition(" ")
    if word in {"kill", "stop"}:
        _Trap.point = rest
        _Trap.signal = signal.SIGKILL if word == "kill" else signal.SIGSTOP
    elif word == "clock":
        _Trap.clock_offset = int(rest) * 1_000_000
    else:
        _Trap.point = ""


def _reached(name: str) -> None:
    if _Trap.point == name:
        _Trap.point = ""  # a stopped process continues later
        os.kill(os.getpid(), _Trap.signal)


def _set(name: str, point: Point) -> None:
    owner: Any = importlib.import_module(point.module)
    *path, last = point.attribute.split(".")
    for part in path:
        owner = getattr(owner, part)
    inner = getattr(owner, last)
    setattr(owner, last, _trapped(name, inner, is_before=point.when == "before"))


def _trapped(name: str, inner: Callable[..., Any], *, is_before: bool) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(inner):

        @functools.wraps(inner)
        async def waiting(*args: Any, **kwargs: Any) -> Any:
            if is_before:
                _reached(name)
            result = await inner(*args, **kwargs)
            if not is_before:
                _reached(name)
            return result

        return waiting

    @functools.wraps(inner)
    def plain(*args: Any, **kwargs: Any) -> Any:
        if is_before:
            _reached(name)
        result = inner(*args, **kwargs)
        if not is_before:
            _reached(name)
        return result

    return plain


def _offset_clock() -> None:
    clock = importlib.import_module("pulse_desktop.core.clock")

    def micros() -> int:
        return time.time_ns() // 1_000 + _Trap.clock_offset

    clock.Clock.__init__.__defaults__ = (micros, time.monotonic)


if __name__ == "__main__":
    main()
