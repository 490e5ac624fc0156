"""What auth tells everyone: the keys that verify access tokens, and which sessions have ended."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.message import Message, Micros, UuidText

API_KEY_SID = "key:"
"""With which the `sid` of an API key's tokens begins; the key's id follows."""

_Coordinate = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class VerificationKeyRecord(BaseModel):
    """One ES256 public key (RFC 7518 §6.2.1): P-256 coordinates in base64url, and when it may verify (microseconds)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
    x: _Coordinate
    y: _Coordinate
    not_before: Micros
    not_after: Micros | None = None


class VerificationKeys(Message):
    """Current, next and previous verification keys of access tokens. Retained."""

    keys: Annotated[list[VerificationKeyRecord], Field(min_length=1, max_length=8)]


class SessionRevoked(Message):
    """Sessions of one account have ended: the one named, or all of them when `sid` is None. Of all, `generation` says
    which tokens are over: those of an earlier one. Without it, those that were issued until `at`."""

    kind: Literal["session_revoked"] = "session_revoked"
    account: UuidText
    sid: Annotated[str, StringConstraints(max_length=64)] | None
    at: Micros
    generation: Annotated[int, Field(ge=1)] | None = None


class Revocations(Message):
    """What has been revoked in the last minutes (longer than an access token is believed), newest last, at `at`.
    Retained and said again every few seconds: whoever comes late knows at once, and whoever hears nothing knows that
    he knows nothing."""

    kind: Literal["revocations"] = "revocations"
    at: Micros
    recent: Annotated[list[SessionRevoked], Field(max_length=1_000)]
