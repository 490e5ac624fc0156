"""What the system is made of: servers, services, web, the first collector, and the environment that ties them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from pulse_contracts.topics import Party
from pulse_postgres.admin import create_database, provision
from pulse_standalone import web
from pulse_standalone.access import SERVICES
from pulse_standalone.children import Child, Program
from pulse_standalone.mosquitto import BrokerAccounts, Mosquitto, fetch, find
from pulse_standalone.ports import free_port, is_free
from pulse_standalone.postgres import Postgres
from pulse_standalone.runner import Runner, SetupError
from pulse_standalone.state import State, write_private

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

    @classmethod
    def from_environment(cls) -> "Options":
        """PULSE_STATE_DIR, PULSE_TOOLS_DIR, PULSE_PORT, PULSE_DEVICES, PULSE_FIRST_COLLECTOR, PULSE_ADMIN_EMAIL.
        Raises SetupError."""
        env = os.environ
        root = Path.cwd()
        text = env.get("PULSE_PORT", "8080")
        if not text.isdigit() or not 1 <= int(text) <= 65535:
            raise SetupError(f"PULSE_PORT={text!r} is no port: choose 1 to 65535")
        return cls(
            Path(env.get("PULSE_STATE_DIR") or root / ".pulse"),
            Path(env.get("PULSE_TOOLS_DIR") or root / ".tools").resolve(),
            root,
            int(text),
            tuple(name for name in env.get("PULSE_DEVICES", "").split(",") if name),
            env.get("PULSE_FIRST_COLLECTOR", "on") != "off",
            env.get("PULSE_ADMIN_EMAIL", ADMIN_EMAIL),
        )


class PostgresChild(Child):
    """The embedded PostgreSQL."""

    def __init__(self, server: Postgres) -> None:
        super().__init__("postgres")
        self.server = server

    async def launch(self) -> asyncio.subprocess.Process:
        await self.server.start()
        self.port = self.server.port
        if self.server.process is None:
            raise SetupError("PostgreSQL did not start")
        return self.server.process

    async def answers(self) -> bool:
        return self.pid is not None

    @property
    def stop_signal(self) -> signal.Signals:
        return signal.SIGINT


class BrokerChild(Child):
    """The embedded Mosquitto."""

    def __init__(self, server: Mosquitto) -> None:
        super().__init__("mosquitto")
        self.server = server

    async def launch(self) -> asyncio.subprocess.Process:
        await self.server.start()
        self.port = self.server.port
        if self.server.process is None:
            raise SetupError("Mosquitto did not start")
        return self.server.process

    async def answers(self) -> bool:
        return self.pid is not None


class CollectorChild(Program):
    """The first collector: ready when its link stands."""

    def __init__(self, name: str, command: list[str], *, env: Mapping[str, str], log: Path, cwd: Path) -> None:
        super().__init__(name, command, env=env, log=log, cwd=cwd)
        self.status_file = Path(env["PULSE_COLLECTOR_STATE_DIR"]) / "status.json"

    async def answers(self) -> bool:
        try:
            status = json.loads(self.status_file.read_text())
        except (OSError, ValueError):
            return False
        return bool(status.get("pid") == self.pid and str(status.get("link", "")).startswith("connected"))


def check_port(port: int) -> None:
    """Raises SetupError that says who has the port, if the system tells."""
    if is_free(port):
        return
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
        self._mqtt_url = os.environ.get("MQTT_URL", "")
        self._database_url = os.environ.get("DATABASE_URL", "")
        self._service_urls: dict[Party, str] = {}
        self._ports: dict[Party, int] = {}

    @property
    def url(self) -> str:
        """Where people go."""
        return f"http://127.0.0.1:{self.options.port}"

    async def servers(self) -> list[Child]:
        """PostgreSQL and the broker, unless DATABASE_URL and MQTT_URL name others."""
        self.state.folder.chmod(0o755)
        found: list[Child] = []
        if not self._database_url:
            postgres = Postgres(self.runner, self.state.folder)
            await postgres.prepare()
            found.append(PostgresChild(postgres))
        if not self._mqtt_url:
            program = find(self.options.tools_dir) or await fetch(self.options.tools_dir)
            found.append(BrokerChild(Mosquitto(self.runner, self.state.folder, program, self.accounts())))
        elif urlsplit(self._mqtt_url).password:
            raise SetupError("MQTT_URL must be mqtt://host:port: accounts come from `python -m pulse_standalone rules`")
        return found

    def accounts(self) -> BrokerAccounts:
        """Everybody who may connect to the broker, with generated passwords."""
        names = [self.state.device_id(), *self.options.devices]
        return BrokerAccounts(
            self.state.secret("broker", "admin_password"),
            {service: self.state.secret(service, "pulse_mqtt_password") for service in SERVICES},
            {name: self.state.device_password_file(name).read_text() for name in names},
        )

    async def provision(self, servers: list[Child]) -> None:
        """A schema and a role for each service. Raises SetupError when PostgreSQL refuses."""
        for child in servers:
            if isinstance(child, PostgresChild):
                self._database_url = child.server.url
            elif isinstance(child, BrokerChild):
                self._mqtt_url = child.server.url
        try:
            database = await create_database(self._database_url, "pulse")
            for service, schema in _SCHEMAS.items():
                password = self.state.secret(service, "pulse_database_password")
                url = await provision(database, schema, f"pulse_{schema}", password)
                parts = urlsplit(url)
                host = parts.netloc.rpartition("@")[2]
                self._service_urls[service] = parts._replace(netloc=f"pulse_{schema}@{host}").geturl()
        except Exception as error:
            raise SetupError(f"PostgreSQL could not be prepared: {type(error).__name__}: {error}") from error

    def services(self) -> list[Child]:
        """The four of us, ready to start."""
        found: list[Child] = []
        for service in SERVICES:
            self._ports[service] = free_port()
            module = f"pulse_{service.replace('-', '_')}"
            command = [sys.executable, "-m", module, "serve"]
            child = Program(
                service, command, env=self._environment(service), log=self.state.log(service), cwd=self.options.root
            )
            found.append(child.at(self._ports[service]))
        return found

    def _environment(self, service: Party) -> dict[str, str]:
        return {
            "PULSE_SECRETS_DIR": str(self.state.secrets_of(service)),
            "PULSE_DATABASE_URL": self._service_urls[service],
            "PULSE_MQTT_URL": self._mqtt_url,
            "PULSE_HTTP_PORT": str(self._ports.get(service, 0)),
            "PULSE_PUBLIC_ORIGIN": self.url,
            "PULSE_MIGRATE_ON_START": "true",
            "PULSE_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
        }

    def web(self) -> Child:
        """The dashboard, on the public port."""
        env = {
            "PORT": str(self.options.port),
            "HOSTNAME": os.environ.get("PULSE_HOST", "127.0.0.1"),
            "PULSE_AUTH_URL": f"http://127.0.0.1:{self._ports['auth']}",
            "PULSE_USERS_URL": f"http://127.0.0.1:{self._ports['users']}",
            "PULSE_GATEWAY_URL": f"http://127.0.0.1:{self._ports['telemetry-gateway']}",
            "PULSE_PUBLIC_ORIGIN": self.url,
            "NEXT_TELEMETRY_DISABLED": "1",
            "NODE_ENV": "production",
        }
        command = [str(web.find_node()), str(web.server_script(self.options.root))]
        child = Program("web", command, env=env, log=self.state.log("web"), cwd=self.options.root)
        return child.at(self.options.port, "/healthz")

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
        command = [sys.executable, "-m", "pulse_desktop", "run"]
        return CollectorChild("collector", command, env=env, log=self.state.log("collector"), cwd=self.options.root)

    async def first_administrator(self) -> dict[str, str] | None:
        """Makes one if there is none; returns e-mail and password the first time."""
        if self.state.admin_file.exists():
            return None
        command = [sys.executable, "-m", "pulse_users", "create-admin", "--email", self.options.admin_email]
        process = await asyncio.create_subprocess_exec(
            *command,
            "--if-missing",
            env={**os.environ, **self._environment("users")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        if process.returncode:
            raise SetupError(f"no administrator could be made: {err.decode().strip().splitlines()[-1:]}")
        made: dict[str, str] = json.loads(out or b"{}")
        if "password" not in made:
            return None
        write_private(self.state.admin_file, json.dumps(made) + "\n")
        return made
