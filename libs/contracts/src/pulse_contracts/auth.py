"""Messages of auth: the keys that verify access tokens, and revoked sessions."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.message import Message, Micros, UuidText

API_KEY_SID = "key:"
"""Prefix of the `sid` in tokens of an API key. The id of the key follows."""

_Coordinate = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class VerificationKeyRecord(BaseModel):
    """One ES256 public key (RFC 7518 §6.2.1): P-256 coordinates in base64url, and its validity in microseconds."""

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
    """One session of an account was revoked, or all of them when `sid` is None.

    generation: when all are revoked, tokens of an earlier generation are invalid. None: tokens issued up to `at` are.
    """

    kind: Literal["session_revoked"] = "session_revoked"
    account: UuidText
    sid: Annotated[str, StringConstraints(max_length=64)] | None
    at: Micros
    generation: Annotated[int, Field(ge=1)] | None = None


class Revocations(Message):
    """The revocations of the last minutes as of `at`, newest last. They cover more than the lifetime of an access
    token. Retained, and published every few seconds: a new subscriber is up to date at once, and a subscriber that
    receives nothing knows that its list may be stale."""

    kind: Literal["revocations"] = "revocations"
    at: Micros
    recent: Annotated[list[SessionRevoked], Field(max_length=1_000)]
