"""Whole processes that can be killed, stopped and restarted one by one: PostgreSQL, the broker, gateways, and
collectors behind proxies. Includes the state that is visible from outside."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from pulse_contracts.access import SERVICES
from pulse_postgres.admin import create_database, provision, with_role
from pulse_standalone.mosquitto import BrokerAccounts, Mosquitto, fetch, find
from pulse_standalone.ports import free_port
from pulse_standalone.postgres import Postgres
from pulse_standalone.runner import Runner
from tests.resilience.members import Collector, Gateway, Member, NoRecoveryError, until
from tests.resilience.plain import PlainDevice, Span, acknowledgements, is_within, stored_numbers
from tests.resilience.proxy import Proxy
from tests.system import ROOT, open_path

GATEWAY_ENV: Mapping[str, str] = {
    "PULSE_MIGRATE_ON_START": "true",
    "PULSE_LOG_LEVEL": "warning",
    # so that compaction runs within minutes
    "PULSE_COMPACTION_LAG": "PT3S",
    "PULSE_COMPACTION_QUIET": "PT10S",
}
_MISSING_PATIENCE: Final = 8.0
"""Seconds. A gateway retries a message after 5 s at most."""
_LEFT_BEHIND: Final = "Future exception was never retrieved", "ConnectionDoesNotExistError"
_GONE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


@dataclass(frozen=True)
class Size:
    """Numbers of everything. `rate`: readings per second of each collector. `keepers`: how many of the collectors keep
    settled readings. `mutant`: see `mutants`. `fleet`: devices with an account that the caller starts.
    `fixed_client_ids`: gateways have configured client ids, so that the broker keeps their sessions; else the default
    ones, as in containers."""

    gateways: int = 2
    collectors: int = 4
    plain_devices: int = 2
    rate: int = 250
    keepers: int = 0
    mutant: str = "none"
    fleet: int = 0
    fixed_client_ids: bool = True


@dataclass
class World:
    """The running processes. Use `opened`."""

    folder: Path
    size: Size
    postgres: Postgres
    broker: Mosquitto
    database: str = ""
    gateways: list[Gateway] = field(default_factory=list)
    left: list[Gateway] = field(default_factory=list)
    """Gateways that were stopped for good."""
    collectors: list[Collector] = field(default_factory=list)
    copies: list[Collector] = field(default_factory=list)
    """Disks that were replaced or cloned. Their readings are delivered at the end."""
    mounted: list[Path] = field(default_factory=list)
    plain: list[PlainDevice] = field(default_factory=list)
    at_risk: list[Span] = field(default_factory=list)
    missing: dict[str, set[int]] = field(default_factory=dict)
    """Acknowledged numbers of plain devices that were not stored in time."""
    """Time spans of acknowledged messages that the broker may not have saved before it was killed."""
    flowed: float = 0.0
    """Until this time, all messages of plain devices are known to be stored."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Passwords at the broker, by account."""
    _gateway_env: dict[str, str] = field(default_factory=dict)
    _sending: list["asyncio.Task[None]"] = field(default_factory=list)
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, folder: Path, size: Size) -> "AsyncIterator[World]":
        """Starts everything and stops everything."""
        open_path(folder)
        servers = folder / "servers"
        servers.mkdir()
        servers.chmod(0o755)
        runner = Runner(servers)
        devices = {f"prover-{n}": secrets.token_urlsafe(24) for n in range(size.collectors)}
        devices |= {f"fleet-{n}": secrets.token_urlsafe(24) for n in range(size.fleet)}
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
        self.secrets = {str(name): secret for name, secret in (*accounts.services.items(), *accounts.devices.items())}
        password = secrets.token_urlsafe(24)
        await provision(self.database, "telemetry", "pulse_telemetry", password)
        self._gateway_env = {
            **GATEWAY_ENV,
            "PULSE_DATABASE_URL": with_role(self.database, "pulse_telemetry", password),
            "PULSE_MQTT_URL": self.broker.url,
            "PULSE_MQTT_PASSWORD": accounts.services["telemetry-gateway"],
            "PULSE_AUDIT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",  # of a temporary world
            "PULSE_MUTANT": self.size.mutant,
        }
        for _ in range(self.size.gateways):
            gateway = self.add_gateway()
            await gateway.start()
            await gateway.ready()
        for device, secret in accounts.devices.items():
            if device.startswith("fleet-"):
                continue
            if device.startswith("plain-"):
                journal = self.folder / f"{device}.journal"
                self.plain.append(PlainDevice(device, secret, self.broker.port, journal))
            else:
                self.collectors.append(self._collector(device, secret))
        if self.collectors:
            await self._disk_of_its_own(self.collectors[-1])
        for collector in self.collectors:
            await collector.start()
        self._sending = [asyncio.create_task(device.run()) for device in self.plain]

    def add_gateway(self) -> Gateway:
        """One more gateway, not started yet."""
        number, port = len(self.gateways) + len(self.left), free_port()
        own = {"PULSE_HTTP_PORT": str(port)}
        if self.size.fixed_client_ids:
            own["PULSE_MQTT_CLIENT_ID"] = f"telemetry-gateway-{number}"
        name = f"gateway-{number}"
        command = ["pulse_telemetry_gateway", "serve"]
        gateway = Gateway(name, self.folder / name, command, self._gateway_env | own)
        gateway.port = port
        self.gateways.append(gateway)
        return gateway

    async def unowned(self, victim: str = "") -> int | None:
        """Shards whose readings no gateway with a valid lease receives, other than the one with the client id `victim`.
        None while PostgreSQL is unavailable."""
        query = (
            "SELECT count(*) FROM telemetry.shard s WHERE NOT is_ready OR owner IS NULL OR owner = $1 OR NOT EXISTS "
            "(SELECT FROM telemetry.gateway_lease l WHERE l.name = s.owner AND l.until > now())"
        )
        try:
            connection = await asyncpg.connect(self.database, timeout=2)
        except _GONE:
            return None
        try:
            return int(await connection.fetchval(query, victim, timeout=2))
        except _GONE:
            return None
        finally:
            connection.terminate()

    async def take_shards(self, client_id: str) -> None:
        """Takes the shards of a gateway away, as if others had claimed them. Nobody receives them at first."""
        connection = await asyncpg.connect(self.database)
        try:
            await connection.execute(
                "UPDATE telemetry.shard SET owner = 'nobody', is_ready = true WHERE owner = $1", client_id
            )
        finally:
            await connection.close()

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
            "PULSE_BACKUP_INTERVAL": "PT1H" if len(self.collectors) < self.size.keepers else "PT0S",
        }
        collector = Collector(device, folder, command, env)
        collector.device, collector.proxy, collector.journals = device, proxy, [journal]
        return collector

    async def _disk_of_its_own(self, collector: Collector) -> None:
        """A small file system that can be filled. Only root may mount it."""
        disk = collector.disk
        disk.mkdir()
        if os.geteuid() == 0 and shutil.which("mount"):
            mount = await asyncio.create_subprocess_exec("mount", "-t", "tmpfs", "-o", "size=24m", "none", str(disk))
            if await mount.wait() == 0:
                self.mounted.append(disk)

    async def rows(self) -> dict[str, int]:
        """Feed positions by device. Empty while PostgreSQL is unavailable."""
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
        """Returns the seconds until every collector's readings are stored again. Raises NoRecoveryError."""
        began = time.monotonic()
        expected = {c.device for c in self.collectors if c.is_running}
        first = await self.rows()
        while not first:
            first = await self._again(began, seconds)
        left = set(expected)
        while left:
            now = await self._again(began, seconds, left)
            left -= {device for device in left if now.get(device, 0) > first.get(device, 0)}
        await self._plain_flows(seconds)
        return time.monotonic() - began

    async def _plain_flows(self, seconds: float) -> None:
        """Returns when a new message of each plain device is stored, and all that were acknowledged before. A gateway
        may commit them in any order after an outage. The checker judges the missing ones."""
        now, end = time.time(), time.monotonic() + seconds
        for device in self.plain:
            expected, missing = device.next, self.missing.setdefault(device.name, set())
            acknowledged = acknowledgements(device.journal)
            promised = {number for number, at in acknowledged.items() if not is_within(at, self.at_risk)}
            while max(stored := await self._stored(device), default=-1) < expected:
                if time.monotonic() > end:
                    raise NoRecoveryError(f"{device.name}: number {expected} is not stored after {seconds:.0f} s")
                await asyncio.sleep(0.1)  # outside observers can only poll
            patience = time.monotonic() + _MISSING_PATIENCE
            while (left := promised - stored.keys() - missing) and time.monotonic() < patience:
                await asyncio.sleep(0.1)  # outside observers can only poll
                stored = await self._stored(device)
            missing |= left
        self.flowed = now

    async def _stored(self, device: PlainDevice) -> "Counter[int]":
        try:
            return await stored_numbers(self.database, device.name)
        except _GONE:
            return Counter()

    def broker_dies(self, saved_before: float) -> None:
        """Records that messages acknowledged since `saved_before` may not be on the broker's disk."""
        self.at_risk.append((saved_before, time.time()))

    async def _again(self, began: float, seconds: float, left: set[str] | None = None) -> dict[str, int]:
        if time.monotonic() > began + seconds:
            names = sorted(left) if left else "any collector"
            raise NoRecoveryError(f"no new readings of {names} are stored after {seconds:.0f} s")
        await asyncio.sleep(0.05)  # outside observers can only poll
        return await self.rows()

    def complaints(self) -> list[str]:
        """Programs that ended unexpectedly, and errors in the gateways' logs. Ignores one line (`_LEFT_BEHIND`) that
        appeared once after an immediate stop of PostgreSQL and whose cause is unknown."""
        members: list[Member] = [*self.gateways, *self.left, *self.collectors, *self.copies]
        found = [end for member in members for end in member.own_ends]
        for gateway in [*self.gateways, *self.left]:
            lines = (gateway.folder / "log").read_text(errors="replace").splitlines()
            bad = [line for line in lines if '"level": "error"' in line or line.startswith("Traceback")]
            found += [f"{gateway.name}: {line[:300]}" for line in bad if not all(word in line for word in _LEFT_BEHIND)]
        return found

    async def drain(self) -> None:
        """Stops producing and delivers the readings of all disks, one after the other where they share an identity.
        Raises NoRecoveryError."""
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
