"""Whole processes that can be killed, stopped and restarted one by one: PostgreSQL, the broker, gateways, collectors
behind cables of their own; and what an outsider can see of them."""

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from pulse_contracts.access import SERVICES
from pulse_postgres.admin import create_database, provision, with_role
from pulse_standalone.mosquitto import BrokerAccounts, Mosquitto, fetch, find
from pulse_standalone.ports import free_port
from pulse_standalone.postgres import Postgres
from pulse_standalone.probe import http_ok
from pulse_standalone.runner import Runner, die_with_parent
from tests.resilience.plain import PlainDevice, Span, acknowledgements, is_within, stored_numbers
from tests.resilience.proxy import Proxy
from tests.system import ROOT, open_path

GATEWAY_ENV: Mapping[str, str] = {
    "PULSE_MIGRATE_ON_START": "true",
    "PULSE_LOG_LEVEL": "warning",
    # so that compaction has something to do within minutes
    "PULSE_COMPACTION_LAG": "PT3S",
    "PULSE_COMPACTION_QUIET": "PT10S",
}
_MISSING_PATIENCE: Final = 8.0
"""Seconds. A gateway tries a message again after 5 s at most."""
_LEFT_BEHIND: Final = "Future exception was never retrieved", "ConnectionDoesNotExistError"
_GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


class NoRecoveryError(AssertionError):
    """Something did not come back in time."""


async def until(claim: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits for a state. Raises NoRecoveryError."""
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            raise NoRecoveryError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.05)  # an outsider can only look again


@dataclass
class Member:
    """One of our programs, started through `tests.resilience.armed`."""

    name: str
    folder: Path
    command: list[str]
    env: dict[str, str]
    process: asyncio.subprocess.Process | None = None
    own_ends: list[str] = field(default_factory=list)

    @property
    def trap(self) -> Path:
        """Where it reads what to do at SIGUSR1."""
        return self.folder / "trap"

    async def start(self) -> None:
        """Starts it; it may take a second before it hears signals."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.trap.write_text("none")
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.resilience.armed", *self.command),
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
        """A signal to a process that may be gone."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def note_own_end(self) -> None:
        """Remembers that it ended although nobody ended it."""
        if self.process is not None and self.process.returncode not in {None, -signal.SIGKILL, 0}:
            self.own_ends.append(f"{self.name} ended by itself with {self.process.returncode} (see {self.folder}/log)")

    async def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Returns when it is gone."""
        self.note_own_end()
        if self.process is not None:
            self.send(number)
            self.send(signal.SIGCONT)
            await self.process.wait()


class Gateway(Member):
    """A replica."""

    port = 0

    async def ready(self, seconds: float = 60) -> None:
        """Returns when it answers that it works; one that gave up is started again, as a supervisor does."""
        end = time.monotonic() + seconds
        while not await http_ok(self.port, "/readyz"):
            if time.monotonic() > end:
                raise NoRecoveryError(f"{self.name} is not ready (see {self.folder}/log)")
            if not self.is_running:
                self.note_own_end()
                await self.start()
            await asyncio.sleep(0.05)


class Collector(Member):
    """A collector, its disk and its journal. `journals` are of this disk and of every copy of it."""

    device = ""
    journals: list[Path]
    proxy: Proxy

    @property
    def disk(self) -> Path:
        """Its state directory."""
        return Path(self.env["PULSE_COLLECTOR_STATE_DIR"])

    def status(self) -> dict[str, object]:
        """What it last wrote of itself."""
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
        """The same on the same disk, producing nothing."""
        at = self.command.index("--simulator-rate") + 1
        command = [*self.command[:at], "0", *self.command[at + 1 :]]
        quiet = Collector(self.name, self.folder, command, self.env)
        quiet.device, quiet.proxy, quiet.journals = self.device, self.proxy, self.journals
        return quiet


@dataclass(frozen=True)
class Size:
    """How much of everything. `rate`: readings a second of each collector. `mutant`: see `mutants`."""

    gateways: int = 2
    collectors: int = 4
    plain_devices: int = 2
    rate: int = 250
    mutant: str = "none"


@dataclass
class World:
    """What is there. Use `opened`."""

    folder: Path
    size: Size
    postgres: Postgres
    broker: Mosquitto
    database: str = ""
    gateways: list[Gateway] = field(default_factory=list)
    collectors: list[Collector] = field(default_factory=list)
    copies: list[Collector] = field(default_factory=list)
    """Disks that were replaced or cloned: what they still hold is delivered at the end."""
    mounted: list[Path] = field(default_factory=list)
    plain: list[PlainDevice] = field(default_factory=list)
    at_risk: list[Span] = field(default_factory=list)
    missing: dict[str, set[int]] = field(default_factory=dict)
    """Acknowledged numbers of plain devices that did not come in time."""
    """When the broker acknowledged what it may not have saved before it was killed."""
    flowed: float = 0.0
    """When everything that plain devices had sent until then was known to be stored."""
    _sending: list["asyncio.Task[None]"] = field(default_factory=list)
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, folder: Path, size: Size) -> "AsyncIterator[World]":
        """Starts everything, and ends everything."""
        open_path(folder)
        servers = folder / "servers"
        servers.mkdir()
        servers.chmod(0o755)
        runner = Runner(servers)
        devices = {f"prover-{n}": secrets.token_urlsafe(24) for n in range(size.collectors)}
        plain = {f"plain-{n}": secrets.token_urlsafe(24) for n in range(size.plain_devices)}
        accounts = BrokerAccounts(
            secrets.token_urlsafe(24), {name: secrets.token_urlsafe(24) for name in SERVICES}, devices | plain
        )
        tools = ROOT / ".tools"
        program = find(tools) or await fetch(tools)
        world = cls(folder, size, Postgres(runner, servers), Mosquitto(runner, servers, program, accounts))
        try:
            await world._begin(accounts)
            yield world
        finally:
            await world._end()

    async def _begin(self, accounts: BrokerAccounts) -> None:
        await self.postgres.prepare()
        await self.postgres.start()
        await self.broker.start()
        self.database = await create_database(self.postgres.url, "pulse")
        password = secrets.token_urlsafe(24)
        await provision(self.database, "telemetry", "pulse_telemetry", password)
        for number in range(self.size.gateways):
            port = free_port()
            env = {
                **GATEWAY_ENV,
                "PULSE_DATABASE_URL": with_role(self.database, "pulse_telemetry", password),
                "PULSE_MQTT_URL": self.broker.url,
                "PULSE_MQTT_PASSWORD": accounts.services["telemetry-gateway"],
                "PULSE_AUDIT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",  # of a world that is thrown away
                "PULSE_MQTT_CLIENT_ID": f"telemetry-gateway-{number}",
                "PULSE_HTTP_PORT": str(port),
                "PULSE_MUTANT": self.size.mutant,
            }
            name = f"gateway-{number}"
            gateway = Gateway(name, self.folder / name, ["pulse_telemetry_gateway", "serve"], env)
            gateway.port = port
            self.gateways.append(gateway)
            await gateway.start()
            await gateway.ready()
        for device, secret in accounts.devices.items():
            if device.startswith("plain-"):
                journal = self.folder / f"{device}.journal"
                self.plain.append(PlainDevice(device, secret, self.broker.port, journal))
            else:
                self.collectors.append(self._collector(device, secret))
        await self._disk_of_its_own(self.collectors[-1])
        for collector in self.collectors:
            await collector.start()
        self._sending = [asyncio.create_task(device.run()) for device in self.plain]

    def _collector(self, device: str, secret: str) -> Collector:
        folder = self.folder / device
        folder.mkdir()
        (folder / "password").write_text(secret)
        journal = folder / "journal"
        proxy = self._stack.enter_context(Proxy(self.broker.port))
        command = ["pulse_desktop", "run", "--no-host-metrics", "--journal", str(journal)]
        command += ["--simulator-rate", str(self.size.rate), "--simulator-series", "10"]
        env = {
            "PULSE_COLLECTOR_STATE_DIR": str(folder / "disk"),
            "PULSE_DEVICE": device,
            "PULSE_MQTT_URL": f"mqtt://127.0.0.1:{proxy.port}",
            "PULSE_MQTT_PASSWORD_FILE": str(folder / "password"),
            "PULSE_BUFFER_MIN_FREE_BYTES": "0",
        }
        collector = Collector(device, folder, command, env)
        collector.device, collector.proxy, collector.journals = device, proxy, [journal]
        return collector

    async def _disk_of_its_own(self, collector: Collector) -> None:
        """A small one that can be filled; only root may mount it."""
        disk = collector.disk
        disk.mkdir()
        if os.geteuid() == 0 and shutil.which("mount"):
            mount = await asyncio.create_subprocess_exec("mount", "-t", "tmpfs", "-o", "size=24m", "none", str(disk))
            if await mount.wait() == 0:
                self.mounted.append(disk)

    async def rows(self) -> dict[str, int]:
        """Feed positions by device; empty while PostgreSQL is away."""
        try:
            connection = await asyncpg.connect(self.database, timeout=2)
        except _GONE:
            return {}
        try:
            found = await connection.fetch("SELECT name, pos FROM telemetry.device", timeout=2)
        except _GONE:
            return {}
        finally:
            connection.terminate()
        return {row["name"]: row["pos"] for row in found}

    async def flows(self, seconds: float = 90) -> float:
        """Returns when every collector's readings are stored again: the seconds it took. Raises NoRecoveryError."""
        began = time.monotonic()
        wanted = {c.device for c in self.collectors if c.is_running}
        first = await self.rows()
        while not first:
            first = await self._again(began, seconds)
        left = set(wanted)
        while left:
            now = await self._again(began, seconds, left)
            left -= {device for device in left if now.get(device, 0) > first.get(device, 0)}
        await self._plain_flows(seconds)
        return time.monotonic() - began

    async def _plain_flows(self, seconds: float) -> None:
        """Returns when a message that plain devices send from now on is stored, and all that was acknowledged before:
        a gateway commits them in any order when the database was away. What stays missing is left to the judge."""
        now, end = time.time(), time.monotonic() + seconds
        for device in self.plain:
            wanted, missing = device.next, self.missing.setdefault(device.name, set())
            acknowledged = acknowledgements(device.journal)
            promised = {number for number, at in acknowledged.items() if not is_within(at, self.at_risk)}
            while max(stored := await self._stored(device), default=-1) < wanted:
                if time.monotonic() > end:
                    raise NoRecoveryError(f"{device.name}: number {wanted} is not stored after {seconds:.0f} s")
                await asyncio.sleep(0.1)  # an outsider can only look again
            patience = time.monotonic() + _MISSING_PATIENCE
            while (left := promised - stored.keys() - missing) and time.monotonic() < patience:
                await asyncio.sleep(0.1)  # an outsider can only look again
                stored = await self._stored(device)
            missing |= left
        self.flowed = now

    async def _stored(self, device: PlainDevice) -> "Counter[int]":
        try:
            return await stored_numbers(self.database, device.name)
        except _GONE:
            return Counter()

    def broker_dies(self, saved_before: float) -> None:
        """What it acknowledged since `saved_before` may not be on its disk."""
        self.at_risk.append((saved_before, time.time()))

    async def _again(self, began: float, seconds: float, left: set[str] | None = None) -> dict[str, int]:
        if time.monotonic() > began + seconds:
            raise NoRecoveryError(f"nothing is stored of {sorted(left or ['anybody'])} after {seconds:.0f} s")
        await asyncio.sleep(0.05)  # an outsider can only look again
        return await self.rows()

    def complaints(self) -> list[str]:
        """Programs of ours that ended by themselves, and errors in the gateways' logs, but for one line that was seen
        once after PostgreSQL was stopped at once and whose cause is not known (`_LEFT_BEHIND`)."""
        members: list[Member] = [*self.gateways, *self.collectors, *self.copies]
        found = [end for member in members for end in member.own_ends]
        for gateway in self.gateways:
            lines = (gateway.folder / "log").read_text(errors="replace").splitlines()
            bad = [line for line in lines if '"level": "error"' in line or line.startswith("Traceback")]
            found += [f"{gateway.name}: {line[:300]}" for line in bad if not all(word in line for word in _LEFT_BEHIND)]
        return found

    async def drain(self) -> None:
        """Nothing more is produced, and everything that any disk holds is delivered, one disk after the other where
        they share an identity. Raises NoRecoveryError."""
        await self._plain_flows(90)
        await self._silence()
        for collector in [*self.collectors, *self.copies]:
            await collector.end(signal.SIGTERM)
        for group in (self.collectors, *([copy] for copy in self.copies)):
            quiet = [collector.silent() for collector in group]
            for collector in quiet:
                await collector.start()
            for collector in quiet:
                await until(lambda c=collector: c.status().get("waiting") == 0, 120, f"{collector.name} has delivered")  # type: ignore[misc]
            for collector in quiet:
                await collector.end(signal.SIGTERM)

    async def _silence(self) -> None:
        for sending in self._sending:
            sending.cancel()
        if self._sending:
            await asyncio.wait(self._sending)
        self._sending.clear()

    async def _end(self) -> None:
        await self._silence()
        for member in [*self.collectors, *self.copies, *self.gateways]:
            await member.end()
        self._stack.close()
        await self.broker.stop()
        await self.postgres.stop()
        for disk in self.mounted:
            await (await asyncio.create_subprocess_exec("umount", "-l", str(disk))).wait()
