"""Signs access tokens. An import contract allows only auth to import this module."""

from __future__ import annotations

import json
from typing import Final

from pulse_jose.claims import Claims, TokenRules, check_claims, write_claims
from pulse_jose.envelopes import sign_compact
from pulse_jose.errors import InvalidKeyError
from pulse_jose.keys import SigningKey
from pulse_jose.verifying import ACCESS_TOKEN_TYPE, MAX_TOKEN_LENGTH

_encode: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class TokenSigner:
    """Signs access tokens with one key. Every signed token is valid for a verifier with the same rules."""

    def __init__(self, key: SigningKey, rules: TokenRules) -> None:
        self._key = key
        self._rules = rules

    def sign(self, claims: Claims) -> str:
        """Returns the access token. The time of signing is `claims.iat`.

        Raises `TokenError` when the claims break the rules, `InvalidKeyError` outside the key's validity, and
        `ValueError` for a token that is too long.
        """
        check_claims(claims, self._rules, now=claims.iat)
        if not self._key.validity.includes(claims.iat):
            raise InvalidKeyError(f"the key {self._key.kid} is not valid at {claims.iat}")
        payload = _encode(write_claims(claims)).encode()
        token = sign_compact(payload, self._key, ACCESS_TOKEN_TYPE)
        if len(token) > MAX_TOKEN_LENGTH:
            raise ValueError(f"the token has {len(token)} characters, the limit is {MAX_TOKEN_LENGTH}")
        return token
