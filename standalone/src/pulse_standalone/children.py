"""One supervised process: its start, readiness, restarts with back-off, and stop."""

import asyncio
import contextlib
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import IntEnum
from pathlib import Path

import psutil

from pulse_contracts.backoff import backoff
from pulse_standalone.environment import child_environment
from pulse_standalone.files import SetupError, cap, last_line, open_log, rotate
from pulse_standalone.probe import http_ok
from pulse_standalone.runner import die_with_parent

__all__ = ["Child", "Program", "Say", "http_ok"]

_BACKOFF_FLOOR, _BACKOFF_CAP = 0.2, 10.0
_STEADY_SECONDS = 30.0
"""A process that ran this long resets its back-off."""
_FIRST_TRIES = 4
_KILL_SECONDS = 1.0
"""Seconds to wait for the end of a killed process."""

Say = Callable[[str], None]


class StopWave(IntEnum):
    """When a process stops. Processes of one wave stop together; a wave starts after the last one has ended."""

    CLIENTS = 1
    """Uses the services."""
    SERVICES = 2
    """Uses the servers."""
    SERVERS = 3
    """Used by everything else."""


class Child(ABC):
    """A process with a name. `is_ready`: result of the last probe. `stop_wave`: when the supervisor stops it."""

    stop_wave = StopWave.SERVICES

    def __init__(self, name: str, port: int | None = None, log: Path | None = None) -> None:
        self.name, self.port, self.log = name, port, log
        self.process: asyncio.subprocess.Process | None = None
        self.is_ready = False
        self.restarts = 0
        self.became_ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._launching = asyncio.Lock()

    @abstractmethod
    async def launch(self) -> asyncio.subprocess.Process:
        """Starts the process without waiting until it is ready. Raises SetupError, OSError."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether the process works now. Returns within a few seconds."""

    def progress(self) -> str:
        """Why a healthy process is not ready yet; empty when there is no reason."""
        return ""

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal that stops the process cleanly."""
        return signal.SIGTERM

    @property
    def pid(self) -> int | None:
        """The pid of the running process; None when it is not running."""
        process = self.process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self, say: Say) -> None:
        """Keeps the process running until `stop`. Raises SetupError or OSError if the first start fails. Later failures
        are printed with `say` and retried."""
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                outcome = await self._run_once()
            except (SetupError, OSError) as error:
                if not self.became_ready.is_set():
                    raise
                outcome = f"could not be started ({error})"
            self.is_ready = False
            if self._stopping.is_set():
                return
            if not self.became_ready.is_set() and failures >= _FIRST_TRIES - 1:
                detail = f": {last_line(self.log)} (see {self.log})" if self.log else ""
                raise SetupError(f"{self.name} does not start: it {outcome}{detail}")
            failures = 0 if time.monotonic() - started > _STEADY_SECONDS else failures + 1
            self.restarts += 1
            delay = backoff(failures, _BACKOFF_FLOOR, _BACKOFF_CAP)
            say(f"{self.name} {outcome}; restart in {delay:.1f} s")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stopping.wait()

    async def _run_once(self) -> str:
        """Starts the process and waits for its end; returns how it ended."""
        async with self._launching:
            if self._stopping.is_set():
                return "was stopped"
            self.process = await self.launch()
        await self._watch(self.process)
        return f"ended (exit code {self.process.returncode})"

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        ended = asyncio.ensure_future(process.wait())
        try:
            while not ended.done():
                if self.log:
                    await asyncio.to_thread(cap, self.log)
                self.is_ready = await self.answers()
                if self.is_ready:
                    self.became_ready.set()
                await asyncio.wait([ended], timeout=1.0 if self.is_ready else 0.1)
        finally:
            ended.cancel()

    async def stop(self, seconds: float) -> None:
        """Stops the process; kills it after `seconds`. Waits as long for a launch in progress."""
        self._stopping.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async with self._launching:
                    process = self.process
                if process is None or process.returncode is not None:
                    return
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(self.stop_signal)
                await process.wait()
                return
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KILL_SECONDS):
                await process.wait()

    def memory_mb(self) -> float | None:
        """Proportional set size of the process and its children in MB, else resident set size; None if not running."""
        if self.pid is None:
            return None
        total = 0
        try:
            root = psutil.Process(self.pid)
            for process in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    info = process.memory_full_info()
                    total += getattr(info, "pss", info.rss)
        except psutil.Error:
            return None
        return round(total / 1e6, 1)


class Program(Child):
    """A program of this repository. Its output goes to a log, its settings are environment variables."""

    def __init__(self, name: str, command: list[str], *, env: Mapping[str, str], log: Path, cwd: Path) -> None:
        super().__init__(name, log=log)
        self._command, self._env, self._output, self._cwd = command, env, log, cwd
        self.health_path, self._host, self.is_tls = "/readyz", "127.0.0.1", False

    def at(self, port: int, health_path: str = "/readyz", host: str = "127.0.0.1") -> "Program":
        """The program answers HTTP at this address."""
        self.port, self.health_path, self._host = port, health_path, host
        return self

    async def launch(self) -> asyncio.subprocess.Process:
        rotate(self._output)
        with open_log(self._output) as output:
            return await asyncio.create_subprocess_exec(
                *self._command,
                env=child_environment(self._env),
                cwd=self._cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    async def answers(self) -> bool:
        if self.port is None:
            return True
        return await http_ok(self.port, self.health_path, self._host, is_tls=self.is_tls)
