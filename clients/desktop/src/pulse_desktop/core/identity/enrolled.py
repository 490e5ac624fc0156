"""The identity of one state directory on disk: identity.json, the pinned authorities, and the secrets in the safest
place that this machine has."""

import base64
import binascii
import hashlib
import os
import stat
import time
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from pulse_desktop.core.identity.keyrings import Keyring, system_keyring
from pulse_desktop.core.identity.model import CREDENTIAL, PLACES, Identity, IdentityError, Place, Secrets
from pulse_jose import KeySet, SealingKey, TokenError, seal, unseal

IDENTITY, AUTHORITIES, PLAIN, SEALED = "identity.json", "broker-ca.pem", "secrets.json", "secrets.jwe"
_SERVICE: Final = "precisionpulse-collector"


class Enrolled:
    """The identity of one state directory. `keyring`: None when the machine has no usable one."""

    def __init__(self, folder: Path, keyring: Keyring | None, credentials: Path | None) -> None:
        self.folder, self._keyring, self._credentials = folder, keyring, credentials

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

    def prepare(self) -> Place:
        """Creates the folder and returns where secrets will be stored. Raises IdentityError for a read-only folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.folder / f"{IDENTITY}.new"
            _write(probe, "")
            probe.unlink()
        except OSError as error:
            raise IdentityError(f"{self.folder} cannot be written ({error.strerror}): choose --state-dir") from error
        if self._keyring is not None and self._is_usable(self._keyring):
            return "keyring"
        return "credential" if self._credential_key() is not None else "file"

    def save(self, identity: Identity, secrets: Secrets, authorities: str | None) -> None:
        """Writes the secrets first and the identity last, so that an identity is always complete. Raises
        IdentityError."""
        try:
            self._save_secrets(identity.place, secrets)
            if authorities is None:
                (self.folder / AUTHORITIES).unlink(missing_ok=True)
            else:
                _write(self.folder / AUTHORITIES, authorities)
            complete = identity.model_copy(update={"is_pinned": authorities is not None})
            _write(self.folder / IDENTITY, complete.model_dump_json(indent=2))
        except OSError as error:
            raise IdentityError(f"{self.folder} cannot be written ({error.strerror})") from error

    def secrets(self, identity: Identity) -> Secrets:
        """The secrets. Raises IdentityError, also for secrets of another generation than the identity."""
        try:
            text = self._stored(identity.place)
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

    def _save_secrets(self, place: Place, secrets: Secrets) -> None:
        if place == "keyring" and self._keyring is not None:
            self._keyring.set_password(_SERVICE, self._username, secrets.dumped())
            used: str | None = None
        elif place == "credential" and (key := self._credential_key()) is not None:
            _write(self.folder / SEALED, seal(secrets.dumped().encode(), key, time.time, {"state": self._username}))
            used = SEALED
        else:
            _write(self.folder / PLAIN, secrets.dumped())
            used = PLAIN
        for name in {PLAIN, SEALED} - {used}:  # delete copies in other places
            (self.folder / name).unlink(missing_ok=True)

    def _stored(self, place: Place) -> str:
        if place == "keyring":
            found = self._keyring.get_password(_SERVICE, self._username) if self._keyring is not None else None
            if found is None:
                raise FileNotFoundError(2, "the keyring is locked or empty")
            return found
        if place == "credential":
            key = self._credential_key()
            if key is None:
                raise FileNotFoundError(2, f"the service credential {CREDENTIAL} is missing")
            sealed = (self.folder / SEALED).read_text("ascii")
            return unseal(sealed, KeySet([key]), time.time, {"state": self._username}).decode()
        return (self.folder / PLAIN).read_text("utf-8")

    @property
    def _username(self) -> str:
        """The keyring's user name for this state directory, because one user may have several."""
        return hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:32]

    def _credential_key(self) -> SealingKey | None:
        if self._credentials is None:
            return None
        file = self._credentials / CREDENTIAL
        if not file.exists():
            return None
        try:
            text = file.read_text("ascii").strip()
            return SealingKey(CREDENTIAL, base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_"))
        except (OSError, ValueError, binascii.Error) as error:
            raise IdentityError(f"{file} is not a valid key: it must hold 32 bytes in base64url") from error

    def _is_usable(self, keyring: Keyring) -> bool:
        """Whether the keyring returns what it stored. Some backends accept a secret and forget it."""
        word = base64.urlsafe_b64encode(os.urandom(16)).decode()
        try:
            keyring.set_password(_SERVICE, f"{self._username}-probe", word)
            return keyring.get_password(_SERVICE, f"{self._username}-probe") == word
        except Exception:  # noqa: BLE001  # a backend may raise anything; it is then unusable
            return False


def open_identity(folder: Path) -> Enrolled:
    """The identity of a state directory, with the keyring and the service credentials of this machine."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    keyring = system_keyring() if os.environ.get("PULSE_SECRETS", "auto") != "file" else None
    return Enrolled(folder, keyring, Path(credentials) if credentials else None)


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".fresh")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _describe(error: Exception) -> str:
    """The reason of an error. For a validation error only its type, because its text contains the secret."""
    return error.strerror or "" if isinstance(error, OSError) else type(error).__name__
