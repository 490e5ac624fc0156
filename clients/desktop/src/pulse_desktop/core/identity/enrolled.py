"""The identity of one state directory on disk: identity.json, the pinned authorities, and the secrets in the safest
place that this machine has."""

import os
import stat
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from pulse_desktop.core.identity.keyrings import Keyring, system_keyring
from pulse_desktop.core.identity.model import PLACES, Identity, IdentityError, Place, Secrets
from pulse_desktop.core.identity.vault import SECRETS, Vault, write_private
from pulse_jose import TokenError

IDENTITY, AUTHORITIES, PLAIN, SEALED = "identity.json", "broker-ca.pem", SECRETS.plain, SECRETS.sealed
SERVER_AUTHORITIES: Final = "server-ca.pem"
"""The authorities of the server's certificate, if they were named at enrolment."""


class Enrolled:
    """The identity of one state directory. `keyring`: None when the machine has no usable one."""

    def __init__(self, folder: Path, keyring: Keyring | None, credentials: Path | None) -> None:
        self.folder, self.vault = folder, Vault(folder, keyring, credentials)

    def read(self) -> Identity | None:
        """The identity; None before the first enrolment. Raises IdentityError."""
        file = self.folder / IDENTITY
        try:
            return Identity.model_validate_json(file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValidationError) as error:
            raise IdentityError(f"{file} cannot be read ({_describe(error)}): enrol again with --replace") from error

    def authorities(self, identity: Identity) -> Path | None:
        """The file with the pinned authorities of the broker, if enrolment named some. Raises IdentityError when that
        file is missing: the authorities of the system must not replace it."""
        file = self.folder / AUTHORITIES
        if file.exists():
            return file
        if identity.is_pinned:
            raise IdentityError(f"{file} is missing: enrol again with --replace")
        return None

    def server_authorities(self) -> Path | None:
        """The file with the authorities of the server's certificate. None: those of the operating system."""
        file = self.folder / SERVER_AUTHORITIES
        return file if file.exists() else None

    def prepare(self) -> Place:
        """Creates the folder and returns where secrets will be stored. Raises IdentityError for a read-only folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.folder / f"{IDENTITY}.new"
            write_private(probe, "")
            probe.unlink()
        except OSError as error:
            raise IdentityError(f"{self.folder} cannot be written ({error.strerror}): choose --state-dir") from error
        return self.vault.choose()

    def save(
        self, identity: Identity, secrets: Secrets, authorities: str | None, server_authorities: str | None = None
    ) -> None:
        """Writes the secrets first and the identity last, so that an identity is always complete. Raises
        IdentityError."""
        try:
            self.vault.write(identity.place, SECRETS, secrets.dumped())
            self._save_authorities(AUTHORITIES, authorities)
            self._save_authorities(SERVER_AUTHORITIES, server_authorities)
            complete = identity.model_copy(update={"is_pinned": authorities is not None})
            write_private(self.folder / IDENTITY, complete.model_dump_json(indent=2))
        except OSError as error:
            raise IdentityError(f"{self.folder} cannot be written ({error.strerror})") from error

    def secrets(self, identity: Identity) -> Secrets:
        """The secrets. Raises IdentityError, also for secrets of another generation than the identity."""
        try:
            text = self.vault.read(identity.place, SECRETS)
            found = Secrets.model_validate_json(text)
        except (OSError, TokenError, ValidationError) as error:
            where = PLACES[identity.place]
            raise IdentityError(
                f"the secrets cannot be read from {where} ({_describe(error)}): enrol again with --replace"
            ) from error
        if found.gen != identity.gen:
            raise IdentityError("an enrolment was interrupted: enrol again with --replace")
        return found

    def problem(self, identity: Identity) -> str | None:
        """How to fix the secret file's permissions when other users can read it; else None."""
        file = self.folder / PLAIN
        if identity.place == "file" and file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
            return f"other users can read {file}: chmod 600 {file}"
        return None

    def _save_authorities(self, name: str, authorities: str | None) -> None:
        if authorities is None:
            (self.folder / name).unlink(missing_ok=True)
        else:
            write_private(self.folder / name, authorities)


def open_identity(folder: Path) -> Enrolled:
    """The identity of a state directory, with the keyring and the service credentials of this machine."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    keyring = system_keyring() if os.environ.get("PULSE_SECRETS", "auto") != "file" else None
    return Enrolled(folder, keyring, Path(credentials) if credentials else None)


def _describe(error: Exception) -> str:
    """The reason of an error. For a validation error only its type, because its text contains the secret."""
    return error.strerror or "" if isinstance(error, OSError) else type(error).__name__
