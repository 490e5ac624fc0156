"""Where secrets are stored: the keyring of the operating system, a file encrypted with a service credential, or a file
that only this user can read."""

import base64
import binascii
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pulse_desktop.core.identity.keyrings import Keyring
from pulse_desktop.core.identity.model import CREDENTIAL, IdentityError, Place
from pulse_jose import KeySet, SealingKey, seal, unseal

_SERVICE: Final = "precisionpulse-collector"


@dataclass(frozen=True)
class Entry:
    """One stored secret: its name in the keyring, and its files in the other places."""

    name: str
    plain: str
    sealed: str


SECRETS: Final = Entry("", "secrets.json", "secrets.jwe")
MIRROR: Final = Entry("-mirror", "mirror-keys.json", "mirror-keys.jwe")
"""The keys and counters of the credential mirror."""


class Vault:
    """The secrets of one state directory. `keyring`: None when the machine has no usable one. `credentials`: the folder
    of the service credentials, or None."""

    def __init__(self, folder: Path, keyring: Keyring | None, credentials: Path | None) -> None:
        self._folder, self._keyring, self._credentials = folder, keyring, credentials

    def choose(self) -> Place:
        """Returns where new secrets will be stored. Raises IdentityError for an invalid service credential."""
        if self._keyring is not None and self._is_usable(self._keyring):
            return "keyring"
        return "credential" if self._credential_key() is not None else "file"

    def write(self, place: Place, entry: Entry, text: str) -> None:
        """Stores a secret durably, and deletes copies in other places. Raises OSError, IdentityError."""
        if place == "keyring" and self._keyring is not None:
            try:
                self._keyring.set_password(_SERVICE, self._user(entry), text)
            except Exception as error:  # a backend may raise anything
                raise PermissionError(13, f"the keyring cannot be written: {type(error).__name__}") from error
            used: str | None = None
        elif place == "credential" and (key := self._credential_key()) is not None:
            write_private(self._folder / entry.sealed, seal(text.encode(), key, time.time, self._context(entry)))
            used = entry.sealed
        else:
            write_private(self._folder / entry.plain, text)
            used = entry.plain
        for name in {entry.plain, entry.sealed} - {used}:
            (self._folder / name).unlink(missing_ok=True)

    def read(self, place: Place, entry: Entry) -> str:
        """The secret. Raises FileNotFoundError when it is missing, PermissionError when the keyring is locked, other
        OSErrors, TokenError when the service credential is another one, and IdentityError when it is invalid."""
        if place == "keyring":
            return self._from_keyring(entry)
        if place == "credential":
            key = self._credential_key()
            if key is None:
                raise PermissionError(13, f"the service credential {CREDENTIAL} is missing")
            sealed = (self._folder / entry.sealed).read_text("ascii")
            return unseal(sealed, KeySet([key]), time.time, self._context(entry)).decode()
        return (self._folder / entry.plain).read_text("utf-8")

    def _from_keyring(self, entry: Entry) -> str:
        if self._keyring is None:
            raise PermissionError(13, "the keyring is not available")
        try:
            found = self._keyring.get_password(_SERVICE, self._user(entry))
        except Exception as error:  # a backend may raise anything
            raise PermissionError(13, f"the keyring is locked or refuses access: {type(error).__name__}") from error
        if found is None:
            raise FileNotFoundError(2, "the keyring is locked or empty")
        return found

    def _user(self, entry: Entry) -> str:
        """The keyring's user name for this state directory, because one user may have several."""
        return hashlib.sha256(str(self._folder.resolve()).encode()).hexdigest()[:32] + entry.name

    def _context(self, entry: Entry) -> dict[str, str | int]:
        return {"state": self._user(entry)}

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
        user = f"{self._user(SECRETS)}-probe"
        try:
            keyring.set_password(_SERVICE, user, word)
            return keyring.get_password(_SERVICE, user) == word
        except Exception:  # noqa: BLE001  # a backend may raise anything; it is then unusable
            return False


def write_private(path: Path, text: str) -> None:
    """Replaces the file atomically and durably, with mode 0600. A command that root executes gives the file to the
    owner of the folder: otherwise the collector could not read it any more. Raises OSError."""
    fresh = path.with_name(path.name + ".fresh")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
