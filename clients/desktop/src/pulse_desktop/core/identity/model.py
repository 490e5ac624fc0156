"""The identity that this collector got at enrolment, and its secrets. Does no I/O."""

import json
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, SecretStr

from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.message import DeviceName

CREDENTIAL: Final = "pulse-collector-key"
"""The service credential (systemd's LoadCredential=) that encrypts the secrets: 32 bytes in base64url."""
Place = Literal["keyring", "credential", "file"]
PLACES: Final[dict[Place, str]] = {
    "keyring": "the keyring of the operating system",
    "credential": f"a file encrypted with the service credential {CREDENTIAL}",
    "file": "a file that only this user can read (0600)",
}


class IdentityError(Exception):
    """The identity or its secrets cannot be read or written. The message names the file and the remedy."""


class Secrets(BaseModel):
    """The secrets of a collector: broker password and keys (base64url). `gen`: the generation of the enrolment."""

    model_config = ConfigDict(frozen=True)

    gen: int
    password: SecretStr
    private_key: SecretStr
    seal_key: SecretStr

    def dumped(self) -> str:
        """JSON with the secrets in clear text, for storage."""
        shown = {name: getattr(self, name).get_secret_value() for name in ("password", "private_key", "seal_key")}
        return json.dumps({"gen": self.gen} | shown)


class Identity(BaseModel):
    """The answer to an enrolment, without the secrets. `place`: where the secrets are stored. `server`: the server that
    enrolled this collector. `is_pinned`: only the authorities of the enrolment may sign the broker's certificate."""

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
