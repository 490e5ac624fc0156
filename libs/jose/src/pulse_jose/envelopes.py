"""Signs messages for the bus (mirror, commands, keys). Access tokens are signed in `signing`, which only auth
imports."""

from __future__ import annotations

import re
from typing import Final

from jose import jws

from pulse_jose.errors import InvalidKeyError
from pulse_jose.keys import SIGNATURE_ALGORITHM, Clock, SigningKey
from pulse_jose.verifying import ACCESS_TOKEN_TYPE, MAX_MESSAGE_LENGTH

_TYPE: Final = re.compile(r"[a-z0-9+.-]{1,64}")


class MessageSigner:
    """Signs messages of one type with one key. Raises `ValueError` for an invalid type and for `at+jwt`."""

    def __init__(self, key: SigningKey, typ: str, clock: Clock, max_length: int = MAX_MESSAGE_LENGTH) -> None:
        if _TYPE.fullmatch(typ) is None or typ == ACCESS_TOKEN_TYPE:
            raise ValueError(f"not a message type: {typ!r:.80}")
        self._key = key
        self._typ = typ
        self._clock = clock
        self._max_length = max_length

    def sign(self, payload: bytes) -> str:
        """Returns the compact JWS over `payload`.

        Raises `InvalidKeyError` outside the key's validity, and `ValueError` for an empty payload or one that is too
        long.
        """
        if not self._key.validity.includes(self._clock()):
            raise InvalidKeyError(f"the key {self._key.kid} is not valid at this time")
        if not payload:
            raise ValueError("the payload is empty")
        signed = sign_compact(payload, self._key, self._typ)
        if len(signed) > self._max_length:
            raise ValueError(f"the message has {len(signed)} characters, the limit is {self._max_length}")
        return signed


def sign_compact(payload: bytes, key: SigningKey, typ: str) -> str:
    """Returns the compact JWS over `payload`, with exactly the header that verifiers accept."""
    return jws.sign(payload, key.es256, headers={"typ": typ, "kid": key.kid}, algorithm=SIGNATURE_ALGORITHM)
