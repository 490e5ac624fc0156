"""The state directory: generated secrets (mode 0600), folders of the processes, logs, and the status of the run."""

import contextlib
import fcntl
import json
import os
import re
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from pulse_contracts.access import RESERVED, SERVICES
from pulse_standalone.files import SetupError, explain, read_secret, write_private

_REMEDY = "restore it, or delete it to generate a new one"
_DEVICE = re.compile(r"^[a-z0-9-]{1,32}$")


class AlreadyRunningError(SetupError):
    """Another supervisor is running on this state directory."""


_SHARED_KEYS = (
    ("pulse_accounts_key", "users", "auth"),
    ("pulse_mirror_accounts_key", "users", "sync-publisher"),
    ("pulse_collectors_key", "auth", "sync-publisher"),
    ("pulse_gateway_key", "auth", "telemetry-gateway"),
)
"""Keys that two services share: the name, the service whose file counts, and the other one."""
_SERVER_LOGS = {"mosquitto": "mqtt/log", "postgres": "postgres/log"}


class State:
    """One installation on one machine. Only `create` and `prepare_secrets` create folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def create(self) -> None:
        """Creates the folders. Raises SetupError when the directory is not writable."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in ("secrets", "logs", "collector"):
                (self.folder / name).mkdir(mode=0o700, exist_ok=True)
                (self.folder / name).chmod(0o700)
            probe = self.folder / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise SetupError(
                f"the state directory {self.folder} cannot be written ({error.strerror}): set PULSE_STATE_DIR"
            ) from error

    @property
    def admin_file(self) -> Path:
        """The first administrator's e-mail and generated password, mode 0600."""
        return self.folder / "admin.json"

    @property
    def admin_unconfirmed(self) -> Path:
        """Exists while `admin_file` is written but its account may not exist yet."""
        return self.folder / "admin.unconfirmed"

    @property
    def collector_folder(self) -> Path:
        """The state directory of the first collector."""
        return self.folder / "collector"

    @property
    def is_collector_enrolled(self) -> bool:
        """Whether the first collector has an identity."""
        return (self.collector_folder / "identity.json").exists()

    @property
    def offline_sign_in_decided(self) -> Path:
        """Exists once the first administrator was allowed to sign in at the first collector while it is offline."""
        return self.folder / "collector.allowed"

    @property
    def status_file(self) -> Path:
        """The status of the run. The supervisor writes it every second."""
        return self.folder / "status.json"

    @property
    def service_settings_file(self) -> Path:
        """The settings of each service, without secrets, for `pulse SERVICE COMMAND`. Written at each start."""
        return self.folder / "services.json"

    def log(self, name: str) -> Path:
        """The log of one process that the supervisor writes."""
        return self.folder / "logs" / f"{name}.log"

    def log_to_follow(self, name: str) -> Path:
        """The log of any process. The database and the broker write theirs themselves, into their own folders."""
        own = _SERVER_LOGS.get(name)
        return self.folder / own if own else self.log(name)

    def secrets_of(self, service: str) -> Path:
        """The folder with the secrets of one service. Raises SetupError."""
        folder = self.folder / "secrets" / service
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, self.folder) from error
        return folder

    def secret(self, service: str, name: str) -> str:
        """One secret of 256 random bits, generated at first use."""
        return self._once(self.secrets_of(service) / name, secrets.token_urlsafe(32))

    def device_password_file(self, device: str) -> Path:
        """The file with a device's broker password. Raises SetupError for an invalid id."""
        if not _DEVICE.match(device):
            raise SetupError(f"{device!r} is not a device id: use 1 to 32 of a-z, 0-9 and -")
        path = self.secrets_of("devices") / device
        self._once(path, secrets.token_urlsafe(32))
        return path

    def prepare_secrets(self) -> None:
        """Creates the secrets that the services need before their first start. Raises SetupError."""
        self.create()
        for service in SERVICES:
            self.secret(service, "pulse_mqtt_password")
            self.secret(service, "pulse_database_password")
            self.secret(service, "pulse_audit_key")
        for name, owner, other in _SHARED_KEYS:
            shared = self.secret(owner, name)
            copy = self.secrets_of(other) / name
            if self._once(copy, shared) != shared:  # the owner got a new key
                self._write(copy, shared)
        for service in ("auth", "sync-publisher"):
            self.secret(service, "pulse_key_encryption_key")

    def share_broker_accounts(self, admin: str, accounts: Mapping[str, str]) -> None:
        """Gives auth the broker's administrator password and the generated secrets. auth maintains the accounts, and
        restores them when the broker loses its disk. Raises SetupError."""
        folder = self.secrets_of("auth")
        for name, text in (
            ("pulse_broker_admin_password", admin),
            ("pulse_broker_accounts", json.dumps(dict(accounts), sort_keys=True)),
        ):
            path = folder / name
            if not path.exists() or path.read_text() != text:
                self._write(path, text)

    def forget_broker_accounts(self) -> None:
        """Deletes shared broker accounts: auth must not use the accounts of the embedded broker on another broker."""
        for name in ("pulse_broker_admin_password", "pulse_broker_accounts"):
            (self.secrets_of("auth") / name).unlink(missing_ok=True)

    def device_id(self) -> str:
        """The id of the first collector: derived from this machine's name at the first call, and permanent."""
        host = re.sub(r"[^a-z0-9-]+", "-", socket.gethostname().split(".")[0].lower()).strip("-")[:32]
        valid = host if host and host not in RESERVED else "this-machine"
        return self._once(self.folder / "device", valid)

    def _once(self, path: Path, value: str) -> str:
        if path.exists():
            return read_secret(path, _REMEDY)
        self._write(path, value)
        return value

    def _write(self, path: Path, value: str) -> None:
        try:
            write_private(path, value)
        except OSError as error:
            raise explain(error, self.folder) from error

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Locks the directory for one supervisor. Raises AlreadyRunningError with the pid of the other one, and
        SetupError."""
        self.create()
        try:
            descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise explain(error, self.folder) from error
        with os.fdopen(descriptor, "r+") as file:
            self._lock(file)
            yield
            with contextlib.suppress(OSError):
                file.truncate(0)

    def _lock(self, file: TextIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.fchmod(file.fileno(), 0o600)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        except BlockingIOError as error:
            pid = file.read().strip() or "unknown"
            raise AlreadyRunningError(
                f"already running (pid {pid}): run `make stop`, or set PULSE_STATE_DIR"
            ) from error
        except OSError as error:
            raise explain(error, self.folder) from error

    def owner(self) -> int | None:
        """The pid of the running supervisor; None when there is none. Raises SetupError for an unreadable directory."""
        try:
            with (self.folder / "lock").open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    text = file.read().strip()
                    return int(text) if text.isdecimal() else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise explain(error, self.folder) from error
        return None

    def status(self) -> dict[str, Any]:
        """The last status of the supervisor. `running`: whether it is running."""
        empty: dict[str, Any] = {"ready": False, "state_dir": str(self.folder), "processes": []}
        if self.owner() is None:
            return {"running": False, **empty}
        try:
            found = json.loads(self.status_file.read_text())
        except (OSError, ValueError):  # not written yet, or damaged by a power failure
            found = None
        return {"running": True, **(found if isinstance(found, dict) else empty)}
