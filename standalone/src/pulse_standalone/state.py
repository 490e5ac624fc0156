"""The state directory: secrets (generated once, 0600), folders of the processes, logs, and what runs there now."""

import fcntl
import json
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pulse_standalone.access import SERVICES
from pulse_standalone.runner import SetupError

_DEVICE = re.compile(r"^[a-z0-9-]{1,32}$")


class AlreadyRunningError(SetupError):
    """Another supervisor owns this state directory."""


class State:
    """One installation on one machine. Raises SetupError when the directory cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in ("secrets", "logs", "collector"):
                (self.folder / name).mkdir(exist_ok=True)
            probe = self.folder / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise SetupError(
                f"the state directory {self.folder} cannot be written ({error.strerror}): set PULSE_STATE_DIR"
            ) from error
        (self.folder / "secrets").chmod(0o700)
        (self.folder / "logs").chmod(0o700)

    @property
    def admin_file(self) -> Path:
        """The first administrator's e-mail and generated password, 0600."""
        return self.folder / "admin.json"

    @property
    def status_file(self) -> Path:
        """What runs, written each second by the supervisor."""
        return self.folder / "status.json"

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.folder / "logs" / f"{name}.log"

    def secrets_of(self, service: str) -> Path:
        """The folder that a service reads its secrets from."""
        folder = self.folder / "secrets" / service
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        """Everything that the services need before their first start."""
        for service in SERVICES:
            self.secret(service, "pulse_mqtt_password")
            self.secret(service, "pulse_database_password")
        shared = self.secret("users", "pulse_accounts_key")
        self._once(self.secrets_of("auth") / "pulse_accounts_key", shared)
        key = ec.generate_private_key(ec.SECP256R1())
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        pem = key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
        self._once(self.secrets_of("auth") / "pulse_signing_key", pem)
        self.secret("auth", "pulse_refresh_key")

    def device_id(self) -> str:
        """The first collector's id: this machine's name, made fit and kept from then on."""
        host = re.sub(r"[^a-z0-9-]+", "-", socket.gethostname().split(".")[0].lower()).strip("-")[:32]
        return self._once(self.folder / "device", host or "this-machine")

    def _once(self, path: Path, value: str) -> str:
        if path.exists():
            return path.read_text()
        write_private(path, value)
        return value

    @contextmanager
    def owned(self) -> Iterator[None]:
        """One supervisor at a time. Raises AlreadyRunningError with the other's pid."""
        with (self.folder / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                pid = file.read().strip() or "unknown"
                raise AlreadyRunningError(
                    f"already running here (pid {pid}): make stop, or set PULSE_STATE_DIR"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
            file.truncate(0)

    def owner(self) -> int | None:
        """The pid of the supervisor that owns this directory now."""
        path = self.folder / "lock"
        if not path.exists():
            return None
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                text = file.read().strip()
                return int(text) if text.isdigit() else None
        return None

    def status(self) -> dict[str, Any]:
        """What the supervisor last wrote; `running` tells whether it still lives."""
        found: dict[str, Any] = {"ready": False, "processes": []}
        if self.status_file.exists():
            found = json.loads(self.status_file.read_text())
        pid = self.owner()
        if pid is None:
            return {"running": False, "ready": False, "state_dir": str(self.folder), "processes": []}
        return {"running": True, **found}


def write_private(path: Path, text: str) -> None:
    """A 0600 file, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
