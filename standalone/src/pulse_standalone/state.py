"""The state directory: secrets (generated once, 0600), folders of the processes, logs, and what runs there now."""

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

_REMEDY = "restore it, or delete it and a new one is made"
_DEVICE = re.compile(r"^[a-z0-9-]{1,32}$")


class AlreadyRunningError(SetupError):
    """Another supervisor owns this state directory."""


class State:
    """One installation on one machine. Looking at one makes nothing; `create` does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def create(self) -> None:
        """Makes the folders. Raises SetupError when the directory cannot be written."""
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
        """The first administrator's e-mail and generated password, 0600."""
        return self.folder / "admin.json"

    @property
    def admin_unconfirmed(self) -> Path:
        """Lies here while `admin_file` is written and the account may not be made yet."""
        return self.folder / "admin.unconfirmed"

    @property
    def status_file(self) -> Path:
        """What runs, written each second by the supervisor."""
        return self.folder / "status.json"

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.folder / "logs" / f"{name}.log"

    def secrets_of(self, service: str) -> Path:
        """The folder that a service reads its secrets from. Raises SetupError."""
        folder = self.folder / "secrets" / service
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, self.folder) from error
        return folder

    def secret(self, service: str, name: str) -> str:
        """One secret, made at first use: 256 random bits."""
        return self._once(self.secrets_of(service) / name, secrets.token_urlsafe(32))

    def device_password_file(self, device: str) -> Path:
        """The file with a device's broker password."""
        if not _DEVICE.match(device):
            raise SetupError(f"{device!r} is no device id: 1 to 32 of a-z 0-9 -")
        path = self.secrets_of("devices") / device
        self._once(path, secrets.token_urlsafe(32))
        return path

    def prepare_secrets(self) -> None:
        """Everything that the services need before their first start. Raises SetupError."""
        self.create()
        for service in SERVICES:
            self.secret(service, "pulse_mqtt_password")
            self.secret(service, "pulse_database_password")
            self.secret(service, "pulse_audit_key")
        shared = self.secret("users", "pulse_accounts_key")
        copy = self.secrets_of("auth") / "pulse_accounts_key"
        if self._once(copy, shared) != shared:  # users' was made anew
            self._write(copy, shared)
        self.secret("auth", "pulse_key_encryption_key")

    def tell_broker_accounts(self, admin: str, accounts: Mapping[str, str]) -> None:
        """Lets auth keep the broker's accounts: the administrator's password, and the secrets that were made here. A
        broker that loses its disk gets them back from auth. Raises SetupError."""
        folder = self.secrets_of("auth")
        for name, text in (
            ("pulse_broker_admin_password", admin),
            ("pulse_broker_accounts", json.dumps(dict(accounts), sort_keys=True)),
        ):
            path = folder / name
            if not path.exists() or path.read_text() != text:
                self._write(path, text)

    def forget_broker_accounts(self) -> None:
        """A broker of the person's own is not ours to keep: what was told for another must not be tried there."""
        for name in ("pulse_broker_admin_password", "pulse_broker_accounts"):
            (self.secrets_of("auth") / name).unlink(missing_ok=True)

    def device_id(self) -> str:
        """The first collector's id: this machine's name, made fit and kept from then on."""
        host = re.sub(r"[^a-z0-9-]+", "-", socket.gethostname().split(".")[0].lower()).strip("-")[:32]
        fit = host if host and host not in RESERVED else "this-machine"
        return self._once(self.folder / "device", fit)

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
        """One supervisor at a time. Raises AlreadyRunningError with the other's pid, else SetupError."""
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
            raise AlreadyRunningError(f"already running here (pid {pid}): make stop, or set PULSE_STATE_DIR") from error
        except OSError as error:
            raise explain(error, self.folder) from error

    def owner(self) -> int | None:
        """The pid of the supervisor that owns this directory now. Raises SetupError when it may not be asked."""
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
        """What the supervisor last wrote; `running` tells whether it still lives."""
        nothing: dict[str, Any] = {"ready": False, "state_dir": str(self.folder), "processes": []}
        if self.owner() is None:
            return {"running": False, **nothing}
        try:
            found = json.loads(self.status_file.read_text())
        except (OSError, ValueError):  # not written yet, or by a machine that lost power
            found = None
        return {"running": True, **(found if isinstance(found, dict) else nothing)}
