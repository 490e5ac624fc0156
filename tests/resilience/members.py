"""The programs of a world as processes: start, signals, state and recovery. See `tests.resilience.world`."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pulse_standalone.probe import http_ok
from pulse_standalone.runner import die_with_parent
from tests.resilience.proxy import Proxy
from tests.system import ROOT


class NoRecoveryError(AssertionError):
    """Something did not recover in time."""


async def until(claim: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits for a state. Raises NoRecoveryError."""
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            raise NoRecoveryError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.05)  # outside observers can only poll


@dataclass
class Member:
    """A program of this project, started through `tests.resilience.armed` unless `module` names another one."""

    name: str
    folder: Path
    command: list[str]
    env: dict[str, str]
    module: str = "tests.resilience.armed"
    process: asyncio.subprocess.Process | None = None
    own_ends: list[str] = field(default_factory=list)

    @property
    def trap(self) -> Path:
        """The file with the command for SIGUSR1."""
        return self.folder / "trap"

    async def start(self) -> None:
        """Starts the program. It may take a second until it handles signals."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.trap.write_text("none")
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", self.module, *self.command),
                cwd=ROOT,
                env={**os.environ, **self.env, "PULSE_TRAP": str(self.trap)},
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def tell(self, words: str) -> None:
        """Sets its trap."""
        self.trap.write_text(words)
        self.send(signal.SIGUSR1)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to a process that may have ended."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def note_own_end(self) -> None:
        """Records that the process ended although nothing stopped it."""
        if self.process is not None and self.process.returncode not in {None, -signal.SIGKILL, 0}:
            self.own_ends.append(f"{self.name} ended by itself with {self.process.returncode} (see {self.folder}/log)")

    async def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Returns when the process has ended."""
        self.note_own_end()
        if self.process is not None:
            self.send(number)
            self.send(signal.SIGCONT)
            await self.process.wait()


class Gateway(Member):
    """A replica of the gateway."""

    port = 0

    async def ready(self, seconds: float = 60) -> None:
        """Returns when it is ready. Starts it again if it has ended, like a supervisor."""
        end = time.monotonic() + seconds
        while not await http_ok(self.port, "/readyz"):
            if time.monotonic() > end:
                raise NoRecoveryError(f"{self.name} is not ready (see {self.folder}/log)")
            if not self.is_running:
                self.note_own_end()
                await self.start()
            await asyncio.sleep(0.05)


class Collector(Member):
    """A collector, its disk and its journal. `journals` include those of every copy of the disk."""

    device = ""
    journals: list[Path]
    proxy: Proxy

    @property
    def disk(self) -> Path:
        """Its state directory."""
        return Path(self.env["PULSE_COLLECTOR_STATE_DIR"])

    def status(self) -> dict[str, object]:
        """Its last status."""
        try:
            found: dict[str, object] = json.loads((self.disk / "status.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if self.process is not None and found.get("pid") == self.process.pid else {}

    def on_disk(self, disk: Path, journal: Path) -> "Collector":
        """The same identity on another disk."""
        at = self.command.index("--journal") + 1
        command = [*self.command[:at], str(journal), *self.command[at + 1 :]]
        copy = Collector(f"{self.name} on {disk.name}", disk.parent / f"{disk.name}-process", command, dict(self.env))
        copy.env["PULSE_COLLECTOR_STATE_DIR"] = str(disk)
        copy.device, copy.proxy, copy.journals = self.device, self.proxy, self.journals
        self.journals.append(journal)
        return copy

    def silent(self) -> "Collector":
        """The same collector on the same disk without sources."""
        at = self.command.index("--simulator-rate") + 1
        command = [*self.command[:at], "0", *self.command[at + 1 :]]
        quiet = Collector(self.name, self.folder, command, self.env)
        quiet.device, quiet.proxy, quiet.journals = self.device, self.proxy, self.journals
        return quiet
