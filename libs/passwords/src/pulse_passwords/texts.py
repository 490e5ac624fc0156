"""Passwords as text: the one normalisation that server and collector share, and the first administrator's password."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from pulse_passwords.errors import PasswordEmpty, PasswordNotText, PasswordTooLong

MAX_PASSWORD_BYTES: Final = 256

# Composed text has at most 1.5 decomposed code points to a byte (u, diaeresis, macron: two bytes). What is longer can
# never come down to the limit, and is not worth normalising.
_MAX_CODE_POINTS: Final = 2 * MAX_PASSWORD_BYTES

# Crockford's base 32: no i, l, o, u, so nothing is misread and no word forms by accident.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_GROUPS: Final = 5
_GROUP_LENGTH: Final = 4


def normalise(password: str) -> bytes:
    """The bytes that are hashed: NFC, then UTF-8, and no other change (ASVS 5 §6.2.8: no trim, no case, no cut).

    Raises `PasswordEmpty`, `PasswordTooLong` (more than 256 bytes) or `PasswordNotText`.
    """
    if not password:
        raise PasswordEmpty("the password is empty")
    if len(password) > _MAX_CODE_POINTS:
        raise PasswordTooLong(f"the password is longer than {MAX_PASSWORD_BYTES} bytes")
    try:
        encoded = unicodedata.normalize("NFC", password).encode("utf-8")
    except UnicodeEncodeError:
        # The error would carry the password.
        raise PasswordNotText("the password is not Unicode text") from None
    if len(encoded) > MAX_PASSWORD_BYTES:
        raise PasswordTooLong(f"the password is longer than {MAX_PASSWORD_BYTES} bytes")
    return encoded


def generate_password(entropy: Callable[[int], bytes]) -> str:
    """A readable password of 100 bits, such as `7k2m-q9xd-0hne-4wtv-c8pz`; `entropy` is `secrets.token_bytes`."""
    wanted = _GROUPS * _GROUP_LENGTH
    drawn = entropy(wanted)
    if len(drawn) != wanted:
        raise ValueError(f"the entropy source gave {len(drawn)} bytes, not {wanted}")
    # 256 is a multiple of 32: five bits of each byte are evenly spread.
    letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in drawn)
    return "-".join(letters[start : start + _GROUP_LENGTH] for start in range(0, wanted, _GROUP_LENGTH))
