"""Enrolment of a collector over HTTP (protocol B1): the offer, the answer, and the sealed content of the answer."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.message import PRINTABLE, DeviceName

Bytes32Text = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""32 bytes in base64url without padding."""


class EnrolmentOffer(BaseModel):
    """The collector's offer.

    code_id: identifies the code without revealing it.
    public_key: a new X25519 key (RFC 7748).
    nonce: random bytes.
    mac: covers the other fields. Its key is derived from the code.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code_id": "jCMHsiVOKxpKGdn4lP9Mbb6fyp0FW7ZNq4xg3u8sSRQ",
                    "public_key": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo",
                    "nonce": "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s",
                    "mac": "rk7vIu4c6wV0hQmH7cS3m0vG6VgGmX0T9sXb1C6o2nE",
                }
            ]
        },
    )

    code_id: Bytes32Text
    public_key: Bytes32Text
    nonce: Bytes32Text
    mac: Bytes32Text


class EnrolmentAnswer(BaseModel):
    """The server's answer. `sealed` is a JWE of an `EnrolledDevice` under a key that both sides derive. `mac` covers
    offer and answer."""

    model_config = ConfigDict(frozen=True)

    public_key: Bytes32Text
    sealed: Annotated[str, StringConstraints(max_length=65_536, pattern=r"^[A-Za-z0-9_.-]+$")]
    mac: Bytes32Text


class EnrolledDevice(BaseModel):
    """The data that a collector receives once.

    gen: the generation of its keys.
    ca: the certificate authorities (PEM) that the collector trusts for the broker. None: those of the operating system.
    roots: the keys that the collector pins.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    device: DeviceName
    name: Annotated[str, StringConstraints(max_length=128, pattern=PRINTABLE)]
    gen: Annotated[int, Field(ge=1, lt=2**63)]
    broker_url: Annotated[str, StringConstraints(max_length=300, pattern=r"^mqtts?://[^@\s]+$")]
    password: Annotated[str, StringConstraints(min_length=32, max_length=128, pattern=r"^[!-~]+$")]
    prefix: Annotated[str, StringConstraints(max_length=128, pattern=r"^[^#+\s]+$")]
    ca: Annotated[str, StringConstraints(max_length=32_768)] | None
    roots: Annotated[list[VerificationKeyRecord], Field(min_length=1, max_length=8)]
