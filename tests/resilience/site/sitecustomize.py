"""Traps in the services of a whole system. This folder is in PYTHONPATH, so the interpreter runs this module at its
start. PULSE_TRAP names a file with one line, `MODULE ATTRIBUTE WHEN`. A process that reaches this call (before or after
it) deletes the file and ends with SIGKILL. Later processes find no file. The services do not know about it."""

import functools
import importlib.abc
import importlib.machinery
import inspect
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_WHERE = Path(os.environ.get("PULSE_TRAP", ""))
_POINTS = [line.split() for line in os.environ.get("PULSE_TRAP_POINTS", "").split(";") if line]


def _reached(point: list[str]) -> None:
    try:
        if _WHERE.read_text().split() != point:
            return
        _WHERE.unlink()
    except OSError:  # no trap is set, or another process has reached it
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _trapped(inner: Callable[..., Any], point: list[str]) -> Callable[..., Any]:
    is_before = point[2] == "before"
    if inspect.iscoroutinefunction(inner):

        @functools.wraps(inner)
        async def waiting(*args: Any, **kwargs: Any) -> Any:
            if is_before:
                _reached(point)
            result = await inner(*args, **kwargs)
            if not is_before:
                _reached(point)
            return result

        return waiting

    @functools.wraps(inner)
    def plain(*args: Any, **kwargs: Any) -> Any:
        if is_before:
            _reached(point)
        result = inner(*args, **kwargs)
        if not is_before:
            _reached(point)
        return result

    return plain


class _Loader(importlib.abc.Loader):
    def __init__(self, inner: importlib.abc.Loader) -> None:
        self._inner = inner

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._inner.exec_module(module)
        for point in _POINTS:
            if point[0] == module.__name__:
                owner: Any = module
                *path, last = point[1].split(".")
                for part in path:
                    owner = getattr(owner, part)
                setattr(owner, last, _trapped(getattr(owner, last), point))


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not any(name == point[0] for point in _POINTS):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


if "PULSE_TRAP" in os.environ:
    sys.meta_path.insert(0, _Finder())
