"""The errors of this package: `TokenError` for invalid input, `InvalidKeyError` for invalid keys."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a token was refused. The values are stable: they appear in logs, metrics and problem documents."""

    MALFORMED = "malformed"
    HEADER = "header"
    TYPE = "type"
    UNKNOWN_KEY = "unknown-key"
    INACTIVE_KEY = "inactive-key"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    LIFETIME = "lifetime"
    SEALED = "sealed"


class TokenError(Exception):
    """A token, a signed message or a sealed payload is invalid. `reason` says why. The error holds nothing of the
    input.

    Verifying and unsealing raise no other exception, whatever the input is.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"token refused: {reason.value}")
        self.reason = reason


class InvalidKeyError(ValueError):
    """A key is invalid: wrong curve, wrong size, wrong purpose, invalid key id, or unreadable."""
