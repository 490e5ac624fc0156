"""Who this collector is since it was enrolled: what may be known (identity.json), the authorities that it pins, and the
secrets, in the safest place that the machine has."""

import base64
import binascii
import hashlib
import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.message import DeviceName
from pulse_jose import KeySet, SealingKey, TokenError, seal, unseal

IDENTITY, AUTHORITIES, PLAIN, SEALED = "identity.json", "broker-ca.pem", "secrets.json", "secrets.jwe"
CREDENTIAL: Final = "pulse-collector-key"
"""The service credential (systemd's LoadCredential=) that seals the secrets: 32 bytes in base64url."""
_SERVICE: Final = "precisionpulse-collector"
_NO_KEYRINGS: Final = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")
Place = Literal["keyring", "credential", "file"]
PLACES: Final[dict[Place, str]] = {
    "keyring": "the keyring of the operating system",
    "credential": f"a file that the service credential {CREDENTIAL} seals",
    "file": "a file that only this user can read (0600)",
}


class IdentityError(Exception):
    """The identity or its secrets cannot be read or kept: the message says which file, and what to do."""


class Secrets(BaseModel):
    """What only the collector knows: its password at the broker, and its keys (base64url) of generation `gen`."""

    model_config = ConfigDict(frozen=True)

    gen: int
    password: SecretStr
    private_key: SecretStr
    seal_key: SecretStr

    def dumped(self) -> str:
        """With the secrets in clear, to be stored."""
        shown = {name: getattr(self, name).get_secret_value() for name in ("password", "private_key", "seal_key")}
        return json.dumps({"gen": self.gen} | shown)


class Identity(BaseModel):
    """What enrolment told, but for the secrets. `place` is where those are; `server` is who enrolled it; `is_pinned`:
    the broker's certificate must come from the authorities that enrolment named."""

    model_config = ConfigDict(frozen=True)

    device: DeviceName
    name: str
    gen: int
    broker_url: str
    prefix: str
    roots: list[VerificationKeyRecord]
    server: str
    enrolled: int
    place: Place
    is_pinned: bool = False


class Keyring(Protocol):
    """The part of `keyring` that is used."""

    def get_password(self, service: str, username: str) -> str | None:
        """The secret, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keeps it."""


class Enrolled:
    """The identity of one state directory. `keyring` is None where the machine has none that deserves the name."""

    def __init__(self, folder: Path, keyring: Keyring | None, credentials: Path | None) -> None:
        self.folder, self._keyring, self._credentials = folder, keyring, credentials

    def read(self) -> Identity | None:
        """None before the first enrolment. Raises IdentityError."""
        file = self.folder / IDENTITY
        try:
            return Identity.model_validate_json(file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValidationError) as error:
            raise IdentityError(f"{file} cannot be read ({_why(error)}): enrol again with --replace") from error

    def authorities(self, identity: Identity) -> Path | None:
        """The file of the authorities that the broker's certificate must come from, if enrolment named some. Raises
        IdentityError when that file is gone: the machine's own authorities are no substitute."""
        file = self.folder / AUTHORITIES
        if file.exists():
            return file
        if identity.is_pinned:
            raise IdentityError(f"{file} is gone, and no other authority will do: enrol again with --replace")
        return None

    def prepare(self) -> Place:
        """Makes the folder, tries whether secrets can be kept, and says where. Raises IdentityError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            probe = self.folder / f"{IDENTITY}.new"
            _write(probe, "")
            probe.unlink()
        except OSError as error:
            raise IdentityError(f"{self.folder} cannot be written ({error.strerror}): choose --state-dir") from error
        if self._keyring is not None and self._is_kept(self._keyring):
            return "keyring"
        return "credential" if self._credential_key() is not None else "file"

    def keep(self, identity: Identity, secrets: Secrets, authorities: str | None) -> None:
        """Secrets first, the identity last: whoever finds it finds all of it. Raises IdentityError."""
        try:
            self._keep_secrets(identity.place, secrets)
            if authorities is None:
                (self.folder / AUTHORITIES).unlink(missing_ok=True)
            else:
                _write(self.folder / AUTHORITIES, authorities)
            known = identity.model_copy(update={"is_pinned": authorities is not None})
            _write(self.folder / IDENTITY, known.model_dump_json(indent=2))
        except OSError as error:
            raise IdentityError(f"{self.folder} cannot be written ({error.strerror})") from error

    def secrets(self, identity: Identity) -> Secrets:
        """Raises IdentityError, also when they are of another generation than the identity."""
        try:
            text = self._stored(identity.place)
            found = Secrets.model_validate_json(text)
        except (OSError, TokenError, ValidationError) as error:
            where = PLACES[identity.place]
            raise IdentityError(f"no secrets in {where} ({_why(error)}): enrol again with --replace") from error
        if found.gen != identity.gen:
            raise IdentityError("an enrolment was interrupted: enrol again with --replace")
        return found

    def problem(self, identity: Identity) -> str | None:
        """Who else can read the secrets, if anybody."""
        file = self.folder / PLAIN
        if identity.place == "file" and file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
            return f"{file} is open to other users: chmod 600 {file}"
        return None

    def _keep_secrets(self, place: Place, secrets: Secrets) -> None:
        if place == "keyring" and self._keyring is not None:
            self._keyring.set_password(_SERVICE, self._username, secrets.dumped())
            kept: str | None = None
        elif place == "credential" and (key := self._credential_key()) is not None:
            _write(self.folder / SEALED, seal(secrets.dumped().encode(), key, time.time, {"state": self._username}))
            kept = SEALED
        else:
            _write(self.folder / PLAIN, secrets.dumped())
            kept = PLAIN
        for name in {PLAIN, SEALED} - {kept}:  # nothing of an earlier place stays behind
            (self.folder / name).unlink(missing_ok=True)

    def _stored(self, place: Place) -> str:
        if place == "keyring":
            found = self._keyring.get_password(_SERVICE, self._username) if self._keyring is not None else None
            if found is None:
                raise FileNotFoundError(2, "the keyring is locked, or has none")
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
        """By which the keyring tells the state directories of one user apart."""
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
            raise IdentityError(f"{file} is no key: 32 bytes in base64url") from error

    def _is_kept(self, keyring: Keyring) -> bool:
        """Whether the keyring really keeps what it is given: some say yes and forget."""
        word = base64.urlsafe_b64encode(os.urandom(16)).decode()
        try:
            keyring.set_password(_SERVICE, f"{self._username}-probe", word)
            return keyring.get_password(_SERVICE, f"{self._username}-probe") == word
        except Exception:  # noqa: BLE001  # back ends raise what they like; whatever it is, this one cannot be used
            return False


def system_keyring(load: Callable[[], tuple[Keyring, float, str]] | None = None) -> Keyring | None:
    """The operating system's, if there is a real one: neither the one that refuses nor one that writes a plain file."""
    try:
        backend, priority, module = (load or _load)()
    except Exception:  # noqa: BLE001  # as above
        return None
    return backend if priority >= 1 and not module.startswith(_NO_KEYRINGS) else None


def _load() -> tuple[Keyring, float, str]:
    import keyring

    backend = keyring.get_keyring()
    return backend, float(backend.priority), type(backend).__module__


def open_identity(folder: Path) -> Enrolled:
    """The identity of a state directory, with what this machine has to keep secrets."""
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    keyring = system_keyring() if os.environ.get("PULSE_SECRETS", "auto") != "file" else None
    return Enrolled(folder, keyring, Path(given) if given else None)


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".fresh")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _why(error: Exception) -> str:
    """Of a validation error only its kind: its text would show the secret."""
    return error.strerror or "" if isinstance(error, OSError) else type(error).__name__
