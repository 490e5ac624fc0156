"""Runs Mosquitto with its dynamic-security plugin, with TLS, and with access rules generated from the topic catalogue.

It is found on this machine, or unpacked from the distribution's packages into the tools folder without root."""

import asyncio
import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulse_bus.credentials import BrokerAccount
from pulse_bus.dynsec import ADMIN_GRANTS, dynamic_security
from pulse_bus.mqtt import NEVER, MqttSettings, create_session
from pulse_contracts.access import ADMIN, PLAIN_SESSION
from pulse_contracts.topics import TELEMETRY_PLAIN, Party
from pulse_standalone.certificates import TlsFiles
from pulse_standalone.files import SetupError, last_line
from pulse_standalone.ports import free_port, is_free
from pulse_standalone.probe import MqttProbe
from pulse_standalone.runner import Runner, complete
from pulse_standalone.settings import ProgramSettings

_START_SECONDS = 10
_MQTTS = 8883
_HOW = "install it with `apt-get install mosquitto` (or `brew install mosquitto`), or set MQTT_URL"

# Beyond max_queued_… the broker acknowledges messages and discards them. auth disables devices long before that
# (pulse_auth.actions.guard). Sessions never expire: the session for plain devices holds acknowledged messages.
_CONFIG = """\
per_listener_settings false
allow_anonymous false
plugin {plugin}
plugin_opt_config_file {rules}
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 1000000
max_queued_bytes 536870912
max_inflight_messages 100
max_packet_size 1048576
set_tcp_nodelay true
sys_interval 1
log_dest stderr
log_type error
log_type warning
log_type notice
"""
_PLAIN = """\
listener {port} 127.0.0.1
"""
_TLS = """\
listener {port}{host}
certfile {folder}/broker.pem
keyfile {folder}/broker.key
tls_version tlsv1.3
"""
_TLS12 = """\
listener {port}{host}
certfile {folder}/broker.pem
keyfile {folder}/broker.key
tls_version tlsv1.2
"""
_EVERYWHERE = frozenset({"*", "0.0.0.0", "::"})  # noqa: S104  # recognised here, not bound


@dataclass(frozen=True)
class Listeners:
    """Where the broker listens. `tls`: the certificate of the TLS listener on `host` and `port` (0: the last port, or a
    free one). Without `tls`, or with `has_plain`, the broker also listens without TLS on loopback. `tls12_port`: port
    of another listener on `host` that also accepts TLS 1.2 (0: none). `is_traced`: the broker logs every packet."""

    tls: TlsFiles | None = None
    host: str = "127.0.0.1"
    port: int = 0
    has_plain: bool = False
    tls12_port: int = 0
    is_traced: bool = False


@dataclass(frozen=True)
class Program:
    """The broker's executable, its plugin, and the environment variables that it needs."""

    executable: Path
    plugin: Path
    env: Mapping[str, str]


def find(tools: Path) -> Program | None:
    """Mosquitto on this machine or in the tools folder; None unless its plugin is there too."""
    named = ProgramSettings.load().mosquitto_root
    roots = [*([named] if named else []), *map(Path, ("/", "/opt/homebrew", "/usr/local")), tools / "mosquitto/root"]
    machine = platform.machine()
    for root in roots:
        libraries = [root / name for name in (f"usr/lib/{machine}-linux-gnu", f"lib/{machine}-linux-gnu")]
        libraries += [root / name for name in ("usr/lib64", "usr/lib", "lib")]
        plugins = [folder / name for folder in libraries for name in _PLUGINS]
        for executable in (root / "usr/sbin/mosquitto", root / "usr/local/sbin/mosquitto", root / "sbin/mosquitto"):
            plugin = next((p for p in plugins if p.exists()), None)
            if executable.exists() and plugin is not None:
                is_private = root in {tools / "mosquitto/root", named}
                path = ":".join(str(p) for p in libraries[:2])
                return Program(executable, plugin, {"LD_LIBRARY_PATH": path} if is_private else {})
    return None


_PLUGINS = ("mosquitto_dynamic_security.so", "mosquitto/mosquitto_dynamic_security.so")


async def fetch(tools: Path) -> Program:
    """Unpacks the distribution's packages below `tools`, without root and without starting a service. Concurrent calls
    wait for the first one. Raises SetupError."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise SetupError(f"Mosquitto with its dynamic-security plugin is missing: {_HOW}")
    tools.mkdir(parents=True, exist_ok=True)
    with (tools / "mosquitto.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if find(tools) is None:
            await _unpack(tools / "mosquitto.new")
            shutil.rmtree(tools / "mosquitto", ignore_errors=True)
            (tools / "mosquitto.new").rename(tools / "mosquitto")
    program = find(tools)
    if program is None:
        raise SetupError(f"the unpacked Mosquitto has no dynamic-security plugin: {_HOW}")
    return program


async def _unpack(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "packages", "root"):
        (folder / name).mkdir(parents=True)
    options = ["-q", "-o", f"Dir::State::Lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache"]
    options += ["-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"]
    await _quietly("apt-get", *options, "update", cwd=folder)
    plan = await _quietly("apt-get", *options, "-s", "--no-install-recommends", "install", "mosquitto", cwd=folder)
    names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    await _quietly("apt-get", *options, "download", *(names or ["mosquitto"]), cwd=folder / "packages")
    for package in sorted((folder / "packages").glob("*.deb")):
        await _quietly("dpkg-deb", "-x", str(package), str(folder / "root"), cwd=folder)
    shutil.rmtree(folder / "lists")
    shutil.rmtree(folder / "cache")


async def _quietly(*command: str, cwd: Path) -> str:
    code, out, err = await complete(*command, cwd=cwd, env=os.environ)
    if code:
        reason = err.strip().splitlines()[-1:] or ["no reason given"]
        raise SetupError(f"Mosquitto could not be unpacked ({reason[0][:200]}): {_HOW}")
    return out


@dataclass(frozen=True)
class BrokerAccounts:
    """The passwords of every broker account. `plain_session`: the client id of the session that receives messages of
    plain devices. Devices must not be able to guess it."""

    admin: str
    services: Mapping[Party, str]
    devices: Mapping[str, str]
    plain_session: str = PLAIN_SESSION

    def all(self) -> list[BrokerAccount]:
        """The accounts of services and devices."""
        found = [BrokerAccount(party, party, secret) for party, secret in self.services.items()]
        return found + [BrokerAccount(name, "collector", secret) for name, secret in self.devices.items()]

    def digest(self) -> str:
        """A digest of the input of the rules. The rules themselves contain new salts each time."""
        granted = [[one.name, one.secret, sorted(str(g) for g in one.observed().grants)] for one in self.all()]
        return hashlib.sha256(json.dumps([self.admin, granted, sorted(map(str, ADMIN_GRANTS))]).encode()).hexdigest()


class Mosquitto:
    """One broker."""

    def __init__(
        self,
        runner: Runner,
        state: Path,
        program: Program,
        accounts: BrokerAccounts,
        listeners: Listeners = Listeners(),  # frozen
    ) -> None:
        self._runner, self._program, self._accounts, self._listeners = runner, program, accounts, listeners
        self._folder = state / "mqtt"
        self.log = self._folder / "log"
        self.port = 0
        """The port of the TLS listener, or of the plain listener without TLS."""
        self.plain_port = 0
        self.tls12_port = listeners.tls12_port
        self.process: asyncio.subprocess.Process | None = None
        ca = listeners.tls.authority if listeners.tls else None
        self.probe = MqttProbe(ADMIN, accounts.admin, self._reachable, ca)

    @property
    def _reachable(self) -> str:
        host = self._listeners.host
        return "127.0.0.1" if host in _EVERYWHERE else host

    @property
    def url(self) -> str:
        """The URL for programs on this machine, without an account."""
        host = f"[{self._reachable}]" if ":" in self._reachable else self._reachable
        return f"{'mqtts' if self._listeners.tls else 'mqtt'}://{host}:{self.port}"

    @property
    def plain_url(self) -> str | None:
        """The URL of the plain listener on loopback; None when there is none."""
        return f"mqtt://127.0.0.1:{self.plain_port}" if self.plain_port else None

    async def start(self) -> None:
        """Starts the broker and waits until it answers. Raises SetupError."""
        process = await self.spawn()
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self.probe.answers(self.port):
                    if process.returncode is not None:
                        raise SetupError(f"Mosquitto did not start: {last_line(self.log)} (see {self.log})")
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            raise SetupError(f"Mosquitto was not ready after {_START_SECONDS} s (see {self.log})") from error

    async def spawn(self) -> asyncio.subprocess.Process:
        """Writes the current rules and starts the broker without waiting. Raises SetupError, OSError."""
        await self._wait_for_port()
        self.write_rules()
        if not (self._folder / "store/mosquitto.db").exists() or _text(self._marker) != self._accounts.plain_session:
            await self._create_session()
        self.process = await self._runner.start(
            self._program.executable,
            "-c",
            self._folder / "mosquitto.conf",
            log=self.log,
            env=self._program.env,
            on_parent_death=signal.SIGTERM,
        )
        return self.process

    def write_rules(self) -> None:
        """Writes rules, certificates and configuration if they changed, so that a restart works on a full disk.
        Accounts that auth created in the running broker stay. Raises OSError."""
        runner, accounts = self._runner, self._accounts
        store = runner.make_folder(runner.make_folder(self._folder) / "store")
        rules, digest_file = store / "dynamic-security.json", self._folder / "rules.sha256"
        digest = accounts.digest()
        if not rules.exists() or _text(digest_file) != digest:
            digest_file.unlink(missing_ok=True)
            content = dynamic_security(accounts.admin, accounts.all(), _stored_rules(rules))
            runner.write(rules, json.dumps(content))
            runner.write(digest_file, digest)
        self.copy_certificates()
        text = (
            self._listener_config() + self._common_config() + ("log_type debug\n" if self._listeners.is_traced else "")
        )
        if _text(self._folder / "mosquitto.conf") != text:
            runner.write(self._folder / "mosquitto.conf", text)

    def _common_config(self) -> str:
        store = self._folder / "store"
        return _CONFIG.format(plugin=self._program.plugin, rules=store / "dynamic-security.json", folder=store)

    @property
    def _marker(self) -> Path:
        """The file with the id of the created session. A store alone is no proof: its broker may have stopped early."""
        return self._folder / "plain-session"

    async def _create_session(self) -> None:
        """Creates the session that queues messages of plain devices. Without it, the broker would acknowledge and
        discard them. Uses a temporary broker on loopback, so that no device can connect earlier."""
        password = self._accounts.services.get("telemetry-gateway")
        if password is None:
            return
        port, file, session = free_port(), self._folder / "first.conf", self._accounts.plain_session
        self._runner.write(file, _PLAIN.format(port=port) + self._common_config())
        process = await self._runner.start(
            self._program.executable, "-c", file, log=self.log, env=self._program.env, on_parent_death=signal.SIGTERM
        )
        probe = MqttProbe(ADMIN, self._accounts.admin)
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await probe.answers(port):
                    if process.returncode is not None:
                        raise SetupError(f"Mosquitto did not start: {last_line(self.log)} (see {self.log})")
                    await asyncio.sleep(0.02)
                url = f"mqtt://127.0.0.1:{port}"
                settings = MqttSettings(url, "telemetry-gateway", password, session, session_expiry=NEVER)
                await create_session(settings, TELEMETRY_PLAIN)
        except TimeoutError as error:
            raise SetupError(f"Mosquitto was not ready after {_START_SECONDS} s (see {self.log})") from error
        finally:
            probe.close()
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()
            file.unlink()
        self._runner.write(self._marker, session)

    def _listener_config(self) -> str:
        listeners, text = self._listeners, ""
        if listeners.tls is not None:
            self.port = self.port or self._permanent_port()
            host = "" if listeners.host in _EVERYWHERE else f" {listeners.host}"
            text = _TLS.format(port=self.port, host=host, folder=self._folder)
            if listeners.tls12_port:
                text += _TLS12.format(port=listeners.tls12_port, host=host, folder=self._folder)
        if listeners.tls is None:
            self.port = self.plain_port = self.port or free_port()
        elif listeners.has_plain:
            self.plain_port = self.plain_port or free_port()
        return text + (_PLAIN.format(port=self.plain_port) if self.plain_port else "")

    def _permanent_port(self) -> int:
        """The configured port, else the last port (enrolled collectors know it), else a free port."""
        if known := self._known_port():
            return known
        port = _MQTTS if self._is_free(_MQTTS) else free_port()
        self._runner.write(self._folder / "port", str(port))
        return port

    def _known_port(self) -> int:
        text = _text(self._folder / "port").strip()
        return self._listeners.port or (int(text) if text.isdecimal() else 0)

    def _is_free(self, port: int) -> bool:
        return is_free(port, self._listeners.host.replace("*", "0.0.0.0"))  # noqa: S104  # probed, not bound

    async def _wait_for_port(self) -> None:
        """Waits for the broker of a killed supervisor, which may still be saving its store. Enrolled collectors know
        only this port, so another one is no alternative. Raises SetupError."""
        known = self._known_port() if self._listeners.tls and not self.port else 0
        end = time.monotonic() + _START_SECONDS
        while known and not self._is_free(known):
            if time.monotonic() > end:
                raise SetupError(
                    f"the broker's port {known} is in use: stop the process that uses it, or set PULSE_BROKER_PORT and "
                    "enrol every collector again"
                )
            await asyncio.sleep(0.1)

    def copy_certificates(self) -> bool:
        """Copies the certificate to files of the broker's user. Returns whether it changed. Raises OSError."""
        tls, is_changed = self._listeners.tls, False
        if tls is None:
            return False
        for source, name in ((tls.certificate, "broker.pem"), (tls.key, "broker.key")):
            text = source.read_text()
            if _text(self._folder / name) != text:
                self._runner.write(self._folder / name, text)
                is_changed = True
        return is_changed

    def reload_certificates(self) -> None:
        """Makes the running broker reload its certificate. Connections stay open."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGHUP)

    async def stop(self) -> None:
        """Stops the broker; it saves its store."""
        self.probe.close()
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await self.process.wait()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _stored_rules(file: Path) -> Mapping[str, Any] | None:
    """The content of the plugin's file; None when it is damaged. auth then restores the accounts."""
    try:
        found = json.loads(file.read_text())
        lists: Sequence[object] = [found["clients"], found["roles"]]
        return found if all(isinstance(one, list) for one in lists) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
