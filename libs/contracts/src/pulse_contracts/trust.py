"""Keys that collectors trust. auth signs them with the root that every collector pinned when it was enrolled."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.message import Message, Micros

TRUSTED_KEYS_TYPE = "pulse-keys"
"""JWS `typ` of `TrustedKeys`."""
Purpose = Literal["mirror", "command"]
"""What a key may sign: messages of the credential mirror, or commands."""


class TrustedKey(BaseModel):
    """A verification key and its only purpose."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    purpose: Purpose
    key: VerificationKeyRecord


class TrustedKeySet(BaseModel):
    """The signed content of `TrustedKeys`. `n` increases with every change: a collector refuses a lower number than the
    highest one it has seen."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    n: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    at: Micros
    keys: Annotated[list[TrustedKey], Field(max_length=16)]


class TrustedKeys(Message):
    """`signed` is a compact JWS (ES256, typ `pulse-keys`) of `TrustedKeySet`, signed with auth's signing root.
    Retained."""

    signed: Annotated[str, StringConstraints(max_length=16_384)]


class AnnouncedKey(BaseModel):
    """The sealed content of `KeyAnnounced`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    purpose: Purpose
    key: VerificationKeyRecord


class KeyAnnounced(Message):
    """A service tells auth its verification key. Retained.

    sealed: a compact JWE of `AnnouncedKey`, bound to `{"service": name}`. Only auth and that service hold its key, so a
        broker cannot announce a key of its own.
    """

    sealed: Annotated[str, StringConstraints(max_length=8_192)]
