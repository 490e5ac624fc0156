"""One supervised process: started, asked whether it is ready, started again with back-off when it dies."""

import asyncio
import contextlib
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from pulse_standalone.runner import SetupError, die_with_parent

_BACKOFF_FLOOR, _BACKOFF_CAP = 0.2, 10.0
_STEADY_SECONDS = 30.0
"""A process that lived so long starts its back-off anew."""

Say = Callable[[str], None]


class Child(ABC):
    """A process with a name. `is_ready` is what the supervisor last saw."""

    def __init__(self, name: str, port: int | None = None) -> None:
        self.name, self.port = name, port
        self.process: asyncio.subprocess.Process | None = None
        self.is_ready = False
        self.restarts = 0
        self.became_ready = asyncio.Event()
        self._stopping = asyncio.Event()

    @abstractmethod
    async def launch(self) -> asyncio.subprocess.Process:
        """Starts it once. Raises SetupError."""

    @abstractmethod
    async def answers(self) -> bool:
        """Whether it does its work now."""

    @property
    def stop_signal(self) -> signal.Signals:
        """What ends it in order."""
        return signal.SIGTERM

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        process = self.process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self, say: Say) -> None:
        """Keeps it running until `stop`. A failure of the first start is raised."""
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                self.process = await self.launch()
            except SetupError as error:
                if not self.became_ready.is_set():
                    raise
                say(f"{self.name}: {error}")
            else:
                await self._watch()
            self.is_ready = False
            if self._stopping.is_set():
                return
            code = self.process.returncode if self.process else None
            if not self.became_ready.is_set() and code not in {None, 0} and failures >= 3:
                raise SetupError(f"{self.name} does not start (exit code {code}): see its log with `make logs`")
            failures = 0 if time.monotonic() - started > _STEADY_SECONDS else failures + 1
            self.restarts += 1
            delay = min(_BACKOFF_CAP, _BACKOFF_FLOOR * 2 ** min(failures - 1, 8)) if failures else 0.0
            say(f"{self.name} ended (exit code {code}); starting it again in {delay:.1f} s")
            await asyncio.sleep(delay)

    async def _watch(self) -> None:
        process = self.process
        if process is None:
            return
        ended = asyncio.ensure_future(process.wait())
        try:
            while not ended.done():
                self.is_ready = await self.answers()
                if self.is_ready:
                    self.became_ready.set()
                await asyncio.wait([ended], timeout=1.0 if self.is_ready else 0.1)
        finally:
            ended.cancel()

    async def stop(self, patience: float) -> None:
        """Asks it to end; after `patience` seconds ends it."""
        self._stopping.set()
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.stop_signal)
        try:
            async with asyncio.timeout(patience):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def memory_mb(self) -> float | None:
        """Proportional set size of the process and its children, where the system tells it (else resident)."""
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
    """A program of ours: its output goes to a log, its settings come as environment."""

    def __init__(self, name: str, command: list[str], *, env: Mapping[str, str], log: Path, cwd: Path) -> None:
        super().__init__(name)
        self._command, self._env, self._log, self._cwd = command, env, log, cwd
        self.health_path = "/readyz"

    def at(self, port: int, health_path: str = "/readyz") -> "Program":
        """It answers HTTP on this port of the loopback."""
        self.port, self.health_path = port, health_path
        return self

    async def launch(self) -> asyncio.subprocess.Process:
        with self._log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *self._command,
                env={**os.environ, **self._env},
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
        return await http_ok(self.port, self.health_path)


async def http_ok(port: int, path: str) -> bool:
    """Whether a GET on the loopback answers 200 within two seconds."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return line.split(b" ")[1:2] == [b"200"]
