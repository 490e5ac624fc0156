"""The processes of the system (servers, services, web, first collector) and the environment variables they get."""

import asyncio
import errno
import json
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from pulse_contracts.access import SERVICES
from pulse_contracts.topics import Party
from pulse_passwords import generate_password
from pulse_postgres import MigrationError
from pulse_postgres.admin import create_database, provision, provision_group
from pulse_standalone import environment, web
from pulse_standalone.certificates import TlsFiles, now
from pulse_standalone.children import Child, Program, Say
from pulse_standalone.files import SetupError, explain, write_private
from pulse_standalone.members import BrokerChild, CollectorChild, PostgresChild, WebChild
from pulse_standalone.mosquitto import BrokerAccounts, Listeners, Mosquitto, fetch, find
from pulse_standalone.ports import free_port, gateway_name, is_free, service_ports
from pulse_standalone.postgres import Postgres
from pulse_standalone.probe import metric
from pulse_standalone.public import PublicAddress
from pulse_standalone.runner import Runner, complete
from pulse_standalone.settings import Settings
from pulse_standalone.state import State

_MAX_SILENCE_SECONDS = 15
"""The same limit as in the services (`pulse_chassis.identity.principal.MAX_REVOCATIONS_AGE`)."""
_THIS_MACHINE = '["127.0.0.0/8", "::1/128"]'
"""The services trust the client's address that the web server on this machine sends."""
_SCHEMAS: Mapping[Party, str] = {
    "users": "users",
    "auth": "auth",
    "telemetry-gateway": "telemetry",
    "sync-publisher": "sync",
}
_ORPHANS_SECONDS, _ORPHANS_EVERY = 10.0, 0.1
_ALLOW_SECONDS = 20.0
_ALLOW_EVERY = 0.5


def check_port(port: int, host: str = "127.0.0.1", remedy: str = "PULSE_PORT=8090") -> None:
    """Raises SetupError when the port is in use or the address belongs to another machine. Names the process if
    known. `remedy`: a setting that selects another port."""
    try:
        if is_free(port, host):
            return
    except OSError as error:
        if error.errno == errno.EACCES:
            raise SetupError(
                f"this user may not use port {port}: choose another one, for example {remedy} make run"
            ) from error
        raise SetupError(
            f"PULSE_HOST={host} is not an address of this machine ({error.strerror}): choose another one"
        ) from error
    holder = "another process"
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid and connection.status == "LISTEN":
                holder = f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
                break
    except psutil.Error:
        holder = "another process"
    raise SetupError(f"port {port} is used by {holder}: stop it, or choose another port: {remedy} make run")


class System:
    """Creates the child processes, in the order in which they start."""

    def __init__(self, settings: Settings, state: State) -> None:
        self.settings, self.state = settings, state
        self.runner, self.public = Runner(state.folder), PublicAddress(settings, state.folder)
        self._mqtt_url, self._database_url = settings.mqtt_url, settings.database_url
        self._mqtt_ca = settings.broker_ca if self._mqtt_url else None
        self._broker_url = settings.public_mqtt_url or self._mqtt_url

        self._service_urls: dict[Party, str] = {}
        self._ports: dict[Party, int] = {}

    async def check_ports(self) -> None:
        """Raises SetupError when the public port or a port of a service is in use. After a run that was killed, its
        processes may need some seconds to stop, so this waits for them."""
        check_port(self.settings.port, self.settings.host)
        was_killed = self.state.status_file.exists()
        deadline = time.monotonic() + (_ORPHANS_SECONDS if was_killed else 0)
        for port in self._fixed_ports().values():
            while not is_free(port) and time.monotonic() < deadline:  # noqa: ASYNC110  # other processes hold it
                await asyncio.sleep(_ORPHANS_EVERY)
            check_port(port, remedy="PULSE_SERVICE_PORT_BASE=28080")

    def _fixed_ports(self) -> dict[str, int]:
        return service_ports(self.settings.service_port_base, self.settings.gateways)

    @property
    def url(self) -> str:
        """The public URL."""
        return self.public.url

    async def servers(self) -> list[Child]:
        """PostgreSQL and the broker, unless the settings name existing ones. Raises SetupError, OSError."""
        self.state.folder.chmod(0o755)
        self.state.service_settings_file.unlink(missing_ok=True)  # it names the previous run's ports
        found: list[Child] = []
        if not self._database_url:
            postgres = Postgres(self.runner, self.state.folder)
            await postgres.prepare()
            found.append(PostgresChild(postgres))
        if self._mqtt_url:
            self.state.forget_broker_accounts()
        else:
            found.append(await self._broker())
        return found

    async def _broker(self) -> BrokerChild:
        settings = self.settings
        program = find(settings.tools_dir) or await fetch(settings.tools_dir)
        tls, authority = self._tls_files(), None
        if tls is None:
            authority = self.public.authority()
            authority.ensure(now())
            tls = authority.files
        self._mqtt_ca = tls.authority
        listeners = Listeners(
            tls,
            settings.host,
            settings.broker_port,
            settings.mqtt_plain,
            settings.broker_tls12_port,
            settings.broker_trace,
        )
        accounts = self.accounts()
        enrolled = {self.state.device_id()} - set(settings.devices)  # gets its account from auth when it is enrolled
        shared = {one.name: one.secret for one in accounts.all() if one.name not in enrolled}
        self.state.share_broker_accounts(accounts.admin, shared)
        # auth creates the accounts of devices: a restart must not restore a device that was disabled or removed
        broker = Mosquitto(self.runner, self.state.folder, program, replace(accounts, devices={}), listeners)
        return BrokerChild(broker, authority)

    def _tls_files(self) -> TlsFiles | None:
        """The operator's certificate; None to create one. Raises SetupError when a file has no certificate."""
        settings = self.settings
        if settings.broker_ca is None or settings.broker_cert is None or settings.broker_key is None:
            return None
        files = TlsFiles(settings.broker_ca, settings.broker_cert, settings.broker_key)
        files.check()
        return files

    def accounts(self) -> BrokerAccounts:
        """Every account of the broker, with generated passwords."""
        names = [self.state.device_id(), *self.settings.devices]
        return BrokerAccounts(
            self.state.secret("broker", "admin_password"),
            {service: self.state.secret(service, "pulse_mqtt_password") for service in SERVICES},
            {name: self.state.device_password_file(name).read_text() for name in names},
            self.state.secret("telemetry-gateway", "pulse_plain_session"),
        )

    async def provision(self, servers: list[Child]) -> None:
        """Creates a schema and a role for each service. Raises SetupError when PostgreSQL rejects that."""
        for child in servers:
            if isinstance(child, PostgresChild):
                self._database_url = child.server.url
            elif isinstance(child, BrokerChild):
                self._mqtt_url = child.server.url
                self._broker_url = self.public.broker_url(child.server.port)
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
            which = "PostgreSQL" if not self.settings.database_url else "the PostgreSQL server of DATABASE_URL"
            if isinstance(error, MigrationError):
                raise SetupError(f"{which} cannot be used: {error}") from None
            raise SetupError(f"{which} could not be prepared: {type(error).__name__}: {error}") from error

    def services(self) -> list[Child]:
        """The services. Replicas of the gateway share the collectors; browsers connect to the first one."""
        found: list[Child] = []
        fixed = self._fixed_ports()
        for service in SERVICES:
            for number in range(1, 1 + (self.settings.gateways if service == "telemetry-gateway" else 1)):
                name = gateway_name(number) if service == "telemetry-gateway" else service
                port = fixed.get(name) or free_port()
                self._ports.setdefault(service, port)
                env = self._environment(service) | {"PULSE_HTTP_PORT": str(port), "PULSE_MQTT_CLIENT_ID": name}
                command = [sys.executable, "-m", f"pulse_{service.replace('-', '_')}", "serve"]
                child = Program(name, command, env=env, log=self.state.log(name), cwd=self.settings.root)
                found.append(child.at(port))
        self._write_service_settings()
        return found

    def _write_service_settings(self) -> None:
        """Writes what `pulse SERVICE COMMAND` needs. Raises SetupError."""
        services = {service: self._environment(service) for service in SERVICES}
        found = {"embedded_database": not self.settings.database_url, "services": services}
        try:
            write_private(self.state.service_settings_file, json.dumps(found, indent=2) + "\n")
        except OSError as error:
            raise explain(error, self.state.folder) from error

    def _environment(self, service: Party) -> dict[str, str]:
        ca = {"PULSE_MQTT_CA_FILE": str(self._mqtt_ca)} if self._mqtt_ca else {}
        if tls12 := self.settings.broker_tls12_port:
            host = urlsplit(self._broker_url).hostname or ""
            ca["PULSE_BROKER_TLS12_URL"] = f"mqtts://{f'[{host}]' if ':' in host else host}:{tls12}"
        return {
            **ca,
            "PULSE_SECRETS_DIR": str(self.state.secrets_of(service)),
            "PULSE_DATABASE_URL": self._service_urls[service],
            "PULSE_MQTT_URL": self._mqtt_url,
            "PULSE_BROKER_URL": self._broker_url,
            "PULSE_HTTP_PORT": str(self._ports.get(service, 0)),
            "PULSE_TRUSTED_PROXIES": _THIS_MACHINE,
            "PULSE_PUBLIC_URL": self.url,
            "PULSE_ALLOWED_ORIGINS": json.dumps(self.public.other_origins),
            "PULSE_MIGRATE_ON_START": "true",
            "PULSE_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
        }

    def web(self) -> Child:
        """The web server on the public port."""
        env = {
            "PORT": str(self.settings.port),
            "HOSTNAME": self.settings.host,
            "PULSE_AUTH_URL": f"http://127.0.0.1:{self._ports['auth']}",
            "PULSE_USERS_URL": f"http://127.0.0.1:{self._ports['users']}",
            "PULSE_GATEWAY_URL": f"http://127.0.0.1:{self._ports['telemetry-gateway']}",
            "PULSE_SYNC_URL": f"http://127.0.0.1:{self._ports['sync-publisher']}",
            "PULSE_PUBLIC_URL": self.url,
            "PULSE_HSTS": "on" if self.public.is_strict else "off",
            "PULSE_TRUSTED_PROXIES": json.dumps([str(network) for network in self.settings.trusted_proxies]),
            "NEXT_TELEMETRY_DISABLED": "1",
            "NODE_ENV": "production",
        }
        certificate, key, authority = self.public.certificate() or (None, None, None)
        if certificate is not None:
            env |= {"PULSE_TLS_CERT_FILE": str(certificate), "PULSE_TLS_KEY_FILE": str(key)}
        command = [str(web.find_node()), str(web.server_script(self.settings.root))]
        child = WebChild("web", command, env=env, log=self.state.log("web"), cwd=self.settings.root)
        child.authority, child.is_tls = authority, certificate is not None
        return child.at(self.settings.port, "/livez", environment.reachable_host(self.settings.host))

    def collector(self) -> Child:
        """The first collector, which measures this machine. It has its own identity and password, unless an operator
        manages the broker."""
        device = self.state.device_id()
        env = self._collector_environment() | {
            "PULSE_DEVICE": device,
            "PULSE_MQTT_URL": self._mqtt_url,
            "PULSE_COLLECTOR_NAME": self.settings.collector_name or device,
            "PULSE_LOG_FORMAT": "json",
        }
        if self._mqtt_ca:
            env["PULSE_MQTT_CA_FILE"] = str(self._mqtt_ca)
        if not self.state.is_collector_enrolled:
            env["PULSE_MQTT_PASSWORD_FILE"] = str(self.state.device_password_file(device))
        command = [sys.executable, "-m", "pulse_desktop", "run"]
        return CollectorChild("collector", command, env=env, log=self.state.log("collector"), cwd=self.settings.root)

    async def enrol_collector(self) -> None:
        """Enrols the first collector, unless it is enrolled already. The code is passed by pipes, so that it is in no
        list of processes. Does nothing for a lost collector, and for the broker of MQTT_URL, whose accounts auth
        does not manage. Raises SetupError."""
        if self.settings.mqtt_url or self.state.is_collector_enrolled:
            return
        device = self.state.device_id()
        made = await self._command(
            ("pulse_auth", "enrolment-code", "--device", device, "--name", self.settings.collector_name or device),
            self._environment("auth"),
        )
        found = json.loads(made)
        if found["state"] == "lost":  # an administrator decides whether it comes back
            return
        server = f"http://127.0.0.1:{self._ports['auth']}"
        await self._command(
            ("pulse_desktop", "enrol", "--state-dir", str(self.state.collector_folder), server, "-"),
            self._collector_environment(),
            stdin=found["code"] + "\n",
        )

    async def allow_first_administrator(self, say: Say) -> None:
        """Allows the first administrator to sign in at the first collector while it is offline: once, so that an
        administrator can withdraw it. Retries for 20 s, because sync-publisher learns of account and collector by
        events. Says how to do it later if that fails. Raises OSError."""
        admin, marker = _credentials(self.state.admin_file), self.state.offline_sign_in_decided
        if marker.exists() or not self.state.is_collector_enrolled:
            return
        email = admin["email"] if admin else ""
        words = ("pulse_sync_publisher", "allow", "--email", email, "--device", self.state.device_id())
        deadline = time.monotonic() + _ALLOW_SECONDS
        while admin is not None:
            try:
                await self._command(words, self._environment("sync-publisher"))
                break
            except SetupError as error:
                if time.monotonic() > deadline:
                    say(f"{email} cannot sign in at the first collector while it is offline: {error}")
                    break
                await asyncio.sleep(_ALLOW_EVERY)
        write_private(marker, "")

    def _collector_environment(self) -> dict[str, str]:
        return {"PULSE_COLLECTOR_STATE_DIR": str(self.state.collector_folder), "PULSE_SECRETS": "file"}

    async def _command(self, words: Sequence[str], env: Mapping[str, str], stdin: str = "") -> str:
        """Runs a command of a service or the collector; returns its output. Raises SetupError."""
        command = (sys.executable, "-m", *words)
        child_env = environment.child_environment(env)
        code, out, err = await complete(*command, cwd=self.settings.root, env=child_env, stdin=stdin)
        if code:
            reason = " ".join(err.strip().splitlines()[-1:])
            raise SetupError(f"{words[0]} {words[1]} failed: {reason}")
        return out

    async def first_administrator(self, say: Say) -> dict[str, str] | None:
        """Creates an administrator if there is none; returns e-mail and password the first time. The password is
        written to disk before the account exists, so that no crash can lose it: until the account is confirmed, the
        next start tries again with it. Raises SetupError, OSError."""
        file, unconfirmed = self.state.admin_file, self.state.admin_unconfirmed
        if file.exists() and not unconfirmed.exists():
            return None
        interrupted = _credentials(file)
        admin = interrupted or {
            "email": self.settings.admin_email,
            "password": generate_password(secrets.token_bytes),
        }
        write_private(unconfirmed, "")
        write_private(file, json.dumps(admin) + "\n")
        command = [sys.executable, "-m", "pulse_users", "create-admin", "--email"]
        code, out, err = await complete(
            *command,
            *(admin["email"], "--password-stdin", "--if-missing"),
            cwd=self.settings.root,
            env=environment.child_environment(self._environment("users")),
            stdin=admin["password"] + "\n",
        )
        if code:
            raise SetupError(f"the first administrator could not be created: {' '.join(err.strip().splitlines()[-1:])}")
        if "email" not in json.loads(out or "{}") and not interrupted:
            file.unlink()
            unconfirmed.unlink()
            remedy = ".venv/bin/pulse users create-admin --email you@example.com"
            say(f"an administrator exists; to create another one: {remedy}")
            return None
        unconfirmed.unlink()
        return admin

    async def knows_accounts(self) -> bool:
        """Whether auth knows any account. Before that, nobody can sign in."""
        return (await metric(self._ports["auth"], "pulse_auth_accounts") or 0) > 0

    async def is_auth_fresh(self) -> bool:
        """Whether every service has recent session data from auth. Before that, it rejects administrators."""
        for service in _SCHEMAS:
            silence = await metric(self._ports[service], "pulse_auth_revocations_age_seconds")
            if silence is None or silence > _MAX_SILENCE_SECONDS:
                return False
        return True


def _credentials(file: Path) -> dict[str, str] | None:
    """The credentials that an interrupted start wrote; None if the file is missing or damaged."""
    try:
        found = json.loads(file.read_text())
        return {"email": str(found["email"]), "password": str(found["password"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
