"""Releases of the gateway for a rolling upgrade. A release is the source tree, or a copy of its package with further
migrations. See `tests.resilience.test_rollback`."""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from pulse_standalone.probe import http_ok
from tests.resilience.members import Gateway, NoRecoveryError
from tests.resilience.world import World
from tests.system import ROOT

PACKAGE: Final = "pulse_telemetry_gateway"
AIM: Final = 15.0
"""Seconds within which a process shall be ready. It is measured and recorded. No test fails because of it, because the
machine may be busy."""
PATIENCE: Final = 240.0
"""Seconds after which a process that is not ready counts as broken. A start took 37 s on a machine with eight times the
work that its cores can do."""


@dataclass(frozen=True)
class Release:
    """A program. `folder` holds its package. None: the source tree."""

    name: str
    folder: Path | None = None

    def next(self, name: str, folder: Path, migration: str) -> "Release":
        """Returns the release after this one: a copy in `folder` with one more migration."""
        spec = importlib.util.find_spec(PACKAGE)
        assert spec is not None
        assert spec.submodule_search_locations
        source = self.folder / PACKAGE if self.folder else Path(spec.submodule_search_locations[0])
        shutil.copytree(source, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        migrations = folder / PACKAGE / "migrations"
        number = len(list(migrations.glob("*.sql"))) + 1
        (migrations / f"{number:04d}_of_another_release.sql").write_text(migration)
        return Release(name, folder)

    def environment(self, env: dict[str, str]) -> dict[str, str]:
        """Returns the environment in which Python finds the package of this release."""
        paths = [str(self.folder)] if self.folder else []
        if inherited := os.environ.get("PYTHONPATH"):
            paths.append(inherited)
        return {**env, "PYTHONPATH": os.pathsep.join(paths)}


@dataclass(frozen=True)
class Start:
    """A process that became ready. `seconds`: from the start of the process to the first 200 of `/readyz`. `processor`:
    the processor time that it used until then, in seconds, which depends less on other work."""

    step: str
    release: str
    gateway: str
    seconds: float
    processor: float

    def __str__(self) -> str:
        return f"{self.step:40} {self.release:3} {self.gateway:9} {self.seconds:5.1f} s {self.processor:5.1f} s"


@dataclass
class Rollout:
    """Replaces the gateways of a world, and records how long each start took."""

    world: World
    starts: list[Start] = field(default_factory=list)

    async def migrate(self, release: Release) -> str:
        """Runs `migrate` of a release and returns what it prints. Repeats it like an operator when PostgreSQL did not
        grant a lock in time."""
        end = time.monotonic() + PATIENCE
        while True:
            code, out, err = await self.command(release, "migrate")
            if code == 0:
                return out
            if time.monotonic() > end:
                raise NoRecoveryError(f"migrate of {release.name} failed: {err[-500:]}")
            await asyncio.sleep(0.5)  # the transaction that holds the lock is outside

    async def command(self, release: Release, *words: str) -> tuple[int, str, str]:
        """Runs a command of the gateway. Returns its exit code, output and errors."""
        env = {**os.environ, **release.environment(self.world.gateways[0].env)}
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", PACKAGE, *words],
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def beside(self) -> Gateway:
        """Adds a gateway that does not run yet."""
        return self.world.add_gateway()

    async def start(self, gateway: Gateway, release: Release, step: str) -> None:
        """Starts a gateway with a release. Returns when it is ready and readings of every collector are stored. Raises
        NoRecoveryError."""
        gateway.env = release.environment(gateway.env)
        began = time.monotonic()
        await gateway.start()
        while not await http_ok(gateway.port, "/readyz"):
            if not gateway.is_running:
                raise NoRecoveryError(f"{release.name} of {gateway.name} ended: {last_line(gateway)}")
            if time.monotonic() > began + PATIENCE:
                raise NoRecoveryError(f"{release.name} of {gateway.name} is not ready after {PATIENCE:.0f} s")
            await asyncio.sleep(0.02)  # outside observers can only poll
        seconds = time.monotonic() - began
        assert gateway.process is not None
        used = psutil.Process(gateway.process.pid).cpu_times()
        self.starts.append(Start(step, release.name, gateway.name, seconds, used.user + used.system))
        await self.world.flows(PATIENCE)

    async def replace(
        self, gateway: Gateway, release: Release, step: str, number: signal.Signals = signal.SIGTERM
    ) -> None:
        """Ends a gateway and starts a release in its place, with the same address. Raises NoRecoveryError."""
        await gateway.end(number)
        assert gateway.process is not None
        if (code := gateway.process.returncode) not in {0, -signal.SIGKILL}:
            raise NoRecoveryError(f"{gateway.name} ended with {code}: {last_line(gateway)}")
        await self.start(gateway, release, step)

    def as_text(self) -> str:
        """The starts as lines."""
        late = sum(start.seconds > AIM for start in self.starts)
        longest = max(start.seconds for start in self.starts)
        summary = f"{len(self.starts)} starts, longest {longest:.1f} s, {late} above the aim of {AIM:.0f} s"
        head = f"{'step':40} {'':3} {'':9} {'ready':>7} {'cpu':>7}"
        return "\n".join([head, *map(str, self.starts), summary])


async def ends(gateway: Gateway) -> tuple[int, str]:
    """Returns the exit code and the last line of a gateway that ends by itself. Raises NoRecoveryError."""
    assert gateway.process is not None
    try:
        async with asyncio.timeout(PATIENCE):
            code = await gateway.process.wait()
    except TimeoutError:
        raise NoRecoveryError(f"{gateway.name} still runs after {PATIENCE:.0f} s") from None
    return code, last_line(gateway)


def last_line(gateway: Gateway) -> str:
    """The last line of its log."""
    return ((gateway.folder / "log").read_text(errors="replace").splitlines() or [""])[-1]
