"""The keys and counters of the mirror that must survive a restored disk. They are stored with the secrets of the
enrolment (keyring, service credential, or a file with mode 0600), never in `state.db`."""

import base64
import fcntl
import hashlib
import json
import os
import secrets as random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from pulse_contracts.message import DeviceName
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.identity.model import PLACES, Identity, IdentityError, Secrets
from pulse_desktop.core.identity.vault import MIRROR
from pulse_desktop.core.mirror.signals import Remembered
from pulse_jose import KeySet, SealingKey, TokenError
from pulse_jose.mirror_keys import KeyPlace

_LOCK: Final = "mirror-keys.lock"
_BYTES: Final = 32
_SECRETS: Final = ("seal_key", "data_key")


class KeystoreError(Exception):
    """The keystore cannot be used: nobody can sign in offline. `reason`: `locked`, `missing` or `foreign`. The message
    names the place and the remedy."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Kept(BaseModel):
    """The content of the keystore.

    device, gen: the enrolment that it belongs to. roots: hash of the pinned roots.
    key, seal_key: number and secret of the sealing key (base64url). data_key: encrypts the records in `state.db`. Both
        are None after a wipe.
    max_seq, n: the highest applied position and heartbeat number. trusted_n: the number of the newest trusted keys.
    elapsed: the elapsed time, microseconds since 1970.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    device: DeviceName
    gen: int
    roots: str
    key: int = Field(default=0, ge=0)
    seal_key: SecretStr | None
    data_key: SecretStr | None
    max_seq: int = Field(default=0, ge=0)
    n: int = Field(default=0, ge=0)
    trusted_n: int = Field(default=0, ge=0)
    elapsed: int = 0
    is_wiped: bool = False

    def raised(self, *, max_seq: int = 0, n: int = 0, trusted_n: int = 0, elapsed: int = 0) -> "Kept":
        """A copy with these values if they are higher."""
        return self.model_copy(
            update={
                "max_seq": max(self.max_seq, max_seq),
                "n": max(self.n, n),
                "trusted_n": max(self.trusted_n, trusted_n),
                "elapsed": max(self.elapsed, elapsed),
            }
        )

    def rekeyed(self, key: int, secret: bytes) -> "Kept":
        """A copy with another sealing key."""
        return self.model_copy(update={"key": key, "seal_key": SecretStr(encode(secret))})

    def wiped(self) -> "Kept":
        """A copy without keys."""
        return self.model_copy(update={"is_wiped": True, "seal_key": None, "data_key": None})

    @property
    def remembered(self) -> Remembered:
        """The part that the state machine needs."""
        return Remembered(self.max_seq, self.n, self.key, self.is_wiped)

    @property
    def place(self) -> KeyPlace:
        """Which sealing key this is."""
        return KeyPlace(self.device, self.gen, self.key)

    def sealing_keys(self) -> KeySet[SealingKey]:
        """The sealing key; empty after a wipe."""
        return KeySet([self.place.sealing_key(decode(self.seal_key))] if self.seal_key is not None else [])

    def dumped(self) -> str:
        """JSON with the secrets in clear text, for storage."""
        secrets = {name: None if (one := getattr(self, name)) is None else one.get_secret_value() for name in _SECRETS}
        return json.dumps(self.model_dump(exclude=set(_SECRETS)) | secrets)


class Keystore:
    """The keystore of one enrolment. Several processes may use it: each change reads and writes it under a lock.
    Methods block: call them in a thread."""

    def __init__(self, enrolled: Enrolled, identity: Identity) -> None:
        self._enrolled, self.identity = enrolled, identity

    def read(self) -> Kept:
        """The content. Raises KeystoreError."""
        return self._check(self._load())

    def create(self, secrets: Secrets, elapsed: int, *, may_be_missing: bool) -> Kept:
        """Creates the content for a new enrolment, and returns the stored one otherwise. Keeps the elapsed time, and
        the number of the trusted keys if the roots are the same. `may_be_missing`: whether this may be the first start
        after the enrolment. Raises KeystoreError."""
        with self._locked():
            try:
                before = self._load()
            except KeystoreError as error:
                if error.reason != "missing" or not may_be_missing:
                    raise
                before = None
            if before is not None and before.device == self.identity.device and before.gen >= self.identity.gen:
                return self._check(before)
            roots = roots_hash(self.identity)
            made = Kept(
                device=self.identity.device,
                gen=self.identity.gen,
                roots=roots,
                seal_key=secrets.seal_key,
                data_key=SecretStr(encode(random.token_bytes(_BYTES))),
                elapsed=max(elapsed, before.elapsed if before is not None else 0),
                trusted_n=before.trusted_n if before is not None and before.roots == roots else 0,
            )
            return self._store(made)

    def update(self, change: Callable[[Kept], Kept]) -> Kept:
        """Replaces the content by `change(content)`, durably, and returns it. Raises KeystoreError."""
        with self._locked():
            before = self.read()
            after = change(before)
            return after if after == before else self._store(after)

    def _store(self, kept: Kept) -> Kept:
        try:
            self._enrolled.vault.write(self.identity.place, MIRROR, kept.dumped())
        except (OSError, IdentityError) as error:
            raise KeystoreError("locked", f"the keystore cannot be written ({_text(error)}): {self._remedy}") from error
        return kept

    def _load(self) -> Kept:
        where = PLACES[self.identity.place]
        try:
            return Kept.model_validate_json(self._enrolled.vault.read(self.identity.place, MIRROR))
        except FileNotFoundError as error:
            text = f"the mirror's keys are missing in {where}: enrol this collector again with --replace"
            raise KeystoreError("missing", text) from error
        except (OSError, IdentityError) as error:
            text = f"the mirror's keys cannot be read from {where} ({_text(error)}): {self._remedy}"
            raise KeystoreError("locked", text) from error
        except (TokenError, ValidationError, UnicodeDecodeError):  # their texts contain the secrets
            text = f"the mirror's keys in {where} are damaged or of another installation: enrol again with --replace"
            raise KeystoreError("foreign", text) from None

    def _check(self, kept: Kept) -> Kept:
        if (kept.device, kept.gen) != (self.identity.device, self.identity.gen):
            text = (
                f"the mirror's keys belong to {kept.device}, generation {kept.gen}, but this collector is "
                f"{self.identity.device}, generation {self.identity.gen}: enrol again with --replace"
            )
            raise KeystoreError("foreign", text)
        return kept

    @property
    def _remedy(self) -> str:
        if self.identity.place == "keyring":
            return "unlock the keyring of the user that runs this collector"
        return f"run this command as the user that owns {self._enrolled.folder}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path: Path = self._enrolled.folder / _LOCK
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise KeystoreError("locked", f"{path} cannot be opened ({error.strerror}): {self._remedy}") from error
        with os.fdopen(descriptor, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def roots_hash(identity: Identity) -> str:
    """Identifies the pinned roots."""
    text = "\n".join(sorted(root.model_dump_json() for root in identity.roots))
    return hashlib.sha256(text.encode()).hexdigest()


def encode(raw: bytes) -> str:
    """Encodes a key in base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(secret: SecretStr) -> bytes:
    """Decodes a key. Raises ValueError."""
    text = secret.get_secret_value()
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _text(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
