"""What this package raises: `TokenError` for input from the world, `InvalidKeyError` for keys that we loaded."""

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
    """A token, a signed message or a sealed payload was refused: `reason` says why, and nothing of the input is kept.

    It is the only exception that verifying and opening raise, whatever the input was.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"token refused: {reason.value}")
        self.reason = reason


class InvalidKeyError(ValueError):
    """Key material that must not be used: wrong curve, wrong size, wrong purpose, bad key id, unreadable."""
