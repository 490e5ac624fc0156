"""Passwords as text: the normalisation for server and collector, and the first administrator's password."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from pulse_passwords.errors import PasswordEmpty, PasswordNotText, PasswordTooLong

MAX_PASSWORD_BYTES: Final = 256

# Composed text has at most 1.5 decomposed code points per byte (u, diaeresis, macron: two bytes). A longer text cannot
# shrink to the limit, so it is rejected before normalisation.
_MAX_CODE_POINTS: Final = 2 * MAX_PASSWORD_BYTES

# Crockford's base 32 has no i, l, o and u: letters are not confused, and words do not appear by accident.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_GROUPS: Final = 5
_GROUP_LENGTH: Final = 4


def normalise(password: str) -> bytes:
    """Returns the bytes to hash: NFC, then UTF-8, without any other change (ASVS 5 §6.2.8).

    Raises `PasswordEmpty`, `PasswordTooLong` (more than 256 bytes) or `PasswordNotText`.
    """
    if not password:
        raise PasswordEmpty("the password is empty")
    if len(password) > _MAX_CODE_POINTS:
        raise PasswordTooLong(f"the password is longer than {MAX_PASSWORD_BYTES} bytes")
    try:
        encoded = unicodedata.normalize("NFC", password).encode("utf-8")
    except UnicodeEncodeError:
        # The original error holds the password.
        raise PasswordNotText("the password is not Unicode text") from None
    if len(encoded) > MAX_PASSWORD_BYTES:
        raise PasswordTooLong(f"the password is longer than {MAX_PASSWORD_BYTES} bytes")
    return encoded


def generate_password(entropy: Callable[[int], bytes]) -> str:
    """Returns a readable password of 100 bits, for example `7k2m-q9xd-0hne-4wtv-c8pz`. `entropy` is
    `secrets.token_bytes`. Raises ValueError when it returns the wrong number of bytes."""
    length = _GROUPS * _GROUP_LENGTH
    drawn = entropy(length)
    if len(drawn) != length:
        raise ValueError(f"the entropy source returned {len(drawn)} bytes instead of {length}")
    # 256 is a multiple of 32, so the letters are evenly distributed.
    letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in drawn)
    return "-".join(letters[start : start + _GROUP_LENGTH] for start in range(0, length, _GROUP_LENGTH))
