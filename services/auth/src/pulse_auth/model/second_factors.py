"""The second factor as pure rules: one-time codes by time (RFC 6238), and recovery codes for when the phone is gone."""

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
CHALLENGE_LIFE = timedelta(minutes=5)
CHALLENGE_TRIES = 5
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: nothing is misread
_TOTP = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[0-9a-hjkmnp-tv-z]{16}")


class SecondFactorRequired(DomainError):
    """The password was right, and a second factor is needed: send `challenge` with a code to
    `/api/auth/login/second-factor` within 5 minutes."""

    code, status = "second_factor_required", 401

    def __init__(self, challenge: str) -> None:
        super().__init__("the second factor is needed")
        self.members = {"challenge": challenge}


class WrongCode(DomainError):
    """The one-time code or recovery code is wrong, or was used before. If the next codes fail as well, the clock of the
    device that shows them is probably wrong: set its date and time to automatic."""

    code, status = "wrong_code", 401

    def __init__(self) -> None:
        super().__init__(
            "The code is wrong or was used before. Try the next one. If that fails as well, the clock of the device "
            "that shows the codes may be wrong: set its date and time to automatic."
        )


class ChallengeOver(DomainError):
    """The challenge is unknown, older than 5 minutes, or was tried 5 times: sign in again."""

    code, status = "challenge_over", 401


class SecondFactorExists(DomainError):
    """There is a second factor already: switch it off first."""

    code, status = "second_factor_exists", 409


class NoSecondFactor(DomainError):
    """There is no second factor, or none that waits to be confirmed."""

    code, status = "no_second_factor", 409


class OwnSecondFactor(DomainError):
    """Nobody takes their own second factor away as an administrator: that needs password and code, or somebody else."""

    code, status = "own_second_factor", 409


class SecondFactorMandatory(DomainError):
    """This role must have a second factor: it can be replaced by an administrator's reset, not switched off."""

    code, status = "second_factor_mandatory", 409


def provisioning_uri(secret: str, email: str) -> str:
    """What authenticator apps read as a QR code (otpauth://)."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(code: str, secret: str, now: datetime, last_step: int) -> int | None:
    """The time step that `code` belongs to, which may be one off; None for a wrong code, and for one of a step that is
    not after `last_step`: what was seen over a shoulder opens nothing."""
    if not is_totp(code):
        return None
    current = to_micros(now) // 1_000_000 // STEP_SECONDS
    totp, found = pyotp.TOTP(secret, interval=STEP_SECONDS), None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step), code) and step > last_step:
            found = step
    return found


def is_totp(code: str) -> bool:
    """Whether it has the form of a one-time code."""
    return _TOTP.fullmatch(code) is not None


def new_recovery_codes(entropy: Callable[[int], bytes]) -> list[str]:
    """Ten of 80 bits, such as `7k2m-q9xd-0hne-4wtv`."""
    made = []
    for _ in range(RECOVERY_CODES):
        letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in entropy(RECOVERY_BYTES))
        made.append("-".join(letters[start : start + 4] for start in range(0, RECOVERY_BYTES, 4)))
    return made


def recovery_hash(code: str) -> bytes | None:
    """What is stored of a recovery code, however it was typed; None when it has not its form."""
    letters = re.sub(r"[\s-]", "", code).lower().translate(str.maketrans("oil", "011"))
    if _RECOVERY.fullmatch(letters) is None:
        return None
    return hashlib.sha256(b"recovery code\0" + letters.encode()).digest()
