"""Signing messages for the bus (mirror, commands, keys). Access tokens are signed in `signing`, by auth alone."""

from __future__ import annotations

import re
from typing import Final

from jose import jws

from pulse_jose.errors import InvalidKeyError
from pulse_jose.keys import SIGNATURE_ALGORITHM, Clock, SigningKey
from pulse_jose.verifying import ACCESS_TOKEN_TYPE, MAX_MESSAGE_LENGTH

_TYPE: Final = re.compile(r"[a-z0-9+.-]{1,64}")


class MessageSigner:
    """Signs messages of one type with one key. Raises `ValueError` for a type that is not one, or for `at+jwt`."""

    def __init__(self, key: SigningKey, typ: str, clock: Clock, max_length: int = MAX_MESSAGE_LENGTH) -> None:
        if _TYPE.fullmatch(typ) is None or typ == ACCESS_TOKEN_TYPE:
            raise ValueError(f"not a message type: {typ!r:.80}")
        self._key = key
        self._typ = typ
        self._clock = clock
        self._max_length = max_length

    def sign(self, payload: bytes) -> str:
        """The compact JWS over `payload`.

        Raises `InvalidKeyError` outside the key's validity, `ValueError` for an empty or too long payload.
        """
        if not self._key.validity.includes(self._clock()):
            raise InvalidKeyError(f"key {self._key.kid} may not be used now")
        if not payload:
            raise ValueError("an empty payload cannot be told from a missing one")
        signed = sign_compact(payload, self._key, self._typ)
        if len(signed) > self._max_length:
            raise ValueError(f"a message of {len(signed)} characters, at most {self._max_length}")
        return signed


def sign_compact(payload: bytes, key: SigningKey, typ: str) -> str:
    """The compact JWS over `payload` with exactly the header that verifiers accept."""
    return jws.sign(payload, key.es256, headers={"typ": typ, "kid": key.kid}, algorithm=SIGNATURE_ALGORITHM)
