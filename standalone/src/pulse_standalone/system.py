"""What the system is made of: servers, services, web, the first collector, and the environment that ties them."""

import errno
import json
import os
import secrets
import shlex
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from pulse_contracts.access import SERVICES
from pulse_contracts.topics import Party
from pulse_passwords import generate_password
from pulse_postgres.admin import create_database, provision, provision_group
from pulse_standalone import environment, web
from pulse_standalone.certificates import Authority, TlsFiles, now
from pulse_standalone.children import Child, Program, Say
from pulse_standalone.files import SetupError, write_private
from pulse_standalone.members import BrokerChild, CollectorChild, PostgresChild
from pulse_standalone.mosquitto import BrokerAccounts, Listeners, Mosquitto, fetch, find
from pulse_standalone.ports import free_port, is_free
from pulse_standalone.postgres import Postgres
from pulse_standalone.probe import metric
from pulse_standalone.runner import Runner, complete
from pulse_standalone.state import State

_MOST_SILENCE = 15
"""Seconds: what a service allows itself (`pulse_chassis.identity.principal.MAX_SILENCE`)."""
_SCHEMAS: Mapping[Party, str] = {"users": "users", "auth": "auth", "telemetry-gateway": "telemetry"}
ADMIN_EMAIL = "admin@example.com"


@dataclass(frozen=True)
class Options:
    """What the person chose. `port` is the public one; `devices` get broker accounts beside the first collector."""

    state_dir: Path
    tools_dir: Path
    root: Path
    port: int
    devices: tuple[str, ...]
    has_collector: bool
    admin_email: str
    host: str = "127.0.0.1"
    gateways: int = 1
    broker_port: int = 0
    has_plain_broker: bool = False
    broker_tls12_port: int = 0

    @classmethod
    def from_environment(cls, *, has_port: bool = True) -> "Options":
        """PULSE_STATE_DIR, PULSE_TOOLS_DIR, PULSE_PORT (read only with `has_port`), PULSE_HOST, PULSE_DEVICES,
        PULSE_FIRST_COLLECTOR, PULSE_ADMIN_EMAIL, PULSE_GATEWAYS, PULSE_BROKER_PORT, PULSE_MQTT_PLAIN,
        PULSE_BROKER_TLS12_PORT. Raises SetupError."""
        env = os.environ
        root = Path.cwd()
        return cls(
            Path(env.get("PULSE_STATE_DIR") or root / ".pulse"),
            Path(env.get("PULSE_TOOLS_DIR") or root / ".tools").resolve(),
            root,
            environment.public_port() if has_port else 0,
            tuple(name for name in env.get("PULSE_DEVICES", "").split(",") if name),
            env.get("PULSE_FIRST_COLLECTOR", "on") != "off",
            env.get("PULSE_ADMIN_EMAIL", ADMIN_EMAIL),
            environment.bind_host(),
            environment.gateways(),
            environment.broker_port(),
            environment.has_plain_broker(),
            environment.broker_tls12_port(),
        )


def check_port(port: int, host: str = "127.0.0.1") -> None:
    """Raises SetupError that says who has the port, if the system tells; and when the address is not this machine's."""
    try:
        if is_free(port, host):
            return
    except OSError as error:
        if error.errno == errno.EACCES:
            raise SetupError(
                f"port {port} is not for this account: choose another: PULSE_PORT=8080 make run"
            ) from error
        raise SetupError(
            f"PULSE_HOST={host} is no address of this machine ({error.strerror}): choose another"
        ) from error
    holder = "another process"
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid and connection.status == "LISTEN":
                holder = f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
                break
    except psutil.Error:
        holder = "another process"
    raise SetupError(f"port {port} is taken by {holder}: stop it, or choose another: PULSE_PORT=8090 make run")


class System:
    """Builds the children in the order in which they start."""

    def __init__(self, options: Options, state: State) -> None:
        self.options, self.state = options, state
        self.runner = Runner(state.folder)
        self._mqtt_url, self._database_url = environment.mqtt_url(), environment.database_url()
        ca = os.environ.get("PULSE_BROKER_CA") if self._mqtt_url else None
        self._mqtt_ca = Path(ca).resolve() if ca else None
        self._broker_url = self._mqtt_url
        self.has_own_postgres = not self._database_url
        self._service_urls: dict[Party, str] = {}
        self._ports: dict[Party, int] = {}

    @property
    def url(self) -> str:
        """Where people go."""
        return environment.origin(environment.reachable_host(self.options.host), self.options.port)

    async def servers(self) -> list[Child]:
        """PostgreSQL and the broker, unless DATABASE_URL and MQTT_URL name others."""
        self.state.folder.chmod(0o755)
        found: list[Child] = []
        if not self._database_url:
            postgres = Postgres(self.runner, self.state.folder)
            await postgres.prepare()
            found.append(PostgresChild(postgres))
        if self._mqtt_url:
            self.state.forget_broker_accounts()
        else:
            program = find(self.options.tools_dir) or await fetch(self.options.tools_dir)
            given, authority = TlsFiles.from_environment(), None
            if given is None:
                authority = Authority(self.state.folder / "tls", [self._broker_host()])
                authority.ensure(now())
                given = authority.files
            self._mqtt_ca = given.authority
            options = self.options
            listeners = Listeners(
                given,
                options.host,
                options.broker_port,
                options.has_plain_broker,
                options.broker_tls12_port,
                environment.is_broker_traced(),
            )
            accounts = self.accounts()
            self.state.tell_broker_accounts(accounts.admin, {one.name: one.secret for one in accounts.all()})
            # Devices are auth's to make: one that was disabled, lost or enrolled anew must not come back by a restart.
            broker = Mosquitto(self.runner, self.state.folder, program, replace(accounts, devices={}), listeners)
            found.append(BrokerChild(broker, authority))
        return found

    def _broker_host(self) -> str:
        """As collectors of other machines know this one."""
        host = self.options.host
        reachable = environment.reachable_host(host)
        return reachable if reachable == host else socket.gethostname()

    def accounts(self) -> BrokerAccounts:
        """Everybody who may connect to the broker, with generated passwords."""
        names = [self.state.device_id(), *self.options.devices]
        return BrokerAccounts(
            self.state.secret("broker", "admin_password"),
            {service: self.state.secret(service, "pulse_mqtt_password") for service in SERVICES},
            {name: self.state.device_password_file(name).read_text() for name in names},
            self.state.secret("telemetry-gateway", "pulse_plain_session"),
        )

    async def provision(self, servers: list[Child]) -> None:
        """A schema and a role for each service. Raises SetupError when PostgreSQL refuses."""
        for child in servers:
            if isinstance(child, PostgresChild):
                self._database_url = child.server.url
            elif isinstance(child, BrokerChild):
                self._mqtt_url = child.server.url
                host = self._broker_host()
                host = f"[{host}]" if ":" in host else host
                self._broker_url = f"mqtts://{host}:{child.server.port}"
        try:
            database = await create_database(self._database_url, "pulse")
            await provision_group(database, "telemetry_reader")
            for service, schema in _SCHEMAS.items():
                password = self.state.secret(service, "pulse_database_password")
                url = await provision(database, schema, f"pulse_{schema}", password)
                parts = urlsplit(url)
                host = parts.netloc.rpartition("@")[2]
                self._service_urls[service] = parts._replace(netloc=f"pulse_{schema}@{host}").geturl()
        except Exception as error:
            which = "PostgreSQL" if self.has_own_postgres else "the PostgreSQL of DATABASE_URL"
            raise SetupError(f"{which} could not be prepared: {type(error).__name__}: {error}") from error

    def services(self) -> list[Child]:
        """All that are ours, ready to start. Replicas of the gateway share the collectors; browsers go to the first."""
        found: list[Child] = []
        for service in SERVICES:
            for number in range(1, 1 + (self.options.gateways if service == "telemetry-gateway" else 1)):
                name, port = service if number == 1 else f"{service}-{number}", free_port()
                self._ports.setdefault(service, port)
                env = self._environment(service) | {"PULSE_HTTP_PORT": str(port)}
                if number > 1:
                    env["PULSE_MQTT_CLIENT_ID"] = name
                command = [sys.executable, "-m", f"pulse_{service.replace('-', '_')}", "serve"]
                child = Program(name, command, env=env, log=self.state.log(name), cwd=self.options.root)
                found.append(child.at(port))
        return found

    def _environment(self, service: Party) -> dict[str, str]:
        ca = {"PULSE_MQTT_CA_FILE": str(self._mqtt_ca)} if self._mqtt_ca else {}
        if tls12 := self.options.broker_tls12_port:
            host = urlsplit(self._broker_url).hostname or ""
            ca["PULSE_BROKER_TLS12_URL"] = f"mqtts://{f'[{host}]' if ':' in host else host}:{tls12}"
        return {
            **ca,
            "PULSE_SECRETS_DIR": str(self.state.secrets_of(service)),
            "PULSE_DATABASE_URL": self._service_urls[service],
            "PULSE_MQTT_URL": self._mqtt_url,
            "PULSE_BROKER_URL": self._broker_url,
            "PULSE_HTTP_PORT": str(self._ports.get(service, 0)),
            "PULSE_PUBLIC_ORIGIN": self.url,
            "PULSE_ALLOWED_ORIGINS": json.dumps(self._other_origins()),
            "PULSE_MIGRATE_ON_START": "true",
            "PULSE_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
        }

    def _other_origins(self) -> list[str]:
        """What else people may type for the same machine."""
        host = self.options.host
        named = [host] if environment.reachable_host(host) == host and host != "127.0.0.1" else []
        return [environment.origin(name, self.options.port) for name in ("localhost", *named)]

    def web(self) -> Child:
        """The dashboard, on the public port."""
        env = {
            "PORT": str(self.options.port),
            "HOSTNAME": self.options.host,
            "PULSE_AUTH_URL": f"http://127.0.0.1:{self._ports['auth']}",
            "PULSE_USERS_URL": f"http://127.0.0.1:{self._ports['users']}",
            "PULSE_GATEWAY_URL": f"http://127.0.0.1:{self._ports['telemetry-gateway']}",
            "PULSE_PUBLIC_ORIGIN": self.url,
            "NEXT_TELEMETRY_DISABLED": "1",
            "NODE_ENV": "production",
        }
        command = [str(web.find_node()), str(web.server_script(self.options.root))]
        child = Program("web", command, env=env, log=self.state.log("web"), cwd=self.options.root)
        return child.at(self.options.port, "/healthz", environment.reachable_host(self.options.host))

    def collector(self) -> Child:
        """The first collector: this machine."""
        device = self.state.device_id()
        env = {
            "PULSE_COLLECTOR_STATE_DIR": str(self.state.folder / "collector"),
            "PULSE_DEVICE": device,
            "PULSE_MQTT_URL": self._mqtt_url,
            "PULSE_MQTT_PASSWORD_FILE": str(self.state.device_password_file(device)),
            "PULSE_COLLECTOR_NAME": os.environ.get("PULSE_COLLECTOR_NAME", device),
            "PULSE_LOG_FORMAT": "json",
        }
        if self._mqtt_ca:
            env["PULSE_MQTT_CA_FILE"] = str(self._mqtt_ca)
        command = [sys.executable, "-m", "pulse_desktop", "run"]
        return CollectorChild("collector", command, env=env, log=self.state.log("collector"), cwd=self.options.root)

    async def first_administrator(self, say: Say) -> dict[str, str] | None:
        """Makes one if there is none; returns e-mail and password the first time. The password is on the disk before
        it counts, so that no crash can lose it: until the account is confirmed, the next start tries again with it.
        Raises SetupError, OSError."""
        file, unconfirmed = self.state.admin_file, self.state.admin_unconfirmed
        if file.exists() and not unconfirmed.exists():
            return None
        interrupted = _credentials(file)
        admin = interrupted or {
            "email": self.options.admin_email,
            "password": generate_password(secrets.token_bytes),
        }
        write_private(unconfirmed, "")
        write_private(file, json.dumps(admin) + "\n")
        command = [sys.executable, "-m", "pulse_users", "create-admin", "--email"]
        code, out, err = await complete(
            *command,
            *(admin["email"], "--password-stdin", "--if-missing"),
            cwd=self.options.root,
            env=environment.child_environment(self._environment("users")),
            stdin=admin["password"] + "\n",
        )
        if code:
            raise SetupError(f"no administrator could be made: {' '.join(err.strip().splitlines()[-1:])}")
        if "email" not in json.loads(out or "{}") and not interrupted:
            file.unlink()
            unconfirmed.unlink()
            needed = ("PULSE_SECRETS_DIR", "PULSE_DATABASE_URL", "PULSE_MQTT_URL")
            values = self._environment("users")
            prefix = " ".join(f"{name}={shlex.quote(values[name])}" for name in needed)
            say(f"an administrator exists; for another one: {prefix} {shlex.join(command)} you@example.com")
            return None
        unconfirmed.unlink()
        return admin

    async def knows_accounts(self) -> bool:
        """Whether auth has a copy of any account: before that, nobody can sign in."""
        return (await metric(self._ports["auth"], "pulse_auth_accounts") or 0) > 0

    async def hears_auth(self) -> bool:
        """Whether every service knows whose sessions have ended: before that, it refuses administrators."""
        for service in _SCHEMAS:
            silence = await metric(self._ports[service], "pulse_auth_silence_seconds")
            if silence is None or silence > _MOST_SILENCE:
                return False
        return True


def _credentials(file: Path) -> dict[str, str] | None:
    """What an interrupted start wrote, if it is whole."""
    try:
        found = json.loads(file.read_text())
        return {"email": str(found["email"]), "password": str(found["password"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
