"""Rules of the second factor: time-based one-time codes (RFC 6238), and recovery codes for a lost phone."""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pyotp

from pulse_contracts.errors import DomainError
from pulse_contracts.times import to_micros

ISSUER = "PrecisionPulse"
STEP_SECONDS = 30
DRIFT_STEPS = 1
SECRET_BYTES = 20
"""160 bits, as RFC 4226 §4 recommends."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 16
CHALLENGE_LIFETIME = timedelta(minutes=5)
CHALLENGE_TRIES = 5
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no two characters look alike
_TOTP = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[0-9a-hjkmnp-tv-z]{16}")


class SecondFactorRequired(DomainError):
    """The password is right, and the account has a second factor. Send `challenge` with a code to
    `/api/auth/login/second-factor` within 5 minutes."""

    code, status = "second_factor_required", 401

    def __init__(self, challenge: str) -> None:
        super().__init__("A code of the second factor is required.")
        self.members = {"challenge": challenge}


class WrongCode(DomainError):
    """The one-time code or recovery code is wrong or was already used. If the next codes fail as well, the clock of the
    device that shows them may be wrong: set its date and time to automatic."""

    code, status = "wrong_code", 401

    def __init__(self) -> None:
        super().__init__(
            "The code is wrong or was already used. Try the next one. If that fails as well, the clock of the device "
            "that shows the codes may be wrong: set its date and time to automatic."
        )


class ChallengeExpired(DomainError):
    """The challenge is unknown, expired after 5 minutes, or was tried 5 times. Sign in again."""

    code, status = "challenge_over", 401


class SecondFactorExists(DomainError):
    """The account already has a second factor. Disable it first."""

    code, status = "second_factor_exists", 409


class NoSecondFactor(DomainError):
    """The account has no second factor, or none that waits for confirmation."""

    code, status = "no_second_factor", 409


class OwnSecondFactor(DomainError):
    """Administrators cannot reset their own second factor. Disable it with password and code, or ask another
    administrator."""

    code, status = "own_second_factor", 409


class SecondFactorMandatory(DomainError):
    """The role requires a second factor, so it cannot be disabled. An administrator can reset it."""

    code, status = "second_factor_mandatory", 409


def provisioning_uri(secret: str, email: str) -> str:
    """The otpauth URI that authenticator apps read as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(code: str, secret: str, now: datetime, last_step: int) -> int | None:
    """The time step of a one-time code. Accepts the current step and one step before or after it. None for a wrong
    code, and for a step that is not later than `last_step`: a code works once."""
    if not is_totp(code):
        return None
    current = to_micros(now) // 1_000_000 // STEP_SECONDS
    totp, found = pyotp.TOTP(secret, interval=STEP_SECONDS), None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step), code) and step > last_step:
            found = step
    return found


def is_totp(code: str) -> bool:
    """Whether the text has the form of a one-time code."""
    return _TOTP.fullmatch(code) is not None


def new_recovery_codes(entropy: Callable[[int], bytes]) -> list[str]:
    """Ten codes of 80 bits, such as `7k2m-q9xd-0hne-4wtv`."""
    made = []
    for _ in range(RECOVERY_CODES):
        letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in entropy(RECOVERY_BYTES))
        made.append("-".join(letters[start : start + 4] for start in range(0, RECOVERY_BYTES, 4)))
    return made


def recovery_hash(code: str) -> bytes | None:
    """The stored hash of a recovery code. Ignores case, spaces and hyphens. None if the text is malformed."""
    letters = re.sub(r"[\s-]", "", code).lower().translate(str.maketrans("oil", "011"))
    if _RECOVERY.fullmatch(letters) is None:
        return None
    return hashlib.sha256(b"recovery code\0" + letters.encode()).digest()
